"""EBML, the element structure under Matroska and WebM (RFC 8794): headers, values, and windowed file reads."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from projectionist.errors import IndexUnusable, TrackUnusual
from projectionist.frames.index import ByteSource

VOID = 0xEC
CRC_32 = 0xBF
_PAGE = 4096
_LONGEST_HEADER = 12


class Element(NamedTuple):
    """One element: its identifier with the marker bits, where it and its data begin, its data's size in bytes.

    `size` is None where the writer left it unknown (RFC 8794 section 6.2).
    """

    identifier: int
    offset: int
    start: int
    size: int | None

    @property
    def end(self) -> int:
        """The offset after the data. Raises IndexUnusable where the size is unknown."""
        if self.size is None:
            raise unusable(f"the element {self.identifier:X} at byte {self.offset} has no size")
        return self.start + self.size


def unusable(reason: str) -> IndexUnusable:
    """The error for an index that cannot serve, `reason` being a clause without its full stop."""
    return IndexUnusable(f"The Matroska index cannot be used, since {reason}; read the film without it.")


def unusual(reason: str) -> TrackUnusual:
    """The error for a track that only libavformat reads, `reason` being a clause without its full stop."""
    return TrackUnusual(f"The Matroska index cannot be used, since {reason}; read the film without it.")


def vint(data: bytes, position: int) -> tuple[int, int]:
    """A variable-size integer without its marker bit, and its length in bytes (RFC 8794 section 4).

    Raises IndexUnusable for a length above 8 and for bytes that are missing.
    """
    first = data[position] if position < len(data) else 0
    length = 9 - first.bit_length()
    if length > 8 or position + length > len(data):
        raise unusable("a number in it is malformed or cut off")
    value = int.from_bytes(data[position : position + length], "big")
    return value & ((1 << 7 * length) - 1), length


def element_at(data: bytes, position: int, base: int = 0) -> Element:
    """The element whose header stands at `position`; offsets count from `base`. Raises IndexUnusable."""
    identifier, length = vint(data, position)
    if length > 4:
        raise unusable(f"no element begins at byte {base + position}")
    size, size_length = vint(data, position + length)
    start = position + length + size_length
    unknown = size == (1 << 7 * size_length) - 1
    marked = identifier | 1 << 7 * length
    return Element(marked, base + position, base + start, None if unknown else size)


def children(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Element]:
    """The elements side by side in data[start:end]. Raises IndexUnusable where one does not fit."""
    stop = len(data) if end is None else end
    while start < stop:
        element = element_at(data, start)
        if element.end > stop:
            raise unusable(f"the element {element.identifier:X} is larger than the one that holds it")
        yield element
        start = element.end


def unsigned(data: bytes, element: Element) -> int:
    """An unsigned integer of 0 to 8 bytes (RFC 8794 section 7.2). Raises IndexUnusable for more."""
    if element.end - element.start > 8:
        raise unusable(f"the number {element.identifier:X} has more than 8 bytes")
    return int.from_bytes(data[element.start : element.end], "big")


def real(data: bytes, element: Element) -> float:
    """A floating point number of 0, 4 or 8 bytes (RFC 8794 section 7.3). Raises IndexUnusable for others."""
    layout = {0: "", 4: ">f", 8: ">d"}.get(element.end - element.start)
    if layout is None:
        raise unusable(f"the number {element.identifier:X} has an impossible size")
    return float(struct.unpack(layout, data[element.start : element.end])[0]) if layout else 0.0


def text(data: bytes, element: Element) -> str:
    """A string up to its first zero byte (RFC 8794 sections 7.4 and 7.5); broken characters are replaced."""
    return data[element.start : element.end].split(b"\0", 1)[0].decode("utf-8", "replace")


class Window:
    """Small reads of a file through one held stretch of whole pages, so that neighbours cost no system call.

    Raises IndexUnusable after `reads` reads, or 64 times as many elements: what needs more is a search, not a
    look into an index.
    """

    def __init__(self, source: ByteSource, reads: int) -> None:
        self.size = source.size
        self._source = source
        self._reads_left = reads
        self._elements_left = 64 * reads
        self._offset = 0
        self._held = b""

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`; fewer only where the file ends."""
        if offset >= self.size:
            return b""
        end = min(offset + count, self.size)
        if offset < self._offset or end > self._offset + len(self._held):
            self._fetch(offset, end)
        return self._held[offset - self._offset : end - self._offset]

    def element(self, offset: int) -> Element:
        """The element at `offset` of the file. Raises IndexUnusable."""
        self._elements_left -= 1
        if self._elements_left < 0:
            raise _endless()
        return element_at(self.bytes_at(offset, _LONGEST_HEADER), 0, offset)

    def element_unless_cut(self, offset: int) -> Element | None:
        """The element at `offset`, or None where the file ends within its header. Raises IndexUnusable."""
        try:
            return self.element(offset)
        except IndexUnusable:
            if offset + _LONGEST_HEADER <= self.size:
                raise
            return None

    def whole(self, element: Element, most: int) -> bytes:
        """The data of `element`, `most` bytes at most, past the window. Raises IndexUnusable."""
        if element.end > self.size:
            raise unusable(f"the element {element.identifier:X} ends beyond the end of the file")
        if element.end - element.start > most:
            raise unusable(f"the element {element.identifier:X} claims more than {most} bytes")
        data = self._source.pread(element.start, element.end - element.start)
        if len(data) < element.end - element.start:
            raise unusable("the file became shorter while it was read")
        return data

    def _fetch(self, offset: int, end: int) -> None:
        self._reads_left -= 1
        if self._reads_left < 0:
            raise _endless()
        self._offset = offset - offset % _PAGE
        self._held = self._source.pread(self._offset, -(-end // _PAGE) * _PAGE - self._offset)


def _endless() -> IndexUnusable:
    return unusable("too many places have to be read to make sense of it")
