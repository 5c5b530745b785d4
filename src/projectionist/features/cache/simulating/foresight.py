"""Our own policy: the forecast and the plan that the live cache uses, told of the past as it goes by."""

from __future__ import annotations

from collections import deque

import numpy as np

from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.prediction.planning import THRIFT, Thrift
from projectionist.features.cache.prediction.records import Wish
from projectionist.features.cache.simulating.foreseen import plan
from projectionist.features.cache.simulating.tier import FastTier, SlowDisk

_THINK_EVERY_S = 3600.0
_THINK_SOON_S = 300.0
_AT_LEAST_EVERY_S = 6 * 3600.0
_AT_HAND = 2
"""So many of the next episodes must be there as somebody begins one."""
_RETENTION_S = 12 * 3600.0


class ForesightPolicy:
    """Copies what the household is likely to watch, and nothing that does not pay for its copy."""

    name = "ours"

    def __init__(self, catalogue: Catalogue, thrift: Thrift = THRIFT) -> None:
        self._forecast, self._thrift = Forecast(catalogue), thrift
        self._catalogue = catalogue
        self._tier: FastTier | None = None
        self._sizes = catalogue.sizes
        self._weights = np.array(catalogue.sizes, dtype=np.float64)
        self._copies: deque[int] = deque()
        self._drops: deque[int] = deque()
        self._planned = float("-inf")
        self._next = float("inf")

    def added(self, now: float, item: int) -> None:
        """New, or the next of a show that somebody follows."""
        self._forecast.added(now, item)
        if self._tier is not None:
            self._think_within(now, _THINK_EVERY_S)

    def started(self, now: float, user: str, item: int) -> None:
        """What follows becomes likely; at once where it is not there."""
        self._forecast.started(now, user, item)
        self._think_about(now, self._catalogue.following(item, _AT_HAND, now))

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        """What follows is more likely still, or what was left."""
        self._forecast.ended(now, user, item, position, finished)
        self._think_about(now, [] if finished else [item])

    def wished(self, wish: Wish) -> None:
        """Likely one day."""
        self._forecast.wished(wish.at, wish.user, wish.item, wish.show, wish.added)

    def next_turn(self) -> float:
        """Soon after something happened; every few hours else."""
        return self._next

    def turn(self, now: float, tier: FastTier) -> None:
        """Plan anew."""
        self._tier = tier
        self._planned, self._next = now, now + _AT_LEAST_EVERY_S
        kept = {item for item, since in tier.held.items() if now - since < _RETENTION_S}
        kept |= tier.held.keys() & tier.playing.keys()
        if tier.incoming is not None:
            kept.add(tier.incoming)
        made = plan(self._forecast, now, self._weights, tier.held, kept, tier.capacity, self._thrift)
        for item in made.unexpected:
            tier.drop(item)
        self._copies, self._drops = deque(made.copies), deque(made.drops)

    def next_copy(self, now: float, tier: FastTier, disk: SlowDisk) -> int | None:
        """The most urgent of the plan; the least worthy leave for it."""
        while self._copies:
            item = self._copies.popleft()
            if tier.has(item):
                continue
            while self._sizes[item] > tier.free and self._drops:
                old = self._drops.popleft()
                if old in tier.held and old not in tier.playing:
                    tier.drop(old)
            if self._sizes[item] <= tier.free:
                return item
        return None

    def _think_about(self, now: float, items: list[int]) -> None:
        """Soon where one of these is not there, in a while else."""
        there = self._tier is not None and all(self._tier.has(item) for item in items)
        self._think_within(now, _THINK_EVERY_S if there else _THINK_SOON_S)

    def _think_within(self, now: float, wait: float) -> None:
        self._next = min(self._next, max(now + 1.0, self._planned + wait))
