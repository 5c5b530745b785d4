"""The keyframe index of Matroska and WebM files: their Cues, read by ourselves (RFC 9559)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from projectionist.errors import IndexUnusable
from projectionist.frames.ebml import Window, unusable
from projectionist.frames.index import ByteSource, Times
from projectionist.frames.matroska_clusters import (
    CUES,
    INFO,
    TRACKS,
    Block,
    blocks,
    cluster_at,
    cluster_ticks,
    is_keyframe,
    parse_block,
)
from projectionist.frames.matroska_cues import Cues, parse_cues
from projectionist.frames.matroska_segment import find_segment, parse_timestamp_scale
from projectionist.frames.matroska_times import container_start, last_frame
from projectionist.frames.matroska_tracks import Track, choose_video, packet_prefix, parse_tracks

_MOST_METADATA = 16 << 20  # of Info and Tracks: they hold codec set-up data, never pictures
_MOST_CUES = 64 << 20  # more than two million keyframes
_MOST_PAYLOAD = 64 << 20
_MOST_CUT_OFF = 64  # keyframes in the cluster that the end of the file cuts through
_MOST_READS = 8192
_MOST_READS_PER_KEYFRAME = 1024
_LONGEST_NS = 1 << 62
_CLOSE = 4096  # in most files a cluster's header and its keyframe's header lie within this
_UNCOVERED_NS = 30_000_000_000
_UNCOVERED_GAPS = 4
_PRORES_MARK = b"icpf"


@dataclass
class MatroskaIndex:
    """The keyframes that the Cues name; a muxer may leave some out, so the file can hold more.

    Keyframes beyond the end of a file that is cut off are left out too. `track_number` is what blocks carry,
    `codec_id` the Matroska name of the codec, `crop` the left, top, right and bottom coded pixels not to be
    shown, `interlaced` None where the file does not say.
    """

    times_ns: Times
    start_ns: int
    last_ns: int
    prefix: bytes
    truncated: bool
    track_number: int
    codec_id: str
    crop: tuple[int, int, int, int]
    interlaced: bool | None
    places: _Places
    method: str = "matroska-cues"

    def hint(self, number: int) -> tuple[int, int]:
        """Offset and byte count of the cluster's header, in most files also of the block's; reads nothing."""
        return self.places.cluster(number), _CLOSE

    def extent(self, number: int) -> tuple[int, int]:
        """Absolute offset and byte count of keyframe `number`'s payload, checked against what is there.

        Raises IndexUnusable where the Cues do not lead to this keyframe, or not to the whole of it.
        """
        return self.places.extent(number)


@dataclass(frozen=True)
class _Places:
    """Where the Cues say that the track's keyframes are; `start` is where the Segment's data begins."""

    source: ByteSource
    start: int
    track: int
    cues: Cues

    def cluster(self, number: int) -> int:
        return self.start + int(self.cues.clusters[number])

    def extent(self, number: int) -> tuple[int, int]:
        window = Window(self.source, _MOST_READS_PER_KEYFRAME)
        block = self._find(window, number)
        if block.track != self.track or abs(block.ticks - int(self.cues.ticks[number])) > 1:
            raise unusable(f"its Cues lead to another block at byte {block.start}")
        if block.is_laced:
            raise unusable(f"several frames share the block at byte {block.start}")
        if not is_keyframe(window, block):
            raise unusable(f"its Cues lead to a frame that is no keyframe at byte {block.start}")
        size = block.end - block.start
        if not 0 < size <= _MOST_PAYLOAD or block.end > self.source.size:
            raise unusable(f"the keyframe at byte {block.start} claims {size} bytes")
        return block.start, size

    def _find(self, window: Window, number: int) -> Block:
        """The block by its place; else by its time, since CueBlockNumber is counted differently by muxers.

        Some muxers round a cue's time and a block's time differently: one tick apart is the same time.
        """
        cluster = cluster_at(window, self.cluster(number))
        relative = int(self.cues.relatives[number])
        if relative >= 0:
            base = cluster_ticks(window, cluster)  # first, so that the window never turns back
            return parse_block(window, window.element(cluster.start + relative), base)
        ticks = int(self.cues.ticks[number])
        for block in blocks(window, cluster):
            if block.track == self.track and abs(block.ticks - ticks) <= 1 and is_keyframe(window, block):
                return block
        raise unusable(f"its Cues name a keyframe that the cluster at byte {cluster.offset} does not hold")


def open_matroska(source: ByteSource, *, video_ordinal: int = 0) -> MatroskaIndex:
    """The index of the video track `video_ordinal`, counted from 0 in the order of libavformat's video streams.

    Raises IndexUnusable for whatever is not a plain and honest index, FilmEncrypted for encrypted video, and
    what `source` raises. Reads a few hundred KB of a usual film, in some hundred places.
    """
    window = Window(source, _MOST_READS)
    segment = find_segment(window)
    scale = parse_timestamp_scale(window.whole(segment.find(window, INFO), _MOST_METADATA))
    tracks = parse_tracks(window.whole(segment.find(window, TRACKS), _MOST_METADATA))
    track = choose_video(tracks, video_ordinal)
    prefix = packet_prefix(track)
    named = parse_cues(window.whole(segment.find(window, CUES), _MOST_CUES), track.number)
    places = _within_file(_Places(source, segment.start, track.number, named), segment.stop)
    start_ns = container_start(window, segment.first_cluster, segment.stop, tracks, scale)
    last, cut = last_frame(window, places.cluster(-1), segment.stop, track.number)
    last = max(last, int(places.cues.ticks[-1]))
    delay = track.delay_ticks(scale)
    if (last + delay) * scale + abs(start_ns) > _LONGEST_NS:
        raise unusable("its times are impossible")
    index = MatroskaIndex(
        times_ns=(places.cues.ticks - delay) * scale - start_ns,
        start_ns=start_ns,
        last_ns=(last - delay) * scale - start_ns,
        prefix=_missing_header(places, track) + prefix,
        truncated=cut or segment.stop > source.size or len(places.cues.ticks) < len(named.ticks),
        track_number=track.number,
        codec_id=track.codec_id,
        crop=track.crop,
        interlaced=track.interlaced,
        places=places,
    )
    _check_coverage(index)
    return index


def _missing_header(places: _Places, track: Track) -> bytes:
    """What Matroska leaves out of ProRes frames: their size, which no decoder reads, and "icpf".

    Some muxers leave it in (libavformat/matroskadec.c, matroska_parse_prores).
    """
    if track.codec_id != "V_PRORES":
        return b""
    offset, _ = places.extent(-1)
    return b"" if places.source.pread(offset, 8)[4:] == _PRORES_MARK else bytes(4) + _PRORES_MARK


def _within_file(places: _Places, stop: int) -> _Places:
    """The places that the file really holds, the last one looked at. Raises IndexUnusable for none."""
    cues, size = places.cues, places.source.size
    held = places.start + cues.clusters + np.maximum(cues.relatives, 0) < size
    is_cut = stop > size or not held.all()
    places = _Places(places.source, places.start, places.track, cues.where(held))
    for _ in range(_MOST_CUT_OFF):
        if not len(places.cues.ticks):
            break
        try:
            places.extent(-1)
        except IndexUnusable:
            if not is_cut:
                raise
            places = _Places(places.source, places.start, places.track, places.cues.where(slice(-1)))
        else:
            return places
    raise unusable("all the keyframes that it names lie beyond the end of the file")


def _check_coverage(index: MatroskaIndex) -> None:
    """Refuse Cues that stop long before the film does: a recording or an edit that was broken off."""
    gap = float(np.median(np.diff(index.times_ns))) if len(index.times_ns) > 1 else 0.0
    uncovered = index.last_ns - int(index.times_ns[-1])
    if uncovered > max(_UNCOVERED_NS, _UNCOVERED_GAPS * gap):
        raise unusable(f"its Cues stop {uncovered // 10**9} seconds before the video does")
