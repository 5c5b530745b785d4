"""Matroska files of a few hundred bytes, written element by element, so that each can lie in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

HEADER, DOC_TYPE = 0x1A45DFA3, 0x4282
SEGMENT, SEEK_HEAD, INFO, TRACKS, CLUSTER, CUES = (
    0x18538067,
    0x114D9B74,
    0x1549A966,
    0x1654AE6B,
    0x1F43B675,
    0x1C53BB6B,
)
TAGS, VOID = 0x1254C367, 0xEC


class FilmBytes:
    """A film in memory, counting what is read of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size = len(content)
        self.reads = 0
        self.bytes_read = 0

    def pread(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`."""
        if not 0 <= offset < 1 << 63:
            raise OverflowError("the kernel takes no such offset")
        part = self.content[offset : offset + count]
        self.reads += 1
        self.bytes_read += len(part)
        return part


def element(identifier: int, *parts: bytes, claims: int | None = None) -> bytes:
    """An element with an 8-byte size, which may be a lie; `claims=-1` leaves it unknown."""
    content = b"".join(parts)
    size = len(content) if claims is None else claims & (1 << 56) - 1
    return plain(identifier) + (size | 1 << 56).to_bytes(8, "big") + content


def number(identifier: int, value: int) -> bytes:
    """An element that is an unsigned integer."""
    return element(identifier, plain(value))


def plain(value: int) -> bytes:
    """An integer in as few bytes as it needs, one at least."""
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


@dataclass(frozen=True)
class Frame:
    """One block; its payload says when it is shown. The Cues name keyframes of track 1, and what is `cued`."""

    ticks: int
    key: bool = False
    track: int = 1
    grouped: bool = False
    flags: int = 0
    size: int = 20
    cued: bool = False

    @property
    def payload(self) -> bytes:
        """What the block holds."""
        return f"{self.track}@{self.ticks}".encode().ljust(self.size, b".")[: self.size]

    def written(self, base: int) -> bytes:
        """The SimpleBlock or BlockGroup in a cluster of time `base`."""
        when = (self.ticks - base).to_bytes(2, "big", signed=True)
        flags = self.flags | (0x80 if self.key and not self.grouped else 0)
        block = bytes((self.track | 0x80,)) + when + bytes((flags,)) + self.payload
        if not self.grouped:
            return element(0xA3, block)
        return element(0xA0, element(0xA1, block), b"" if self.key else number(0xFB, 1))


@dataclass(frozen=True)
class Cue:
    """One CuePoint; `cluster` and `relative` are counted as the Cues count them."""

    ticks: int
    cluster: int
    relative: int | None
    track: int = 1

    def written(self) -> bytes:
        """The CuePoint, of one length wherever the cluster is."""
        relative = b"" if self.relative is None else number(0xF0, self.relative)
        positions = element(
            0xB7, number(0xF7, self.track), element(0xF1, self.cluster.to_bytes(8, "big")), relative
        )
        return element(0xBB, number(0xB3, self.ticks), positions)


def track(*more: bytes, number_: int = 1, kind: int = 1, codec: bytes = b"V_TEST") -> bytes:
    """A TrackEntry."""
    return element(0xAE, number(0xD7, number_), number(0x83, kind), element(0x86, codec), *more)


def encoding(*parts: bytes) -> bytes:
    """ContentEncodings with one ContentEncoding."""
    return element(0x6D80, element(0x6240, *parts))


def seek(identifier: int, position: int) -> bytes:
    """One entry of a SeekHead, of one length for every position."""
    return element(0x4DBB, element(0x53AB, plain(identifier)), element(0x53AC, position.to_bytes(8, "big")))


def gop(start: int, count: int = 4, step: int = 40, grouped: bool = False) -> list[Frame]:
    """A keyframe and the frames up to the next."""
    return [Frame(start + step * place, key=not place, grouped=grouped) for place in range(count)]


SCENES = [gop(0), gop(160), gop(320)]


def film(
    clusters: Sequence[Sequence[Frame]] = SCENES,
    *,
    tracks: bytes | None = None,
    info: bytes = b"",
    relative: bool = True,
    lie: Callable[[list[Cue]], list[Cue]] = list,
    front: bool = False,
    unknown: bool = False,
    head: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """A film whose keyframes are all in the Cues, as `lie` leaves them.

    `front` puts the Cues before the clusters, `unknown` leaves the sizes of Segment and clusters out, `head`
    and `tail` stand before and after the clusters.
    """
    metadata = element(INFO, info) + element(TRACKS, track() if tracks is None else tracks)
    written = [_cluster(frames, unknown) for frames in clusters]
    media, first = b"".join(written), len(_seek_head(0)) + len(metadata) + len(head)

    def cues(first: int) -> bytes:
        return element(CUES, *(cue.written() for cue in lie(_cues(clusters, written, first, relative))))

    if front:
        index = cues(first + len(cues(0)))
        body = _seek_head(first) + metadata + head + index + media + tail
    else:
        body = _seek_head(first + len(media)) + metadata + head + media + cues(first) + tail
    header = element(HEADER, element(DOC_TYPE, b"matroska"))
    return header + element(SEGMENT, body, claims=-1 if unknown else None)


def _seek_head(cues: int) -> bytes:
    """Names the Cues only: what stands before the clusters is found without."""
    return element(SEEK_HEAD, seek(CUES, cues))


def _cluster(frames: Sequence[Frame], unknown: bool) -> bytes:
    base = frames[0].ticks
    blocks = (frame.written(base) for frame in frames)
    return element(CLUSTER, number(0xE7, base), *blocks, claims=-1 if unknown else None)


def _cues(
    clusters: Sequence[Sequence[Frame]], written: Sequence[bytes], first: int, relative: bool
) -> list[Cue]:
    cues = []
    for frames, content in zip(clusters, written, strict=True):
        place = len(number(0xE7, frames[0].ticks))
        for frame in frames:
            if frame.cued or (frame.key and frame.track == 1):
                cues.append(Cue(frame.ticks, first, place if relative else None))
            place += len(frame.written(frames[0].ticks))
        first += len(content)
    return cues
