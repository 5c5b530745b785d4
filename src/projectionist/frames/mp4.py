"""MP4 and QuickTime: the keyframes of a film from its sample tables, without reading a single frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from projectionist.errors import IndexUnusable
from projectionist.frames.index import ByteSource, Times
from projectionist.frames.mp4_boxes import Box, read_moov
from projectionist.frames.mp4_entry import (
    Crop,
    check_data_is_here,
    read_crop,
    read_entry,
    read_matrix,
    sample_kind,
)
from projectionist.frames.mp4_tables import Int64s, Samples, read_samples
from projectionist.frames.mp4_timeline import (
    film_start_ns,
    handler,
    nanoseconds,
    place,
    read_edits,
    time_scale,
)

_VIDEO_KINDS = frozenset(
    (
        b"avc1",
        b"avc3",
        b"hvc1",
        b"hev1",
        b"dvh1",
        b"dvhe",
        b"av01",
        b"vp09",
        b"vvc1",
        b"mp4v",
        b"jpeg",
        b"png ",
    )
)
"""What auxiliary tracks (alpha, depth, still pictures) hold under handlers of their own."""

MAX_PACKET = 64 << 20
"""The largest keyframe that is read, in bytes."""


@dataclass(frozen=True)
class Mp4Index:
    """The keyframes of one video track of an MP4 or QuickTime film; a KeyframeIndex.

    `crop` are the left, top, right and bottom margins in coded pixels that the container hides (`clap`).
    `matrix` is the track's transformation (`tkhd`, nine fixed-point numbers), None where it is the identity.
    """

    times_ns: Times
    start_ns: int
    last_ns: int
    truncated: bool
    offsets: Int64s
    sizes: Int64s
    crop: Crop = (0, 0, 0, 0)
    matrix: tuple[int, ...] | None = None
    method: str = "mp4-index"
    prefix: bytes = b""

    def hint(self, number: int) -> tuple[int, int]:
        """Offset and byte count worth fetching ahead: those of the keyframe itself."""
        return int(self.offsets[number]), int(self.sizes[number])

    def extent(self, number: int) -> tuple[int, int]:
        """Absolute offset and byte count of keyframe `number`'s payload. Raises IndexUnusable."""
        offset, size = self.hint(number)
        if size > MAX_PACKET:
            raise IndexUnusable(f"The MP4 index claims a frame of {size} bytes, more than {MAX_PACKET}.")
        return offset, size


def open_mp4(source: ByteSource, *, video_ordinal: int = 0) -> Mp4Index:
    """Read the index of the `video_ordinal`-th video track, counted as libavformat counts video streams.

    Frames that an edit list hides are not listed; a film that is cut short lists what is there. Raises
    IndexUnusable for whatever is not handled here (fragmented films, compressed or damaged indexes, edit
    lists that rearrange the film, several kinds of video in one track, data in other files), FilmEncrypted,
    and whatever `source` raises.
    """
    moov = read_moov(source)
    if moov.find(b"cmov"):
        raise IndexUnusable("The MP4 index is compressed ('cmov').")
    if moov.find(b"mvex"):
        raise IndexUnusable("The film is a fragmented MP4, which has no index in one place.")
    trak = _video_track(moov, video_ordinal)
    minf = trak.need(b"mdia", b"minf")
    check_data_is_here(minf)
    stbl = minf.need(b"stbl")
    entry = read_entry(stbl, str(getattr(source, "path", "The film")))
    samples = read_samples(stbl)
    scale = time_scale(trak.need(b"mdia", b"mdhd"))
    edits = read_edits(trak, scale, time_scale(moov.need(b"mvhd")))
    ticks, shown = place(samples, edits)
    here = (samples.sizes > 0) & (samples.offsets + samples.sizes <= source.size)
    shown &= here
    keys = np.flatnonzero(shown & samples.key)
    if not len(keys):
        raise IndexUnusable("The MP4 index names no keyframe that is shown and lies in the file.")
    start = film_start_ns(moov)
    times, firsts = np.unique(nanoseconds(ticks[keys], scale) - start, return_index=True)
    keys = keys[firsts]
    return Mp4Index(
        times_ns=times,
        start_ns=start,
        last_ns=int(nanoseconds(ticks[shown].max(keepdims=True), scale)[0]) - start,
        truncated=_reaches_beyond(samples, source.size),
        offsets=samples.offsets[keys],
        sizes=samples.sizes[keys],
        crop=read_crop(entry),
        matrix=read_matrix(trak),
    )


def _is_video(trak: Box) -> bool:
    """Whether libavformat makes a video stream of the track: by handler, else by the kind of its samples."""
    kind = handler(trak)
    return kind == b"vide" or (kind != b"soun" and sample_kind(trak) in _VIDEO_KINDS)


def _reaches_beyond(samples: Samples, size: int) -> bool:
    return bool(np.any(samples.offsets + samples.sizes > size))


def _video_track(moov: Box, ordinal: int) -> Box:
    """The `ordinal`-th video track. libavformat makes a stream of every `trak`, in the order of the file.

    It makes one of every cover picture, too, where it meets it: nearly always behind the tracks.
    """
    videos = 0
    for box in moov.children():
        if box.kind == b"trak" and _is_video(box):
            if videos == ordinal:
                return box
            videos += 1
        elif box.kind in (b"udta", b"meta") and b"covr" in bytes(box.payload):
            raise IndexUnusable(
                "The MP4 index has a cover picture before its video, which shifts its number."
            )
    raise IndexUnusable(f"The MP4 index has {videos} video tracks, not one of number {ordinal}.")
