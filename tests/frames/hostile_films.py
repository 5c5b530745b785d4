"""Films that lie: each built from an honest one by changing what its container claims."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

Lie = Callable[[bytes], bytes]

_CLUSTER = bytes.fromhex("1f43b675")
_CUES = bytes.fromhex("1c53bb6b")
_UNKNOWN_SIZE = bytes.fromhex("01ffffffffffffff")


def field(kind: bytes, at: int, layout: str, *values: int) -> Lie:
    """Overwrite what stands `at` bytes behind the name of the first MP4 box of this kind."""

    def lie(film: bytes) -> bytes:
        return _put(film, film.index(kind) + 4 + at, struct.pack(">" + layout, *values))

    return lie


def table(kind: bytes, first: int, step: int, change: Callable[[int], int], skip: int = 0) -> Lie:
    """Change every 32-bit number of an MP4 table whose count stands 4 bytes before `first`."""

    def lie(film: bytes) -> bytes:
        at = film.index(kind) + 4
        (count,) = struct.unpack_from(">I", film, at + first - 4)
        for row in range(skip, count):
            place = at + first + row * step
            (value,) = struct.unpack_from(">I", film, place)
            film = _put(film, place, struct.pack(">I", change(value) & 0xFFFFFFFF))
        return film

    return lie


def box(kind: bytes, *parts: bytes) -> bytes:
    """An MP4 box."""
    payload = b"".join(parts)
    return struct.pack(">I", 8 + len(payload)) + kind + payload


def swapped(old: bytes, new: bytes) -> Lie:
    """Replace the first occurrence by as many other bytes."""
    assert len(old) == len(new)

    def lie(film: bytes) -> bytes:
        assert old in film
        return film.replace(old, new, 1)

    return lie


def moov_in_moov(film: bytes) -> bytes:
    """The index of an MP4 within another one."""
    at = film.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", film, at)
    return film[:at] + box(b"moov", film[at : at + size]) + film[at + size :]


def deep(kind: bytes, depth: int = 20_000) -> Lie:
    """An MP4 of nothing but boxes within boxes."""

    def lie(film: bytes) -> bytes:
        sizes = range(8 * depth, 0, -8)
        nested = b"".join(struct.pack(">I", size) + kind for size in sizes)
        return box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", nested)

    return lie


def many(kind: bytes, count: int = 200_000) -> Lie:
    """An MP4 of very many empty boxes."""
    return lambda film: box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", box(kind) * count)


def a_million_samples(film: bytes) -> bytes:
    """The tables of an MP4 stretched to a million frames of one byte, all keyframes."""
    count, at = 1_000_000, film.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", film, at)
    moov = film[at : at + size]
    for kind, payload in (
        (b"stts", struct.pack(">IIII", 0, 1, count, 512)),
        (b"stsz", struct.pack(">III", 0, 0, count) + struct.pack(">I", 1) * count),
        (b"stss", struct.pack(">II", 0, count) + b"".join(map(_U32.pack, range(1, count + 1)))),
        (b"stsc", struct.pack(">IIIII", 0, 1, 1, count, 1)),
    ):
        moov = _with_box(moov, kind, payload)
    return film[:at] + moov + film[at + size :]


_U32 = struct.Struct(">I")
_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def _with_box(moov: bytes, kind: bytes, payload: bytes) -> bytes:
    """`moov` with one table of its first track replaced, and the sizes of all around it put right."""
    at = moov.index(kind) - 4
    (old,) = _U32.unpack_from(moov, at)
    grown = len(payload) + 8 - old
    moov = moov[:at] + box(kind, payload) + moov[at + old :]
    for parent in _PARENTS:
        place = moov.index(parent) - 4
        moov = _put(moov, place, _U32.pack(_U32.unpack_from(moov, place)[0] + grown))
    return moov


def cluster_times(change: Callable[[int, int], int]) -> Lie:
    """Change the times of a Matroska film's clusters, given their rank and time."""

    def lie(film: bytes) -> bytes:
        for rank, found in enumerate(re.finditer(_CLUSTER, film)):
            at = film.index(b"\xe7", found.end())
            width = film[at + 1] & 0x7F
            time = change(rank, int.from_bytes(film[at + 2 : at + 2 + width], "big"))
            film = _put(film, at + 2, (time % (1 << 8 * width)).to_bytes(width, "big"))
        return film

    return lie


def without_cues(film: bytes) -> bytes:
    """A Matroska film with its Cues made unknown to all."""
    at = film.rindex(_CUES)
    return _put(film, at, bytes.fromhex("1c53bb6c"))


def shifted_cues(by: int) -> Lie:
    """Cues whose clusters all lie some bytes further on."""

    def lie(film: bytes) -> bytes:
        cues = film.rindex(_CUES)
        for found in re.finditer(rb"\xf1([\x82\x83])", film[cues:]):
            at, width = cues + found.end(), found.group(1)[0] & 0x7F
            place = int.from_bytes(film[at : at + width], "big") + by
            film = _put(film, at, (place % (1 << 8 * width)).to_bytes(width, "big"))
        return film

    return lie


def huge_block(film: bytes) -> bytes:
    """A block in the middle of a Matroska film that claims 2^40 bytes."""
    middle = [found.end() for found in re.finditer(_CLUSTER, film)][2]
    at = film.index(b"\xa3", middle + 8)
    return _put(film, at, b"\xa3\x01\x00\x01\x00\x00\x00\x00\x00")


def tiny_clusters(film: bytes) -> bytes:
    """A Matroska film with a million empty clusters in it, and no Cues."""
    second = [found.start() for found in re.finditer(_CLUSTER, film)][1]
    tiny = _CLUSTER + bytes.fromhex("83e78100")
    return film[:second] + tiny * 1_000_000 + film[second : film.rindex(_CUES)]


def recursive(element: str) -> Lie:
    """A Matroska film whose first cluster is elements of unknown size within each other."""

    def lie(film: bytes) -> bytes:
        return film[: film.index(_CLUSTER)] + (bytes.fromhex(element) + _UNKNOWN_SIZE) * 100_000

    return lie


def _put(film: bytes, at: int, content: bytes) -> bytes:
    return film[:at] + content + film[at + len(content) :]
