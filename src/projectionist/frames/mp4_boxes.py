"""The boxes of an MP4 or QuickTime file: finding `moov` in the file, reading fields and tables inside it.

ISO/IEC 14496-12 section 4.2 (box header) and Apple's QuickTime File Format, "Atoms". Everything a box claims
is checked against the bytes that are there before anything is allocated.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from projectionist.errors import IndexUnusable
from projectionist.frames.index import ByteSource

MAX_MOOV = 128 << 20
"""The largest `moov` that is read, in bytes; a ten-hour film at 60 frames a second needs about 50 MB."""

MAX_ROWS = 6_000_000
"""The longest table that is read; a day at 60 frames a second has 5.2 million samples."""

_MAX_TOP_BOXES = 1024
_MAX_CHILDREN = 256


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its four-character kind and its payload."""

    kind: bytes
    payload: memoryview

    def children(self, at: int = 0) -> Iterator[Box]:
        """The boxes inside, from byte `at` of the payload; one that overhangs its parent is cut to it.

        Fewer than 8 bytes left over are padding (QuickTime ends some lists with a 32-bit zero).
        """
        for _ in range(_MAX_CHILDREN):
            if len(self.payload) - at < 8:
                return
            size, kind, header = self.uint(at, 4), bytes(self.payload[at + 4 : at + 8]), 8
            if size == 1:
                size, header = self.uint(at + 8, 8), 16
            elif size == 0:
                size = len(self.payload) - at
            if size < header:
                raise IndexUnusable(f"A box in the MP4 index claims {size} bytes, less than its own header.")
            yield Box(kind, self.payload[at + header : at + size])
            at += size
        raise IndexUnusable(f"The MP4 index has more than {_MAX_CHILDREN} boxes in one place; it is damaged.")

    def find(self, kind: bytes) -> Box | None:
        """The one box of this kind inside, or None. Raises IndexUnusable where there are two."""
        found = [child for child in self.children() if child.kind == kind]
        if len(found) > 1:
            raise IndexUnusable(f"The MP4 index has {len(found)} '{_text(kind)}' boxes where one belongs.")
        return found[0] if found else None

    def need(self, *path: bytes) -> Box:
        """The box at this path inside. Raises IndexUnusable where it is not there."""
        box = self
        for kind in path:
            found = box.find(kind)
            if found is None:
                raise IndexUnusable(f"The MP4 index lacks its '{_text(kind)}' box.")
            box = found
        return box

    def uint(self, at: int, count: int) -> int:
        """The unsigned big-endian number of `count` bytes at byte `at`. Raises IndexUnusable."""
        self._check(at, count)
        return int.from_bytes(self.payload[at : at + count], "big")

    def ints(self, at: int, layout: str) -> tuple[int, ...]:
        """The numbers of this `struct` layout (big-endian) at byte `at`. Raises IndexUnusable."""
        self._check(at, struct.calcsize(">" + layout))
        return struct.unpack_from(">" + layout, self.payload, at)

    def table(self, at: int, count: int, kind: str, columns: int = 1) -> npt.NDArray[Any]:
        """`count` rows of big-endian numbers at byte `at`, a view of shape (count,) or (count, columns).

        `kind` is a numpy type such as "u4". Raises IndexUnusable where the box is too short for them.
        """
        form = np.dtype(">" + kind)
        self._check(at, count * columns * form.itemsize)
        if count > MAX_ROWS:
            raise IndexUnusable(f"The MP4 index has a table of {count} rows; up to {MAX_ROWS} are read.")
        flat = np.frombuffer(self.payload, form, count * columns, at)
        return flat if columns == 1 else flat.reshape(count, columns)

    def _check(self, at: int, count: int) -> None:
        if at + count > len(self.payload):
            raise IndexUnusable(
                f"The '{_text(self.kind)}' box of the MP4 index has {len(self.payload)} bytes, "
                f"its content needs {at + count}."
            )


def read_moov(source: ByteSource) -> Box:
    """Find `moov` by the headers of the top-level boxes alone, and read it whole.

    Raises IndexUnusable: no `moov`, a cut or huge one, or a fragmented film (ISO/IEC 14496-12 section 8.8),
    whose index is spread over the file.
    """
    moov: tuple[int, int] | None = None
    for kind, start, end in _top_boxes(source):
        if kind == b"moof":
            raise IndexUnusable("The film is a fragmented MP4, which has no index in one place.")
        if kind == b"moov" and moov is None:
            moov = start, end
    if moov is None:
        raise IndexUnusable("The file has no 'moov' box, where an MP4 keeps its index.")
    start, end = moov
    if end > source.size:
        raise IndexUnusable("The MP4 index is cut off by the end of the file.")
    if end - start > MAX_MOOV:
        raise IndexUnusable(f"The MP4 index claims {end - start} bytes; more than {MAX_MOOV} are not read.")
    payload = source.pread(start, end - start)
    if len(payload) != end - start:
        raise IndexUnusable("The MP4 index could not be read whole; the file became shorter.")
    return Box(b"moov", memoryview(payload))


def _top_boxes(source: ByteSource) -> Iterator[tuple[bytes, int, int]]:
    """Kind, payload start and end of each top-level box; the last may claim to end beyond the file."""
    at = 0
    for _ in range(_MAX_TOP_BOXES):
        header = source.pread(at, 16) if at < source.size else b""
        if len(header) < 8:
            return
        size, kind, start = int.from_bytes(header[:4], "big"), header[4:8], at + 8
        if size == 1 and len(header) == 16:
            size, start = int.from_bytes(header[8:], "big"), at + 16
        elif size == 0:
            size = source.size - at
        if at + size < start:
            return  # no box: whatever follows the last one is not ours to judge
        yield kind, start, at + size
        at += size
    raise IndexUnusable(f"The file has more than {_MAX_TOP_BOXES} top-level boxes; it is damaged or no MP4.")


def _text(kind: bytes) -> str:
    return kind.decode("ascii", "backslashreplace")
