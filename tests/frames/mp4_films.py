"""MP4 films written box by box, so that every table can say what a test wants, true or not."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

Runs = Sequence[tuple[int, int]]

IDENTITY = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


class FilmBytes:
    """A film in memory, counting what is read of it."""

    def __init__(self, content: bytes, size: int | None = None) -> None:
        self.content = content
        self.size = len(content) if size is None else size
        self.reads = 0

    def pread(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`."""
        if offset >= 1 << 63:
            raise OverflowError("the kernel takes no such offset")
        self.reads += 1
        return self.content[offset : offset + count]


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box with a 32-bit size."""
    payload = b"".join(parts)
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def large_box(kind: bytes, *parts: bytes) -> bytes:
    """A box with a 64-bit size."""
    payload = b"".join(parts)
    return struct.pack(">I4sQ", 1, kind, len(payload) + 16) + payload


def full(kind: bytes, version: int, *parts: bytes) -> bytes:
    """A box that begins with a version and no flags."""
    return box(kind, bytes((version, 0, 0, 0)), *parts)


def table(kind: bytes, rows: Sequence[Sequence[int]], layout: str, version: int = 0) -> bytes:
    """A box of a count and rows, each packed by `layout`."""
    return full(
        kind, version, struct.pack(">I", len(rows)), *(struct.pack(">" + layout, *row) for row in rows)
    )


def visual_entry(kind: bytes = b"cvid", *inside: bytes, width: int = 64, height: int = 48) -> bytes:
    """A sample description of a video."""
    fixed = struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1)
    return box(kind, fixed, *inside)


def sound_entry() -> bytes:
    """A sample description of plain sound, one 16-bit channel."""
    return box(b"sowt", struct.pack(">6xH8xHHHHI", 1, 1, 16, 0, 0, 48000 << 16))


@dataclass
class Track:
    """What one track's tables say; the samples themselves are `size` bytes each, filled with their number."""

    sizes: Sequence[int] = (100,) * 8
    deltas: Runs = ((8, 10),)
    shifts: Runs | None = None
    keys: Sequence[int] | None = None
    per_chunk: int = 3
    edits: Sequence[tuple[int, int, int]] = ()
    scale: int = 240
    kind: bytes = b"vide"
    entries: Sequence[bytes] = field(default_factory=lambda: [visual_entry()])
    reference: bytes = field(default_factory=lambda: box(b"url ", bytes((0, 0, 0, 1))))
    matrix: tuple[int, ...] = IDENTITY
    replaced: dict[bytes, bytes] = field(default_factory=dict)
    extra: bytes = b""
    wide: bool = False

    def payload(self) -> bytes:
        """The samples, one after the other."""
        return b"".join(bytes((number % 251 + 1,)) * size for number, size in enumerate(self.sizes))

    def trak(self, number: int, at: int) -> bytes:
        """The `trak` box, for samples that begin at byte `at` of the film."""
        wide = int(self.wide)
        edits = [(duration, time, rate) for duration, time, rate in self.edits]
        edts = box(b"edts", table(b"elst", edits, "Qqi" if wide else "Iii", wide)) if edits else b""
        times = "QQ" if wide else "II"
        tkhd = full(
            b"tkhd",
            wide,
            struct.pack(">" + times, 0, 0),
            struct.pack(">I4x", number),
            struct.pack(">Q" if wide else ">I", 0),
            bytes(16),
            struct.pack(">9i", *self.matrix),
            bytes(8),
        )
        mdhd = full(
            b"mdhd",
            wide,
            struct.pack(">" + times + "I", 0, 0, self.scale),
            struct.pack(">Q4x" if wide else ">I4x", 0),
        )
        hdlr = full(b"hdlr", 0, bytes(4), self.kind, bytes(13))
        dinf = box(b"dinf", full(b"dref", 0, struct.pack(">I", 1), self.reference))
        minf = box(b"minf", dinf, self.stbl(at))
        return box(b"trak", tkhd, edts, box(b"mdia", mdhd, hdlr, minf))

    def stbl(self, at: int) -> bytes:
        """The sample tables."""
        starts = range(0, len(self.sizes), self.per_chunk)
        chunks = [(at + sum(self.sizes[:start]),) for start in starts]
        runs = [(1, self.per_chunk, 1)]
        if len(self.sizes) % self.per_chunk:
            last = (len(chunks), len(self.sizes) % self.per_chunk, 1)
            runs = [last] if len(chunks) == 1 else [*runs, last]
        boxes = {
            b"stsd": full(b"stsd", 0, struct.pack(">I", len(self.entries)), *self.entries),
            b"stts": table(b"stts", self.deltas, "II"),
            b"stsc": table(b"stsc", runs, "III"),
            b"stsz": full(b"stsz", 0, struct.pack(f">II{len(self.sizes)}I", 0, len(self.sizes), *self.sizes)),
            b"stco": table(b"co64", chunks, "Q") if self.wide else table(b"stco", chunks, "I"),
        }
        if self.shifts is not None:
            boxes[b"ctts"] = table(b"ctts", self.shifts, "Ii", 1)
        if self.keys is not None:
            boxes[b"stss"] = table(b"stss", [(key + 1,) for key in self.keys], "I")
        return box(b"stbl", *(boxes | self.replaced).values(), self.extra)


def film(*tracks: Track, movie_scale: int = 1000, inside: bytes = b"", front: bool = False) -> bytes:
    """A whole film: `inside` ends the `moov`; `front` puts `moov` before the samples."""

    def moov(at: int) -> bytes:
        boxes = []
        for number, track in enumerate(tracks, 1):
            boxes.append(track.trak(number, at))
            at += sum(track.sizes)
        mvhd = full(b"mvhd", 0, struct.pack(">IIII76x", 0, 0, movie_scale, 0)[:96])
        return box(b"moov", mvhd, *boxes, inside)

    ftyp = box(b"ftyp", b"isom", bytes(4), b"isom")
    mdat = box(b"mdat", *(track.payload() for track in tracks))
    if front:
        return ftyp + moov(len(ftyp) + len(moov(0)) + 8) + mdat
    return ftyp + mdat + moov(len(ftyp) + 8)


def write(path: Path, content: bytes) -> Path:
    """The bytes as a file, and its path."""
    path.write_bytes(content)
    return path
