"""The sample tables of one MP4 track: when each sample is shown, where its bytes are, which are keyframes.

ISO/IEC 14496-12 section 8 (`stts`, `ctts`, `stss`, `stsc`, `stsz`, `stz2`, `stco`, `co64`, `sbgp`) and
Apple's QuickTime File Format (`stps`). Where both leave room, libavformat's mov.c decides, so that a film has
the same timeline whichever way it is read. Tables are expanded with numpy: a million samples take tens of
milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from projectionist.errors import IndexUnusable
from projectionist.frames.mp4_boxes import MAX_ROWS, Box

_MAX_DELTA = 1 << 31
_MAX_SHIFT = 1 << 28
"""libavformat drops a `ctts` with larger entries (mov_read_ctts)."""

Int64s = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """The samples of a track in decode order; every array has shape (n,).

    `decode` and `present` are times in ticks of the track, before any edit list; `offsets` are absolute, in
    bytes.
    """

    decode: Int64s
    present: Int64s
    offsets: Int64s
    sizes: Int64s
    key: Flags


def sample_count(stbl: Box) -> int:
    """How many samples the track has (`stsz` or `stz2`); 0 where it has no such table."""
    box = stbl.find(b"stsz") or stbl.find(b"stz2")
    return 0 if box is None else box.uint(8, 4)


def read_samples(stbl: Box) -> Samples:
    """Expand the tables of `stbl`. Raises IndexUnusable where they are absent, contradictory or too large."""
    count = sample_count(stbl)
    if not 0 < count <= MAX_ROWS:
        raise IndexUnusable(f"The MP4 index names {count} video samples; 1 to {MAX_ROWS} can be read.")
    sizes = _sizes(stbl, count)
    offsets = _offsets(stbl, sizes)
    key = _keyframes(stbl, count)
    decode = _decode_times(stbl.need(b"stts"), count)
    shifts = composition_shifts(stbl, count)
    return Samples(decode, decode if shifts is None else decode + shifts, offsets, sizes, key)


def descriptions_used(stbl: Box) -> list[int]:
    """The sample descriptions (1-based places in `stsd`) that the chunks of the track use."""
    return [int(number) for number in np.unique(_chunk_runs(stbl)[:, 2])]


def composition_shifts(stbl: Box, count: int) -> Int64s | None:
    """Presentation minus decode time of the first `count` samples in ticks, or None where there is no `ctts`.

    Read as signed whatever the version says, as libavformat does: QuickTime has no version 1.
    """
    box = stbl.find(b"ctts")
    if box is None:
        return None
    counts = box.table(8, box.uint(4, 4), "u4", 2)[:, 0]
    shifts = box.table(8, box.uint(4, 4), "i4", 2)[:, 1]
    if len(shifts) and (shifts.min() < -_MAX_SHIFT or shifts.max() > _MAX_SHIFT):
        raise IndexUnusable("The MP4 index has composition offsets beyond reason ('ctts').")
    return _expand(counts, shifts, count, rest=0)


def _decode_times(stts: Box, count: int) -> Int64s:
    rows = stts.table(8, stts.uint(4, 4), "u4", 2)
    if not len(rows):
        raise IndexUnusable("The MP4 index gives no sample durations ('stts').")
    if np.any(rows[:, 1] >= _MAX_DELTA):
        raise IndexUnusable("The MP4 index has negative sample durations ('stts').")
    times = np.empty(count, np.int64)
    times[0] = 0
    np.cumsum(_expand(rows[:, 0], rows[:, 1], count, rest=int(rows[-1, 1]))[:-1], out=times[1:])
    return times


def _sizes(stbl: Box, count: int) -> Int64s:
    box = stbl.find(b"stsz")
    if box is None:
        return _compact_sizes(stbl.need(b"stz2"), count)
    constant = box.uint(4, 4)
    if constant:
        return np.full(count, constant, np.int64)
    return box.table(12, count, "u4").astype(np.int64)


def _compact_sizes(stz2: Box, count: int) -> Int64s:
    bits = stz2.uint(7, 1)
    if bits == 4:
        pairs = stz2.table(12, (count + 1) // 2, "u1")
        return np.stack([pairs >> 4, pairs & 15], axis=1).reshape(-1)[:count].astype(np.int64)
    if bits in (8, 16):
        return stz2.table(12, count, f"u{bits // 8}").astype(np.int64)
    raise IndexUnusable(f"The MP4 index has sample sizes of {bits} bits ('stz2'); 4, 8 and 16 are defined.")


def _chunk_runs(stbl: Box) -> npt.NDArray[np.uint32]:
    """`stsc`: rows of first chunk (1-based), samples per chunk, sample description; shape (runs, 3)."""
    stsc = stbl.need(b"stsc")
    rows = stsc.table(8, stsc.uint(4, 4), "u4", 3)
    if not len(rows) or rows[0, 0] != 1 or np.any(rows[1:, 0] <= rows[:-1, 0]):
        raise IndexUnusable("The MP4 index lists its chunks in no sensible order ('stsc').")
    return rows


def _offsets(stbl: Box, sizes: Int64s) -> Int64s:
    chunks = _chunk_offsets(stbl)
    runs = _chunk_runs(stbl)
    if runs[-1, 0] > len(chunks):
        raise IndexUnusable("The MP4 index describes chunks that it does not place ('stsc' and 'stco').")
    lengths = np.diff(np.append(runs[:, 0].astype(np.int64), len(chunks) + 1))
    if int((lengths * runs[:, 1]).sum()) != len(sizes):
        raise IndexUnusable("The MP4 index contradicts itself about its sample count ('stsc' and 'stsz').")
    per_chunk = np.repeat(runs[:, 1].astype(np.int64), lengths)
    ends = np.cumsum(sizes)
    befores = ends - sizes
    firsts = np.minimum(np.cumsum(per_chunk) - per_chunk, len(sizes) - 1)
    befores += np.repeat(chunks - befores[firsts], per_chunk)
    return befores


def _chunk_offsets(stbl: Box) -> Int64s:
    box, kind = stbl.find(b"stco"), "u4"
    if box is None:
        box, kind = stbl.need(b"co64"), "u8"
    offsets = box.table(8, box.uint(4, 4), kind)
    if not len(offsets):
        raise IndexUnusable("The MP4 index places no chunks ('stco').")
    if kind == "u8" and np.any(offsets >= 1 << 62):
        raise IndexUnusable("The MP4 index places chunks beyond any file ('co64').")
    return offsets.astype(np.int64)


def _keyframes(stbl: Box, count: int) -> Flags:
    """Which samples are keyframes: `stss` or all; partial sync samples and random access points too."""
    stss, stps, points = stbl.find(b"stss"), stbl.find(b"stps"), _random_access_points(stbl, count)
    if stss is None:
        return np.ones(count, np.bool_)
    key = _marked(stss, count)
    if stps is not None:
        key |= _marked(stps, count)
    if points is not None:
        key |= points
    if not key.any():
        raise IndexUnusable("The MP4 index names no keyframe at all ('stss').")
    return key


def _marked(box: Box, count: int) -> Flags:
    numbers = box.table(8, box.uint(4, 4), "u4").astype(np.int64)
    if np.any(numbers[1:] <= numbers[:-1]):
        raise IndexUnusable("The MP4 index lists its keyframes out of order ('stss').")
    if not len(numbers) or numbers[0] > 0:
        numbers -= 1  # some writers count from 0, all others from 1; libavformat tells them apart in this way
    marked = np.zeros(count, np.bool_)
    marked[numbers[numbers < count]] = True
    return marked


def _random_access_points(stbl: Box, count: int) -> Flags | None:
    """Members of the 'rap ' sample group (ISO/IEC 14496-12 section 10.4): open-GOP starts outside `stss`."""
    for box in stbl.children():
        if box.kind == b"sbgp" and bytes(box.payload[4:8]) == b"rap ":
            at = 12 if box.uint(0, 1) == 1 else 8
            rows = box.table(at + 4, box.uint(at, 4), "u4", 2)
            return _expand(rows[:, 0], rows[:, 1], count, rest=0) > 0
    return None


def _expand(counts: npt.NDArray[np.uint32], values: npt.NDArray[np.generic], total: int, rest: int) -> Int64s:
    """Each value as often as its count says, cut to `total` or filled up with `rest`."""
    ends = np.minimum(np.cumsum(counts, dtype=np.int64), total)
    filled = int(ends[-1]) if len(ends) else 0
    expanded = np.full(total, rest, np.int64)
    lengths: Int64s = np.diff(ends, prepend=0)
    expanded[:filled] = np.repeat(values, lengths)
    return expanded
