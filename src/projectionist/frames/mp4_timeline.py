"""Edit lists of MP4: from the ticks of a track to the timeline that a player shows.

ISO/IEC 14496-12 section 8.6.6. Where an edit begins between frames, the choices of libavformat's mov.c
(mov_fix_index) are followed, so that a film has the same timeline whichever way it is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from projectionist.errors import IndexUnusable
from projectionist.frames.mp4_boxes import Box
from projectionist.frames.mp4_tables import Flags, Int64s, Samples, composition_shifts, sample_count

_SECOND_NS = 1_000_000_000
_MAX_SECONDS = 1_000_000_000
"""Later times (30 years) are no film's; nanoseconds of it fit 64 bits."""

_EMPTY = -1
_MAX_EDITS = 1000
_RATE_1 = 1 << 16
_PRIMARY = (b"vide", b"soun")
_TEXT_REACH_NS = _SECOND_NS
"""libavformat lets data and text tracks set the container's start where they begin less than this earlier."""


_Row = tuple[int, ...]


@dataclass(frozen=True)
class Edits:
    """The edit list of a track: `empty` ticks of nothing, then the media from tick `begin` up to tick `end`.

    `end` is None where nothing is cut off.
    """

    empty: int
    begin: int
    end: int | None


def time_scale(header: Box) -> int:
    """Ticks per second from `mvhd` or `mdhd`. Raises IndexUnusable where it is 0."""
    scale = header.uint(20 if header.uint(0, 1) == 1 else 12, 4)
    if not scale:
        raise IndexUnusable(f"The MP4 index has a time scale of 0 ('{header.kind.decode('ascii')}').")
    return scale


def read_edits(trak: Box, scale: int, movie_scale: int) -> Edits | None:
    """The track's edit list, or None where it has none.

    Raises IndexUnusable for more than leading empty edits and one piece of the media at its own speed.
    """
    rows = _edit_rows(trak)
    if not rows:
        return None
    empties = list(takewhile(_is_empty, rows))
    empty = _total(empties, scale, movie_scale)
    rows = rows[len(empties) :]
    if len(rows) != 1 or rows[0][1] < 0 or rows[0][2] != _RATE_1:
        raise IndexUnusable("The MP4 index has an edit list that rearranges the film ('elst').")
    duration, begin, _ = rows[0]
    return Edits(empty, begin, begin + _total(rows, scale, movie_scale) if duration else None)


def place(samples: Samples, edits: Edits | None) -> tuple[Int64s, Flags]:
    """Times of the samples on the track's timeline in ticks, and which are presented; both shape (n,)."""
    if edits is None:
        return samples.present, np.ones(len(samples.present), np.bool_)
    shown = samples.present >= edits.begin
    if edits.end is not None:
        shown &= samples.present < edits.end
    shown[: _entry(samples, edits.begin)] = False
    if not shown.any():
        raise IndexUnusable("The MP4 index has an edit list that shows no frame ('elst').")
    origin = int(samples.present[shown].min())
    if int(samples.decode[np.argmax(shown)]) > origin:
        raise IndexUnusable("The MP4 index has an edit list that begins amid reordered frames ('elst').")
    return samples.present - origin + edits.empty, shown


def film_start_ns(moov: Box) -> int:
    """Where the film begins, in nanoseconds: the earliest start of an audio or video track.

    A data or text track counts only where it begins less than a second before (update_stream_timings of
    libavformat's demux.c). Raises IndexUnusable where such a track has no edit list: libavformat then counts
    it or not, depending on how far it happened to read on opening.
    """
    movie_scale = time_scale(moov.need(b"mvhd"))
    tracks = [(trak, _track_start_ns(trak, movie_scale)) for trak in moov.children() if trak.kind == b"trak"]
    starts = [(trak, start) for trak, start in tracks if start is not None]
    first = min((start for trak, start in starts if handler(trak) in _PRIMARY), default=0)
    before = [(trak, start) for trak, start in starts if handler(trak) not in _PRIMARY and start < first]
    if any(not _edit_rows(trak) for trak, _ in before):
        raise IndexUnusable("The MP4 index leaves open where the film begins: a text track has no edit list.")
    text = min((start for _, start in before), default=first)
    return text if first - text < _TEXT_REACH_NS else first


def handler(trak: Box) -> bytes:
    """The kind of media in the track (`hdlr`), such as b"vide" or b"soun"; empty where it says nothing."""
    mdia = trak.find(b"mdia")
    hdlr = mdia.find(b"hdlr") if mdia else None
    return bytes(hdlr.payload[8:12]) if hdlr else b""


def nanoseconds(ticks: Int64s, scale: int) -> Int64s:
    """Ticks to nanoseconds, rounded. Raises IndexUnusable for times that no film has."""
    seconds: Int64s
    rest: Int64s
    seconds, rest = np.divmod(ticks, scale)
    if len(ticks) and max(abs(int(seconds.min())), abs(int(seconds.max()))) > _MAX_SECONDS:
        raise IndexUnusable("The MP4 index gives times of more than 30 years ('stts').")
    rounded: Int64s = seconds * _SECOND_NS + (rest * _SECOND_NS + scale // 2) // scale
    return rounded


def _is_empty(row: _Row) -> bool:
    return row[1] == _EMPTY


def _edit_rows(trak: Box) -> list[_Row]:
    """Duration in ticks of the movie, media time in ticks of the track, and rate (16.16) of each edit."""
    edts = trak.find(b"edts")
    elst = edts.find(b"elst") if edts else None
    if elst is None:
        return []
    layout, size = ("Qqi", 20) if elst.uint(0, 1) == 1 else ("Iii", 12)
    count = elst.uint(4, 4)
    elst.table(8, count, "u1", size)  # they are all there
    if count > _MAX_EDITS:
        raise IndexUnusable(
            f"The MP4 index has an edit list of {count} entries, more than any film ('elst')."
        )
    return [elst.ints(8 + size * number, layout) for number in range(count)]


def _entry(samples: Samples, begin: int) -> int:
    """Where decoding for an edit begins: the last keyframe shown at or before it, else the first sample."""
    before = samples.key & (samples.present <= begin) & (samples.decode <= begin)
    return len(before) - 1 - int(np.argmax(before[::-1])) if before.any() else 0


def _track_start_ns(trak: Box, movie_scale: int) -> int | None:
    mdia = trak.need(b"mdia")
    scale = time_scale(mdia.need(b"mdhd"))
    stbl = mdia.need(b"minf", b"stbl")
    if not sample_count(stbl):
        return None
    rows = _edit_rows(trak)
    if rows:
        ticks = _total(takewhile(_is_empty, rows), scale, movie_scale)
    else:
        shifts = composition_shifts(stbl, 1)
        ticks = 0 if shifts is None else int(shifts[0])
    return int(nanoseconds(np.array([ticks], np.int64), scale)[0])


def _total(rows: Iterable[_Row], scale: int, movie_scale: int) -> int:
    """How long these edits last in ticks of the track; each rounded by itself, as libavformat does."""
    ticks = sum((row[0] * scale + movie_scale // 2) // movie_scale for row in rows)
    if ticks >= 1 << 62:
        raise IndexUnusable("The MP4 index has an edit list longer than any film ('elst').")
    return ticks
