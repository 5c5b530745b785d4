"""Time goes forward once more: plays, additions and wishes as they came, and a policy that copies in between.

Only what has happened is told. How a play ends is told when it ends, and an item is known from when it was added.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.records import LEAST_WATCHED_S, Past, Play
from projectionist.features.cache.simulating.policy import Policy
from projectionist.features.cache.simulating.tier import FastTier, SlowDisk


class PlayKind(StrEnum):
    """What a play is to its user."""

    FIRST = "first"
    """Neither of the others."""
    CONTINUATION = "continuation"
    """What the user left unfinished, or an episode new to a user who has played another of that show."""
    REWATCH = "rewatch"
    """What the user has finished before."""


@dataclass(slots=True)
class Tally:
    """Plays of one kind."""

    plays: int = 0
    hits: int = 0


@dataclass(slots=True)
class Outcome:
    """What came of a policy."""

    policy: str
    kinds: dict[PlayKind, Tally] = field(default_factory=lambda: {kind: Tally() for kind in PlayKind})
    bytes_played: int = 0
    bytes_hit: int = 0
    bytes_moved: int = 0
    copies: int = 0
    wakeups: int = 0

    @property
    def plays(self) -> int:
        """All plays."""
        return sum(tally.plays for tally in self.kinds.values())

    @property
    def hits(self) -> int:
        """The plays whose file was whole on the fast tier as they started."""
        return sum(tally.hits for tally in self.kinds.values())


class Viewers:
    """Who has watched what so far: tells the kinds of plays apart."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._finished: set[tuple[str, int]] = set()
        self._left: dict[tuple[str, int], float] = {}
        self._followed: set[tuple[str, int]] = set()

    def kind(self, user: str, item: int) -> PlayKind:
        """What a play that starts now is."""
        if (user, item) in self._left:
            return PlayKind.CONTINUATION
        if (user, item) in self._finished:
            return PlayKind.REWATCH
        if (user, self._catalogue.show_of[item]) in self._followed:
            return PlayKind.CONTINUATION
        return PlayKind.FIRST

    def start(self, user: str, item: int) -> float:
        """Note a start; the position from which it goes on."""
        show = self._catalogue.show_of[item]
        if show >= 0:
            self._followed.add((user, show))
        return self._left.pop((user, item), 0.0)

    def end(self, user: str, item: int, position: float, finished: bool) -> None:
        """Note an end."""
        if finished:
            self._finished.add((user, item))
        elif position > 0:
            self._left[user, item] = position


class _Order(IntEnum):
    """At one moment: a copy is whole and a play is over before the next thing begins."""

    COPIED = 0
    ENDED = 1
    ADDED = 2
    WISHED = 3
    STARTED = 4
    TURN = 5


class Replay:
    """One replay of a past for one policy."""

    def __init__(self, past: Past, policy: Policy, capacity: int, rate: int) -> None:
        self._past, self._policy, self._rate = past, policy, rate
        self._tier = FastTier(capacity, past.catalogue.sizes)
        self._disk = SlowDisk()
        self._viewers = Viewers(past.catalogue)
        self._outcome = Outcome(policy.name)
        self._known: set[int] = set()
        self._later: list[tuple[float, _Order, int, Play | None]] = []
        self._count = 0
        self._begun = False
        """Nothing is copied before the first play: every policy begins with an empty tier."""

    def run(self) -> Outcome:
        """Replay all of it."""
        for at, order, index in self._told():
            self._until(at, order)
            self._tell(at, order, index)
            self._copy(at)
        self._outcome.wakeups = self._disk.wakeups
        return self._outcome

    def _told(self) -> Iterator[tuple[float, _Order, int]]:
        past = self._past
        if not past.plays:
            return iter(())
        last = past.plays[-1].at
        additions = sorted(
            (at, _Order.ADDED, item) for item, at in enumerate(past.catalogue.added) if at <= last
        )
        plays = ((play.at, _Order.STARTED, index) for index, play in enumerate(past.plays))
        wishes = (
            (wish.at, _Order.WISHED, index) for index, wish in enumerate(past.wishes) if wish.at <= last
        )
        return heapq.merge(additions, plays, wishes)

    def _tell(self, at: float, order: _Order, index: int) -> None:
        if order is _Order.ADDED:
            self._add(at, index)
        elif order is _Order.WISHED:
            self._policy.wished(self._past.wishes[index])
        else:
            self._start(self._past.plays[index])

    def _add(self, at: float, item: int) -> None:
        if item not in self._known:
            self._known.add(item)
            self._policy.added(at, item)

    def _start(self, play: Play) -> None:
        catalogue, outcome = self._past.catalogue, self._outcome
        self._begun = True
        self._add(play.at, play.item)  # it was there, whatever the library says
        size, hit = catalogue.sizes[play.item], play.item in self._tier.held
        tally = outcome.kinds[self._viewers.kind(play.user, play.item)]
        tally.plays += 1
        tally.hits += hit
        outcome.bytes_played += size
        outcome.bytes_hit += size * hit
        begun = self._viewers.start(play.user, play.item)
        end = play.at + max(LEAST_WATCHED_S, play.position - begun)
        if not hit:
            self._disk.read(play.at, end)
        self._tier.playing[play.item] = self._tier.playing.get(play.item, 0) + 1
        self._push(end, _Order.ENDED, play)
        self._policy.started(play.at, play.user, play.item)

    def _end(self, at: float, play: Play) -> None:
        left = self._tier.playing[play.item] - 1
        if left:
            self._tier.playing[play.item] = left
        else:
            del self._tier.playing[play.item]
        self._viewers.end(play.user, play.item, play.position, play.finished)
        self._policy.ended(at, play.user, play.item, play.position, play.finished)

    def _push(self, at: float, order: _Order, play: Play | None = None) -> None:
        self._count += 1
        heapq.heappush(self._later, (at, order, self._count, play))

    def _until(self, at: float, order: _Order) -> None:
        """Let everything happen that comes before: ends of plays and copies, and turns of the policy."""
        while self._begun:
            due = self._later[0][:2] if self._later else (float("inf"), _Order.TURN)
            turn = self._policy.next_turn()
            if min(due, (turn, _Order.TURN)) >= (at, order):
                return
            if (turn, _Order.TURN) < due:
                self._policy.turn(turn, self._tier)
                self._copy(turn)
                continue
            now, what, _, play = heapq.heappop(self._later)
            if play is not None:
                self._end(now, play)
            elif what is _Order.COPIED:
                self._tier.complete(now)
            self._copy(now)

    def _copy(self, now: float) -> None:
        if not self._begun or self._tier.incoming is not None:
            return
        item = self._policy.next_copy(now, self._tier, self._disk)
        if item is None:
            return
        size = self._past.catalogue.sizes[item]
        assert item in self._known, "a policy copies only what is there by now"
        assert size <= self._tier.free, "a policy makes room before it copies"
        self._tier.begin(item)
        self._outcome.bytes_moved += size
        self._outcome.copies += 1
        end = now + size / self._rate
        self._disk.read(now, end)
        self._push(end, _Order.COPIED)
