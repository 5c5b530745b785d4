"""When a Matroska film begins and ends, from the blocks of its first and its last clusters."""

from __future__ import annotations

import math
from collections.abc import Iterator

from projectionist.frames.ebml import Window
from projectionist.frames.matroska_clusters import Block, blocks, clusters
from projectionist.frames.matroska_tracks import Track

_SECOND = 1_000_000_000
_MOST_FIRST_BLOCKS = 2048
_REORDERED = 32
"""More frames than any codec holds back for reordering (16 in H.264, HEVC and VVC)."""


def container_start(window: Window, first_cluster: int, stop: int, tracks: list[Track], scale: int) -> int:
    """Where the player's timeline begins, in nanoseconds of the file's own: what libavformat calls start_time.

    The earliest first block of the picture and sound tracks; or of a subtitle track where that is up to a second
    earlier (libavformat/demux.c, update_stream_timings). 0 where no block is found. Raises IndexUnusable.
    """
    firsts = _first_blocks(window, first_cluster, stop, tracks, scale)
    starts = [
        firsts[track.number] for track in tracks if track.number in firsts and track.is_picture_or_sound
    ]
    texts = [
        firsts[track.number] for track in tracks if track.number in firsts and not track.is_picture_or_sound
    ]
    start = min(starts or texts, default=0)
    text = min(texts, default=start)
    return text if 0 < start - text < _SECOND else start


def last_frame(window: Window, cluster: int, stop: int, track: int) -> tuple[int, bool]:
    """The latest presentation time of the track, in ticks, at or after `cluster`; and whether the file is cut off.

    Hops to the last clusters by their sizes, then looks through as many of them as reordered frames can be
    spread over. The time is -1 where no frame is found whole. Raises IndexUnusable.
    """
    hopped = list(clusters(window, cluster, stop))
    latest, seen = -1, 0
    for element in reversed(hopped):
        ticks = [block.ticks for block in blocks(window, element) if block.track == track]
        latest = max([latest, *ticks])
        seen += len(ticks)
        if seen > _REORDERED:
            break
    return latest, any(element.size is not None and element.end > window.size for element in hopped)


def _first_blocks(window: Window, cluster: int, stop: int, tracks: list[Track], scale: int) -> dict[int, int]:
    """The time of every track's first block in nanoseconds, by track number.

    Picture and sound tracks that begin more than a second after the first of them may be missing.
    """
    delays = {track.number: track.delay_ticks(scale) for track in tracks}
    awaited = {track.number for track in tracks if track.is_picture_or_sound}
    settled = math.inf
    firsts: dict[int, int] = {}
    for looked_at, block in enumerate(_all_blocks(window, cluster, stop)):
        if block.track in delays and block.track not in firsts:
            firsts[block.track] = (block.ticks - delays[block.track]) * scale
        if block.track in awaited:
            awaited.discard(block.track)
            settled = min(settled, firsts[block.track] + _SECOND)
        if not awaited or block.ticks * scale > settled or looked_at == _MOST_FIRST_BLOCKS:
            break
    return firsts


def _all_blocks(window: Window, cluster: int, stop: int) -> Iterator[Block]:
    for element in clusters(window, cluster, stop):
        yield from blocks(window, element)
