"""Which picture stands for which moment: chosen from the keyframe times alone, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from projectionist.errors import FilmUndecodable
from projectionist.frames.index import Times

MAX_SLOTS = 250_000
"""More thumbnails than a film of 138 hours has at one every two seconds: a file that claims more is lying."""


class Mode(StrEnum):
    """How far a thumbnail may be from its moment."""

    AUTO = "auto"
    """The nearest keyframe; to the frame where keyframes lie further apart than twice the interval."""
    KEYFRAME = "keyframe"
    """Always the nearest keyframe."""
    EXACT = "exact"
    """Always the frame that is on the screen at that moment."""


class Slot(NamedTuple):
    """One place to fill: thumbnail `number` of the `series`-th interval asked for."""

    series: int
    number: int


@dataclass(frozen=True, slots=True)
class Pick:
    """One picture to show: decode from keyframe `keyframe`; show it, or the frame on the screen at `exact_ns`.

    `slots` are the places that the picture fills, in rising order; `moment_ns` is the moment of the first.
    """

    keyframe: int
    exact_ns: int | None
    moment_ns: int
    slots: tuple[Slot, ...]


def slot_count(last_ns: int, interval_ms: int) -> int:
    """How many thumbnails a film has: k from 0 to floor(last video time / interval).

    Raises FilmUndecodable where the film claims to be longer than any film.
    """
    count = max(0, last_ns) // (interval_ms * 1_000_000) + 1
    if count > MAX_SLOTS:
        raise FilmUndecodable(
            f"its timestamps claim a length of {last_ns / 3.6e12:,.0f} hours, which would be {count:,} thumbnails; "
            "remux the file to repair its timestamps"
        )
    return count


def choose(times_ns: Times, last_ns: int, intervals_ms: tuple[int, ...], mode: Mode) -> list[Pick]:
    """The pictures to read, by rising time shown; each slot of each interval is in exactly one.

    `times_ns` (n,) are the keyframes' presentation times, n >= 1; `last_ns` is the last video time.
    Of two keyframes equally near, the earlier is shown.
    """
    filled: dict[tuple[int, int, int | None], list[Slot]] = {}
    moments: dict[tuple[int, int, int | None], int] = {}
    for series, interval_ms in enumerate(intervals_ms):
        targets = np.arange(slot_count(last_ns, interval_ms), dtype=np.int64) * (interval_ms * 1_000_000)
        keyframes, exact = _assign(times_ns, last_ns, targets, interval_ms * 1_000_000, mode)
        rows = zip(targets.tolist(), keyframes.tolist(), exact.tolist(), strict=True)
        for number, (target, keyframe, to_the_frame) in enumerate(rows):
            shown = target if to_the_frame else int(times_ns[keyframe])
            key = (shown, keyframe, target if to_the_frame else None)
            filled.setdefault(key, []).append(Slot(series, number))
            moments[key] = min(target, moments.get(key, target))
    return [
        Pick(keyframe, exact_ns, moments[shown, keyframe, exact_ns], tuple(filled[shown, keyframe, exact_ns]))
        for shown, keyframe, exact_ns in sorted(filled, key=lambda key: key[:2])
    ]


def longest_run_ns(picks: list[Pick], times_ns: Times) -> int:
    """How far, in nanoseconds of film, decoding goes on from a keyframe to an exact picture at the most."""
    return max(
        (pick.exact_ns - int(times_ns[pick.keyframe]) for pick in picks if pick.exact_ns is not None),
        default=0,
    )


def _assign(
    times: Times, last_ns: int, targets: Times, interval: int, mode: Mode
) -> tuple[Times, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Per target, the keyframe to start from and whether to go on to the very frame."""
    before = np.searchsorted(times, targets, side="right") - 1
    at_or_before = np.maximum(before, 0)
    after = np.minimum(before + 1, len(times) - 1)
    nearest = np.where(times[after] - targets < targets - times[at_or_before], after, at_or_before)
    if mode is Mode.KEYFRAME:
        return nearest, np.zeros(len(targets), dtype=np.bool_)
    between = (before >= 0) & (targets > times[at_or_before])
    if mode is Mode.AUTO:
        ends = np.append(times[1:], max(last_ns, int(times[-1])))
        between &= (ends - times)[at_or_before] > 2 * interval
    return np.where(between | (before < 0) | (mode is Mode.EXACT), at_or_before, nearest), between
