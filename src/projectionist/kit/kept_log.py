"""The log as it is kept to be looked at: a line of JSON for each event, in segments of which the oldest go.

Several processes write to the same folder. None renames anything: who finds that a segment is full begins the next
one, or goes on in the one that another has begun.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from projectionist.errors import TargetUnwritable
from projectionist.kit import files

SEGMENTS: Final = 5
"""How many are kept, the one that is written to among them."""
_NAME = re.compile(r"log-(\d{8})\.jsonl")


def segments(folder: Path) -> list[tuple[int, Path]]:
    """The segments there are, by number, the oldest first; none where there is no such folder."""
    with suppress(OSError):
        found = ((_NAME.fullmatch(one.name), Path(one.path)) for one in os.scandir(folder))
        return sorted((int(match[1]), path) for match, path in found if match)
    return []


class KeptLog(logging.StreamHandler["_Segments"]):
    """Writes to the newest segment below `folder`, which is made; together they hold about `most` bytes.

    That a line cannot be made or written is no failure of what logged it: standard error has it all the same.
    """

    terminator = ""

    def __init__(self, folder: Path, most: int) -> None:
        super().__init__(_Segments(folder, most))

    def close(self) -> None:
        """Give the file up."""
        self.acquire()
        try:
            self.stream.close()
        finally:
            self.release()
        super().close()


class _Segments:
    """What the log is written to."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._largest = max(most // SEGMENTS, 1)
        self._fd = -1

    def write(self, text: str) -> None:
        """Write a line, whole or not at all."""
        line = text.replace("\n", "\\n").encode("utf-8", "backslashreplace") + b"\n"
        with suppress(OSError, TargetUnwritable):
            if self._is_over(len(line)):
                self._go_on(len(line))
            os.write(self._fd, line)

    def close(self) -> None:
        """Give the file up."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _is_over(self, length: int) -> bool:
        if self._fd < 0:
            return True
        found = os.fstat(self._fd)
        return found.st_nlink == 0 or found.st_size + length > self._largest

    def _go_on(self, length: int) -> None:
        """Open the newest segment, or the next where that is full. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        newest, path = next(reversed(segments(self._folder)), (0, None))
        if path is None or path.stat().st_size + length > self._largest:
            newest += 1
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        fd = os.open(self._folder / f"log-{newest:08}.jsonl", flags, 0o600)
        self.close()
        self._fd = fd
        for number, old in segments(self._folder):
            if number <= newest - SEGMENTS:
                files.remove_file(old, within=self._folder)


def lines_backwards(
    folder: Path, before: tuple[int, int] | None = None
) -> Iterator[tuple[tuple[int, int], bytes]]:
    """The lines of all segments, the newest first, each with its place: the segment, and where in it it begins.

    `before` is the place before which to begin. What is being removed or cannot be read ends them.
    """
    for number, path in reversed(segments(folder)):
        if before is not None and number > before[0]:
            continue
        end = before[1] if before is not None and number == before[0] else None
        with suppress(OSError):
            yield from (((number, start), line) for start, line in _backwards(path, end))


def _backwards(path: Path, end: int | None, block: int = 65536) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        at = size if end is None else min(end, size)
        rest = b""
        while at > 0:
            length = min(block, at)
            at -= length
            file.seek(at)
            rest = file.read(length) + rest
            first, *lines = rest.split(b"\n")
            start = at + len(rest)
            for line in reversed(lines):
                start -= len(line)
                if line:
                    yield start, line
                start -= 1
            rest = first
        if rest:
            yield 0, rest
