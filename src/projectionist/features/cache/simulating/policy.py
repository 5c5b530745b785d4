"""What a policy is told, and what it is asked."""

from __future__ import annotations

from typing import Protocol

from projectionist.features.cache.prediction.records import Wish
from projectionist.features.cache.simulating.tier import FastTier, SlowDisk


class Policy(Protocol):
    """Decides what lies on the fast tier. It is told what happens as it happens, and never what comes.

    Times are seconds since 1970; items and shows are numbers of the catalogue. The past is told in the order of
    time; `next_copy` is asked after everything that happened, while no copy runs.
    """

    name: str

    def added(self, now: float, item: int) -> None:
        """An item is in the library from now on."""

    def started(self, now: float, user: str, item: int) -> None:
        """Somebody began to watch."""

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        """Somebody stopped watching."""

    def wished(self, wish: Wish) -> None:
        """A watchlist changed."""

    def next_turn(self) -> float:
        """When it wants its next turn; always later than the last one."""

    def turn(self, now: float, tier: FastTier) -> None:
        """Its turn: think, and drop what need not be there."""

    def next_copy(self, now: float, tier: FastTier, disk: SlowDisk) -> int | None:
        """What to copy next; it has made the room for it in `tier` by dropping others."""
