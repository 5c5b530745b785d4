"""What came packed, unpacked piece by piece."""

from __future__ import annotations

import zlib

_GZIP = 31
"""What zlib calls a gzip stream with the largest window."""


class Unpacking:
    """A gzip stream, unpacked no further than there is room."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP)

    def more(self, chunk: bytes, room: int) -> bytes:
        """What `chunk` unpacks to, at most `room` bytes of it. Raises zlib.error where it is damaged."""
        return self._stream.decompress(chunk, room)

    @property
    def is_whole(self) -> bool:
        """Whether the end of the stream has come."""
        return self._stream.eof
