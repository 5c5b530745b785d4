"""What an MP4 claims, looked at before libavformat believes it and takes memory and time for it."""

from __future__ import annotations

from collections.abc import Iterator

from projectionist.errors import FilmUndecodable
from projectionist.frames.index import ByteSource

_MOST_SAMPLES = 1 << 24
"""Three days at 60 frames a second."""

_MOST_BOXES = 256
_TO_TABLES = (b"mdia", b"minf", b"stbl")


def check_claims(source: ByteSource, name: str) -> None:
    """Refuse a track of more samples than any film has, each of which libavformat would keep in memory.

    Sound whose samples all last one tick (PCM) is kept by the chunk, and may have billions. Box sizes and fields
    are those of ISO/IEC 14496-12, sections 4.2, 8.6.1.2 and 8.7.3. Raises FilmUndecodable, and what `source` raises.
    """
    for kind, start, end in _boxes(source, 0, source.size):
        if kind != b"moov":
            continue
        for trak in _inside(source, (start, end), b"trak"):
            count = _sample_count(source, trak)
            if count > _MOST_SAMPLES and not _is_pcm(source, trak):
                raise FilmUndecodable(
                    f"{name} claims {count:,} frames in one track, more than any film has; copy or download it again."
                )


def _sample_count(source: ByteSource, trak: tuple[int, int]) -> int:
    tables = [trak]
    for kind in _TO_TABLES:
        tables = [box for table in tables for box in _inside(source, table, kind)]
    sizes = [box for table in tables for box in _inside(source, table, b"stsz")]
    return max((int.from_bytes(source.pread(start + 8, 4), "big") for start, _ in sizes), default=0)


def _is_pcm(source: ByteSource, trak: tuple[int, int]) -> bool:
    for mdia in _inside(source, trak, b"mdia"):
        handlers = [source.pread(start + 8, 4) for start, _ in _inside(source, mdia, b"hdlr")]
        if b"soun" not in handlers:
            return False
        tables = [box for minf in _inside(source, mdia, b"minf") for box in _inside(source, minf, b"stbl")]
        times = [
            source.pread(start + 4, 12) for table in tables for start, _ in _inside(source, table, b"stts")
        ]
        return all(row[:4] == b"\0\0\0\1" and row[8:] == b"\0\0\0\1" for row in times)
    return False


def _inside(source: ByteSource, parent: tuple[int, int], wanted: bytes) -> list[tuple[int, int]]:
    return [(start, end) for kind, start, end in _boxes(source, *parent) if kind == wanted]


def _boxes(source: ByteSource, at: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, payload start and end of each box from `at` on; ends where what stands there is no box."""
    for _ in range(_MOST_BOXES):
        header = source.pread(at, 16) if at + 8 <= stop else b""
        if len(header) < 8:
            return
        size, start = int.from_bytes(header[:4], "big"), at + 8
        if size == 1:
            size, start = int.from_bytes(header[8:16], "big"), at + 16
        elif size == 0:
            size = stop - at
        if at + size < start:
            return
        yield header[4:8], start, min(at + size, stop)
        at += size
