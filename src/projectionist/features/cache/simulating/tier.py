"""The two tiers as the simulation has them: a fast one with room for so much, a slow disk that copies one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

SPIN_DOWN_S = 30 * 60.0
"""A slow disk sleeps after this long without a read."""


@dataclass(slots=True)
class FastTier:
    """What lies on the fast disk, and what is being copied to it, whose room is taken already."""

    capacity: int
    sizes: list[int]
    used: int = 0
    held: dict[int, float] = field(default_factory=dict)
    """Since when an item is whole there."""
    incoming: int | None = None
    playing: dict[int, int] = field(default_factory=dict)
    """How many watch an item now."""

    @property
    def free(self) -> int:
        """Bytes that nobody has taken."""
        return self.capacity - self.used

    def has(self, item: int) -> bool:
        """Whether an item is there, or on its way."""
        return item in self.held or item == self.incoming

    def drop(self, item: int) -> None:
        """Take an item off; its original is where it always was, so nothing is copied."""
        del self.held[item]
        self.used -= self.sizes[item]

    def begin(self, item: int) -> None:
        """Take the room for a copy that begins."""
        self.incoming = item
        self.used += self.sizes[item]

    def complete(self, now: float) -> int:
        """The copy is whole."""
        assert self.incoming is not None
        item, self.incoming = self.incoming, None
        self.held[item] = now
        return item


@dataclass(slots=True)
class SlowDisk:
    """When the slow disk was last read, and how often it had to wake for that."""

    wakeups: int = 0
    busy_until: float = float("-inf")

    def awake(self, now: float) -> bool:
        """Whether it still spins."""
        return now <= self.busy_until + SPIN_DOWN_S

    def read(self, start: float, end: float) -> None:
        """Read from `start` to `end`; starts come in the order of time."""
        if not self.awake(start):
            self.wakeups += 1
        self.busy_until = max(self.busy_until, end)
