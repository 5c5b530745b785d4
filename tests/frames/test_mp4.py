"""Tests of the MP4 index."""

from __future__ import annotations

import pytest

from projectionist.errors import IndexUnusable
from projectionist.frames.mp4 import open_mp4


class Bytes:
    """A film in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size = len(content)

    def pread(self, offset: int, count: int) -> bytes:
        return self.content[offset : offset + count]


def test_bytes_that_are_no_mp4_are_refused() -> None:
    with pytest.raises(IndexUnusable, match="moov"):
        open_mp4(Bytes(b"not a film at all, just words"))
