"""The reasons that stand open: rows of numbers, so that all of them are weighed at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Sequence
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


class Reasons:
    """Open reasons, put and taken back by key: all that follows from somebody's place in a show is one key."""

    def __init__(self, hazards: Hazards) -> None:
        self._hazards = hazards
        self._items: Numbers = np.zeros(256, dtype=np.int64)
        self._groups: Numbers = np.zeros(256, dtype=np.int64)
        self._since: Floats = np.full(256, np.inf)
        """When a row's reason arose; infinite for a row that is free."""
        self._put_at: Floats = np.zeros(256)
        self._free = list(range(255, -1, -1))
        self._learned = -np.inf
        self._rows: dict[Hashable, list[tuple[int, Reason, float]]] = {}
        self._of_item: dict[int, dict[int, Reason]] = {}

    def __len__(self) -> int:
        return len(self._items) - len(self._free)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._rows

    def put(self, key: Hashable, reasons: Sequence[Reason], now: float) -> None:
        """Let these, and no others, be open under `key`."""
        self.take(key, now)
        if not reasons:
            return
        while len(self._free) < len(reasons):
            self._grow()
        rows = [self._free.pop() for _ in reasons]
        self._items[rows] = [reason.item for reason in reasons]
        self._groups[rows] = [reason.group for reason in reasons]
        self._since[rows] = [reason.since for reason in reasons]
        self._put_at[rows] = now
        self._rows[key] = [(row, reason, now) for row, reason in zip(rows, reasons, strict=True)]
        for row, reason in zip(rows, reasons, strict=True):
            self._of_item.setdefault(reason.item, {})[row] = reason

    def take(self, key: Hashable, now: float) -> None:
        """Close what is open under `key`; the days since it was last counted are learned from."""
        taken = self._rows.pop(key, None)
        if taken is None:
            return
        for row, reason, put_at in taken:
            self._hazards.expose_one(
                reason.group,
                (max(put_at, self._learned) - reason.since) / DAY_S,
                (now - reason.since) / DAY_S,
            )
            del self._of_item[reason.item][row]
            if not self._of_item[reason.item]:
                del self._of_item[reason.item]
            self._free.append(row)
        self._since[[row for row, _, _ in taken]] = np.inf

    def credit(self, item: int, user: int, now: float) -> None:
        """A play: its reasons share it, each by how likely it made it."""
        cells = [_cell(one, now) for one in self._of_item.get(item, {}).values() if one.user in (user, HOUSE)]
        rates = [float(self._hazards.rates[cell]) for cell in cells]
        for cell, rate in zip(cells, rates, strict=True):
            self._hazards.plays[cell] += rate / sum(rates)

    def learn(self, now: float) -> None:
        """Count the days that the open reasons stood open since this was done last."""
        rows = self._open()
        since = self._since[rows]
        begun = np.maximum(0.0, np.maximum(self._put_at[rows], self._learned) - since) / DAY_S
        self._hazards.expose(self._groups[rows], begun, np.maximum(0.0, now - since) / DAY_S)
        self._learned = now
        self._hazards.settle()

    def expected(self, now: float, *ahead: float, begun: float = 1.0) -> tuple[Numbers, list[Floats]]:
        """The items with a reason, and for each of `ahead`, in days, the plays to expect of them within it.

        A play that goes on with what somebody has begun counts `begun` times.
        """
        rows = self._open()
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
        return list(self._of_item.get(item, {}).values())

    def open_keys(self) -> list[Hashable]:
        """What something is open under."""
        return list(self._rows)

    def oldest(self, key: Hashable) -> float:
        """When the first of what is open under `key` arose."""
        return min(reason.since for _, reason, _ in self._rows[key])

    def _open(self) -> Numbers:
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
