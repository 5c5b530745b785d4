"""How often a thing is watched that is likely for a given reason: plays per day, by how long ago the reason arose.

Every reason belongs to a group (the second episode ahead, of a show watched daily), and every group has a rate for
each span of time since the reason arose. Rates begin with what is plausible anywhere, and move to what the household
does: the plays a cell explained, over the days it stood open.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import accumulate

import numpy as np

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]

DAY_S = 86_400.0
_HOUR = 1 / 24
DAYS = (0, _HOUR, 3 * _HOUR, 0.5, 1, 1.5, 2.5, 4, 6, 8, 11, 15, 21, 30, 45, 60, 90, 120, 180, 365)
EDGES: Floats = np.array(DAYS, dtype=np.float64)
"""Where the spans begin, in days; the last one never ends."""
SPANS = len(DAYS)
_ENDS: Floats = np.append(EDGES[1:], np.inf)
_CERTAINTY = 3.0
"""The prior weighs as much as this many plays seen."""


class Why(StrEnum):
    """Reasons why something may be watched."""

    RESUME = "resume"
    """Left unfinished by this user."""
    NEXT = "next"
    """Follows what this user watched last in the show."""
    FRESH = "fresh"
    """Follows, and came to the library after that."""
    CATCH_UP = "catch_up"
    """Follows the furthest episode this user has seen, or the one they left for another, and have not come back to."""
    ELSEWHERE = "elsewhere"
    """Lies anywhere in a show that this user watches out of order, and was not seen yet."""
    AGAIN = "again"
    """Has been watched to its end in this household."""
    NEW = "new"
    """Came to the library, and nobody has watched it."""
    WISHED = "wished"
    """Is on this user's watchlist."""


AHEAD = 12
"""So many episodes ahead are thought of."""
_AHEAD_STEPS = (1, 2, 3, 4, 5, 7, 10)
PACES = 4
FONDNESS = 6
AGAIN_SHARES = 3
ROVING = 3


@cache
def ahead_step(ahead: int) -> int:
    """The class of the `ahead`-th episode, from 1 on."""
    return sum(ahead >= step for step in _AHEAD_STEPS) - 1


def _falling(first: float, days: float, rest: float) -> Callable[[float], float]:
    return lambda age: first * math.exp(-age / days) + rest


def _priors() -> tuple[dict[Why, tuple[int, ...]], list[Callable[[float], float]]]:
    """The groups of each reason, by the shape of their sub-numbers, and the rate each begins with."""
    shapes: dict[Why, tuple[int, ...]] = {
        Why.RESUME: (2,),
        Why.NEXT: (len(_AHEAD_STEPS), PACES, 2),
        Why.FRESH: (len(_AHEAD_STEPS),),
        Why.CATCH_UP: (3,),
        Why.ELSEWHERE: (ROVING, 4),
        Why.AGAIN: (FONDNESS, AGAIN_SHARES, 2),
        Why.NEW: (3,),
        Why.WISHED: (3,),
    }
    rates: list[Callable[[float], float]] = []
    for why, shape in shapes.items():
        rates.extend(_prior(why, sub) for sub in np.ndindex(shape))
    return shapes, rates


def _prior(why: Why, sub: tuple[int, ...]) -> Callable[[float], float]:
    if why is Why.NEXT:
        far = 0.85 ** (_AHEAD_STEPS[sub[0]] - 1)
        pace = (0.3, 0.5, 0.9, 1.5)[sub[1]]
        return _falling(far * pace * (0.3 if sub[2] else 1), 9, 0.004)
    if why is Why.ELSEWHERE:
        return _falling(0.02 * 2.0 ** sub[0] * 0.5 ** sub[1], 8, 0.0005)
    if why is Why.AGAIN:
        fond = (0.3, 1, 3, 6, 12, 20)[sub[0]] * (0.4, 1, 2)[sub[1]]
        return _falling(0.006 * fond, 12, 0.0004 * fond)
    return {
        Why.RESUME: _falling(0.4, 5, 0.004),
        Why.FRESH: _falling(0.4 * 0.7 ** sub[0], 4, 0.01),
        Why.CATCH_UP: _falling(0.05, 10, 0.002),
        Why.NEW: _falling(0.01 * 0.6 ** max(0, sub[0] - 1), 20, 0.0006),
        Why.WISHED: _falling(0.015, 40, 0.003),
    }[why]


_SHAPES, _PRIORS = _priors()
_FIRST = dict(zip(_SHAPES, accumulate(map(math.prod, _SHAPES.values()), initial=0), strict=False))
GROUPS = len(_PRIORS)
WHYS = [why for why, shape in _SHAPES.items() for _ in range(math.prod(shape))]
"""The reason of each group."""
BEGUN = np.array(
    [
        why is Why.RESUME or (why in (Why.NEXT, Why.FRESH, Why.CATCH_UP) and sub[0] == 0 and sub[-1] == 0)
        for why, shape in _SHAPES.items()
        for sub in np.ndindex(shape)
    ]
)
"""Whether a group is of what somebody goes on with: left unfinished, or the very next unseen episode."""


@cache
def group(why: Why, *sub: int) -> int:
    """The number of a group."""
    at = 0
    for one, extent in zip(sub, _SHAPES[why], strict=True):
        at = at * extent + min(one, extent - 1)
    return _FIRST[why] + at


@dataclass(slots=True)
class Hazards:
    """What has been learned: plays and days by cell, a cell being a group's number x SPANS + a span's."""

    plays: Floats
    days: Floats
    rates: Floats
    sums: Floats
    """Plays expected from the arising of the reason to the beginning of the cell's span."""

    @classmethod
    def plausible(cls) -> Hazards:
        """Nothing seen yet."""
        middles = np.append((EDGES[:-1] + EDGES[1:]) / 2, 500.0).tolist()
        prior = np.array([max(1e-6, rate(middle)) for rate in _PRIORS for middle in middles])
        made = cls(np.full(len(prior), _CERTAINTY), _CERTAINTY / prior, prior, np.zeros(len(prior)))
        made.settle()
        return made

    def settle(self) -> None:
        """Take what was learned into the rates."""
        self.rates = self.plays / self.days
        widths = np.diff(EDGES)
        table = self.rates.reshape(GROUPS, SPANS)[:, :-1] * widths
        sums = np.zeros((GROUPS, SPANS))
        np.cumsum(table, axis=1, out=sums[:, 1:])
        self.sums = sums.ravel()

    def expose(self, groups: Numbers, begun: Floats, ended: Floats) -> None:
        """Let reasons of such groups have stood open from one age to another, in days, span by span."""
        while len(groups):
            spans = span_of(begun)
            until = np.minimum(ended, _ENDS[spans])
            days = np.maximum(0.0, until - begun)
            self.days += np.bincount(groups * SPANS + spans, weights=days, minlength=len(self.days))
            more = until < ended
            groups, begun, ended = groups[more], until[more], ended[more]

    def expected(self, groups: Numbers, ages: Floats, ahead: Sequence[float]) -> list[Floats]:
        """Plays to expect within each of `ahead` days, for reasons of such groups that arose `ages` days ago."""
        now = self._until(groups, ages)
        return [self._until(groups, ages + days) - now for days in ahead]

    def expected_of_one(self, number: int, age: float, ahead: float) -> float:
        """The same for one reason of a group."""
        return self._until_one(number, age + ahead) - self._until_one(number, age)

    def _until_one(self, number: int, age: float) -> float:
        span = max(bisect_right(DAYS, age) - 1, 0)
        cell = number * SPANS + span
        return float(self.sums[cell] + self.rates[cell] * (age - DAYS[span]))

    def _until(self, groups: Numbers, ages: Floats) -> Floats:
        spans = span_of(ages)
        cells = groups * SPANS + spans
        found: Floats = self.sums[cells] + self.rates[cells] * (ages - EDGES[spans])
        return found


def span_of(ages: Floats) -> Numbers:
    """The span in which an age in days lies."""
    return np.maximum(np.searchsorted(EDGES, ages, side="right") - 1, 0)
