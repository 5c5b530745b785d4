"""What a server says of the range of a file that it sends: `Content-Range`, RFC 9110, section 14.4."""

from __future__ import annotations

import re

_EXTENT = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
"""First and last byte, and how many there are in all."""


def range_header(start: int, length: int) -> str:
    """How `length` bytes from `start` on are asked for."""
    return f"bytes={start}-{start + length - 1}"


def is_range(content_range: str, start: int, length: int, came: int) -> bool:
    """Whether `came` bytes are the `length` from `start` on, as far as the file goes, by what was said of them."""
    found = _EXTENT.fullmatch(content_range)
    if found is None:
        return False
    first, last = int(found[1]), int(found[2])
    end = start + length - 1 if found[3] == "*" else min(start + length, int(found[3])) - 1
    return (first, last, came) == (start, end, end - start + 1)
