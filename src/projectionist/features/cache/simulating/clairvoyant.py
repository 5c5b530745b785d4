"""The upper bound: who knows every play that comes, and copies in time."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from projectionist.features.cache.prediction.records import Past, Wish
from projectionist.features.cache.simulating.tier import FastTier, SlowDisk

_NEVER = float("inf")


class ClairvoyantPolicy:
    """Copies what is played next, in place of what is played latest. The only one that sees later rows."""

    name = "clairvoyant"

    def __init__(self, past: Past) -> None:
        self._catalogue, self._plays = past.catalogue, past.plays
        self._times: dict[int, list[float]] = defaultdict(list)
        for play in past.plays:
            self._times[play.item].append(play.at)
        self._at = 0
        """The first play that may still need its copy."""
        self._waiting = _NEVER

    def added(self, now: float, item: int) -> None:
        """Known already."""

    def started(self, now: float, user: str, item: int) -> None:
        """Known already."""

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        """Known already."""

    def wished(self, wish: Wish) -> None:
        """Known already."""

    def next_turn(self) -> float:
        """It acts whenever something happens, which is as often as it can."""
        return _NEVER

    def turn(self, now: float, tier: FastTier) -> None:
        """Never comes."""

    def next_copy(self, now: float, tier: FastTier, disk: SlowDisk) -> int | None:
        """The next play's item that is not there, while only later ones have to leave for it."""
        while self._at < len(self._plays) and self._plays[self._at].at <= now:
            self._at += 1
        latest = sorted((-self._next(item, now), item) for item in tier.held if item not in tier.playing)
        spare = tier.free
        for at in range(self._at, len(self._plays)):
            play = self._plays[at]
            if tier.has(play.item):
                continue
            if self._catalogue.added[play.item] > now:
                continue
            size = self._catalogue.sizes[play.item]
            leaving: list[int] = []
            for later, item in latest:
                if spare >= size or -later <= play.at:
                    break
                leaving.append(item)
                spare += self._catalogue.sizes[item]
            if spare < size:
                return None
            for item in leaving:
                tier.drop(item)
            return play.item
        return None

    def _next(self, item: int, now: float) -> float:
        times = self._times[item]
        at = bisect_left(times, now)
        return times[at] if at < len(times) else _NEVER
