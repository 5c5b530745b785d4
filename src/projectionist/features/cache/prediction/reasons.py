"""The reasons that stand open: rows of numbers, so that all of them are weighed at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

import numpy as np

from projectionist.features.cache.prediction.hazards import (
    BEGUN,
    DAY_S,
    DAYS,
    SPANS,
    Floats,
    Hazards,
    Numbers,
)

HOUSE = -1
"""The user of a reason that is nobody's own."""


class Reason(NamedTuple):
    """Why an item may be watched: the group, whose reason it is, and when it arose."""

    item: int
    group: int
    user: int
    since: float


class _Opened(NamedTuple):
    """What is open under a key: the rows of its reasons, in their order, the columns of these, and since when."""

    rows: list[int]
    reasons: Sequence[Reason]
    groups: Sequence[int]
    since: Sequence[float]
    put_at: float


@dataclass(slots=True)
class _Closed:
    """Reasons that were closed since days were counted last, in columns; counted up to `counted`, closed at `at`."""

    groups: list[int] = field(default_factory=list)
    since: list[float] = field(default_factory=list)
    counted: list[float] = field(default_factory=list)
    at: list[float] = field(default_factory=list)


_FREE = (0, 0, np.inf, 0.0)
"""What stands in a row that is free."""


class Reasons:
    """Open reasons, put and taken back by key: all that follows from somebody's place in a show is one key.

    Rows are written, and closed reasons counted, when all of them are weighed: many at once cost what one does.
    """

    def __init__(self, hazards: Hazards) -> None:
        self._hazards = hazards
        self._items: Numbers = np.zeros(256, dtype=np.int64)
        self._groups: Numbers = np.zeros(256, dtype=np.int64)
        self._since: Floats = np.full(256, np.inf)
        """When a row's reason arose; infinite for a row that is free."""
        self._put_at: Floats = np.zeros(256)
        self._free = list(range(255, -1, -1))
        self._unwritten: dict[int, tuple[int, int, float, float]] = {}
        """What the columns do not have yet, by row."""
        self._closed = _Closed()
        self._learned = -np.inf
        self._open: dict[Hashable, _Opened] = {}
        self._of_item: dict[int, list[Reason]] | None = None
        """What is open for each item, once it was asked for since something changed."""

    def __len__(self) -> int:
        return len(self._items) - len(self._free)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._open

    def put(self, key: Hashable, reasons: Sequence[Reason], now: float) -> None:
        """Let these, and no others, be open under `key`."""
        self.take(key, now)
        count = len(reasons)
        if not count:
            return
        while len(self._free) < count:
            self._grow()
        rows = self._free[-count:]
        del self._free[-count:]
        items, groups, _, since = zip(*reasons, strict=True)
        self._open[key] = _Opened(rows, reasons, groups, since, now)
        self._unwritten.update(zip(rows, zip(items, groups, since, repeat(now)), strict=True))
        self._of_item = None

    def take(self, key: Hashable, now: float) -> None:
        """Close what is open under `key`; the days since it was last counted are to be learned from."""
        taken = self._open.pop(key, None)
        if taken is None:
            return
        count, closed = len(taken.rows), self._closed
        closed.groups += taken.groups
        closed.since += taken.since
        closed.counted += [max(taken.put_at, self._learned)] * count
        closed.at += [now] * count
        self._unwritten.update(dict.fromkeys(taken.rows, _FREE))
        self._free += taken.rows
        self._of_item = None

    def credit(self, item: int, keys: Iterable[Hashable], now: float) -> None:
        """A play: the reasons for it under these keys share it, each by how likely it made it."""
        opened = [self._open[key] for key in keys if key in self._open]
        cells = [_cell(one, now) for some in opened for one in some.reasons if one.item == item]
        rates = [float(self._hazards.rates[cell]) for cell in cells]
        for cell, rate in zip(cells, rates, strict=True):
            self._hazards.plays[cell] += rate / sum(rates)

    def learn(self, now: float) -> None:
        """Count the days that reasons stood open since this was done last."""
        rows, closed = self._written(), self._closed
        since = np.concatenate([self._since[rows], closed.since])
        groups = np.concatenate([self._groups[rows], np.array(closed.groups, dtype=np.int64)])
        counted = np.concatenate([np.maximum(self._put_at[rows], self._learned), closed.counted])
        until = np.concatenate([np.full(len(rows), now), closed.at])
        begun, ended = (np.maximum(0.0, (at - since) / DAY_S) for at in (counted, until))
        self._hazards.expose(groups, begun, ended)
        self._closed = _Closed()
        self._learned = now
        self._hazards.settle()

    def expected(self, now: float, *ahead: float, begun: float = 1.0) -> tuple[Numbers, list[Floats]]:
        """The items with a reason, and for each of `ahead`, in days, the plays to expect of them within it.

        A play that goes on with what somebody has begun counts `begun` times.
        """
        rows = self._written()
        ages = np.maximum(0.0, now - self._since[rows]) / DAY_S
        items, places = np.unique(self._items[rows], return_inverse=True)
        groups = self._groups[rows]
        found = self._hazards.expected(groups, ages, ahead)
        counts = np.where(BEGUN[groups], begun, 1.0)
        summed: list[Floats] = []
        for one in found:
            total: Floats = np.bincount(places, weights=one * counts, minlength=len(items)).astype(np.float64)
            summed.append(total)
        return items, summed

    def of_item(self, item: int) -> list[Reason]:
        """What is open for an item."""
        if self._of_item is None:
            self._of_item = {}
            for opened in self._open.values():
                for one in opened.reasons:
                    self._of_item.setdefault(one.item, []).append(one)
        return list(self._of_item.get(item, ()))

    def older(self, days: Floats, now: float) -> list[Hashable]:
        """The keys under which a reason is open for longer than the days of its group."""
        rows = self._written()
        is_old = now - self._since[rows] > days[self._groups[rows]] * DAY_S
        old = set(rows[is_old].tolist())
        return [key for key, opened in self._open.items() if not old.isdisjoint(opened.rows)] if old else []

    def _written(self) -> Numbers:
        """The rows that are not free, once all is in the columns."""
        if self._unwritten:
            rows = list(self._unwritten)
            items, groups, since, put_at = zip(*self._unwritten.values(), strict=True)
            self._items[rows], self._groups[rows] = items, groups
            self._since[rows], self._put_at[rows] = since, put_at
            self._unwritten = {}
        return np.flatnonzero(np.isfinite(self._since))

    def _grow(self) -> None:
        old = len(self._items)
        self._items = np.concatenate([self._items, np.zeros(old, dtype=np.int64)])
        self._groups = np.concatenate([self._groups, np.zeros(old, dtype=np.int64)])
        self._since = np.concatenate([self._since, np.full(old, np.inf)])
        self._put_at = np.concatenate([self._put_at, np.zeros(old)])
        self._free += range(2 * old - 1, old - 1, -1)


def _cell(reason: Reason, now: float) -> int:
    age = max(0.0, now - reason.since) / DAY_S
    return reason.group * SPANS + bisect_right(DAYS, age) - 1
