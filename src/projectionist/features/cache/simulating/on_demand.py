"""What was played is copied as it plays; what has not been played for longest makes room."""

from __future__ import annotations

from collections import OrderedDict

from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.records import Wish
from projectionist.features.cache.simulating.tier import FastTier, SlowDisk


class RecentPolicy:
    """Least recently used, on demand: no look ahead."""

    name = "lru"

    def __init__(self, catalogue: Catalogue) -> None:
        self._sizes = catalogue.sizes
        self._recent: OrderedDict[int, None] = OrderedDict()
        self._queue: list[int] = []

    def added(self, now: float, item: int) -> None:
        """Nothing is known of it yet."""

    def started(self, now: float, user: str, item: int) -> None:
        """Copied, or now the youngest."""
        self._recent[item] = None
        self._recent.move_to_end(item)
        self._queue.append(item)

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        """However it ended."""

    def wished(self, wish: Wish) -> None:
        """Wishes are not asked for."""

    def next_turn(self) -> float:
        """It only ever answers."""
        return float("inf")

    def turn(self, now: float, tier: FastTier) -> None:
        """Never comes."""

    def next_copy(self, now: float, tier: FastTier, disk: SlowDisk) -> int | None:
        """What was played first of what waits, in place of what was played longest ago."""
        while self._queue:
            item = self._queue.pop(0)
            if not tier.has(item) and self._make_room(item, tier):
                return item
        return None

    def _make_room(self, item: int, tier: FastTier) -> bool:
        size = self._sizes[item]
        if size > tier.capacity:
            return False
        for old in list(self._recent):
            if size <= tier.free:
                break
            if old in tier.held and old not in tier.playing:
                tier.drop(old)
                del self._recent[old]
        return size <= tier.free
