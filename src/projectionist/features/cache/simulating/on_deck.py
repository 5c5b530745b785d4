"""What servers hold on deck, and the two policies built on it: first in first out, and by PlexCache-D's score.

On deck is, per user, the episode after the last one finished or the one left unfinished, one of each show, and the
films left unfinished. A run wants that, the next episodes of each show, and the watchlists; what it wants no more is
moved back once its retention is over. Runs come by the clock, as both rivals have it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.records import Wish
from projectionist.features.cache.simulating.tier import FastTier, SlowDisk

DAY_S = 86_400.0
HOUR_S = 3_600.0
_AT_LEAST_EVERY_S = 6 * HOUR_S
"""A run for which nothing has changed does what the one before did: only retentions end in between."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings as PlexCache-D names them, with its defaults, but run every quarter of an hour.

    Its page offers an hour at best; its schedule can be given more often, and finds more then. A retention of wishes
    or of what is on deck that is 0 never ends.
    """

    next_episodes: int = 10
    watchlist_episodes: int = 5
    days_to_monitor: float = 183.0
    interval_s: float = HOUR_S / 4
    retention_s: float = 12 * HOUR_S
    watchlists: bool = True
    wish_days: float = 0.0
    deck_days: float = 0.0
    full_at: float = 0.9
    """From this share of the disk on, what scores less than `least_score` is not copied."""
    least_score: int = 60


STANDARD = Rules()


@dataclass(slots=True)
class _Left:
    """Where a user stands in a show, or in a film: the item to go on with, and since when."""

    item: int
    at: float
    first_seen: float
    within: bool
    """Whether the item itself was left unfinished."""


@dataclass(slots=True)
class Wanted:
    """Why an item is wanted in a run."""

    item: int
    users: set[str]
    on_deck: bool = False
    ahead: int = -1
    """How many episodes it lies ahead of the one on deck; -1 for what is only on a watchlist."""
    first_seen: float = 0.0
    wished_at: float = 0.0


class Deck:
    """What every user would find on deck, and on the watchlists."""

    def __init__(self, catalogue: Catalogue, rules: Rules) -> None:
        self._catalogue, self._rules = catalogue, rules
        self._left: dict[tuple[str, int], _Left] = {}
        self._finished: dict[str, set[int]] = {}
        self._wishes: dict[tuple[str, int, int], float] = {}
        self._owner: str | None = None

    def started(self, now: float, user: str, item: int) -> None:
        """What is being played is on deck."""
        self._owner = self._owner or user
        self._put(now, user, item, within=True)

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        """What was finished makes room for the next; what was only begun stays."""
        if finished:
            self._finished.setdefault(user, set()).add(item)
        if finished or position > 0:
            self._put(now, user, item, within=not finished)

    def wished(self, wish: Wish) -> None:
        """A watchlist changed."""
        if not self._rules.watchlists:
            return
        key = (wish.user, wish.item, wish.show)
        if wish.added:
            self._wishes.setdefault(key, wish.at)
        else:
            self._wishes.pop(key, None)

    def wanted(self, now: float) -> list[Wanted]:
        """What a run wants: the latest on deck first, each with its next episodes; then the latest wishes."""
        found: dict[int, Wanted] = {}
        for (user, show), left in sorted(self._left.items(), key=lambda pair: -pair[1].at):
            seen_for = now - left.first_seen
            expired = self._rules.deck_days and seen_for > self._rules.deck_days * DAY_S
            if not expired and now - left.at <= self._rules.days_to_monitor * DAY_S:
                self._want_deck(found, now, user, show, left)
        for (user, item, show), at in sorted(self._wishes.items(), key=lambda pair: -pair[1]):
            if self._rules.wish_days and now - at > self._rules.wish_days * DAY_S:
                continue
            for one in self._wished_items(now, user, item, show):
                entry = found.setdefault(one, Wanted(one, set()))
                entry.users.add(user)
                entry.wished_at = max(entry.wished_at, at)
        return list(found.values())

    def _put(self, now: float, user: str, item: int, *, within: bool) -> None:
        show = self._catalogue.show_of[item]
        key = (user, show if show >= 0 else -1 - item)
        before = self._left.get(key)
        if before is not None and before.item == item:
            before.at, before.within = now, within
        else:
            self._left[key] = _Left(item, now, now, within)

    def _want_deck(self, found: dict[int, Wanted], now: float, user: str, show: int, left: _Left) -> None:
        if show < 0:
            items = [left.item] if left.within else []
        else:
            count = self._rules.next_episodes
            items = self._catalogue.following(left.item, count + (not left.within), now)
            items = [left.item, *items] if left.within else items
        for ahead, item in enumerate(items):
            entry = found.setdefault(item, Wanted(item, set(), first_seen=left.first_seen))
            entry.users.add(user)
            entry.on_deck = entry.on_deck or ahead == 0
            entry.ahead = ahead if entry.ahead < 0 else min(entry.ahead, ahead)
            entry.first_seen = max(entry.first_seen, left.first_seen)

    def _wished_items(self, now: float, user: str, item: int, show: int) -> list[int]:
        catalogue = self._catalogue
        if item >= 0 and catalogue.show_of[item] < 0:
            seen = self._finished.get(user, set())
            return [item] if catalogue.added[item] <= now and item not in seen else []
        whole = show if show >= 0 else catalogue.show_of[item]
        seen = self._finished.get(self._owner or user, set())
        first = catalogue.present(whole, 0, self._rules.watchlist_episodes, now)
        return [one for one in first if one not in seen]


def priority(wanted: Wanted, rules: Rules, now: float, held_since: float | None) -> int:
    """PlexCache-D's score of 0 to 100."""
    score = 50 + min(15, 5 * len(wanted.users))
    if held_since is not None:
        age = now - held_since
        score += 5 if age < DAY_S else 3 if age < 3 * DAY_S else 0
    if wanted.wished_at:
        age = now - wanted.wished_at
        score += 10 if age < 7 * DAY_S else -10 if age > 60 * DAY_S else 0
    if wanted.ahead >= 0:
        age = now - wanted.first_seen
        score += 15 + (5 if age < 7 * DAY_S else 0 if age < 14 * DAY_S else -5 if age < 30 * DAY_S else -10)
        if wanted.on_deck:
            score += 15
        elif wanted.ahead <= max(1, rules.next_episodes // 2):
            score += 10
    return max(0, min(100, score))


class OnDeckPolicy:
    """On deck, next episodes and watchlists, copied in the order of the lists; the oldest unwanted goes first."""

    name = "ondeck"

    def __init__(self, catalogue: Catalogue, rules: Rules = STANDARD) -> None:
        self._deck, self._rules = Deck(catalogue, rules), rules
        self._sizes = catalogue.sizes
        self._queue: deque[int] = deque()
        self._next = float("inf")
        self._changed = True
        self._thought = float("-inf")

    def added(self, now: float, item: int) -> None:
        """Seen when the next run asks the server."""
        self._changed = True

    def started(self, now: float, user: str, item: int) -> None:
        """Seen by the next run."""
        self._changed = True
        self._deck.started(now, user, item)
        if self._next == float("inf"):
            self._next = now + self._rules.interval_s

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        """Seen by the next run."""
        self._changed = True
        self._deck.ended(now, user, item, position, finished)

    def wished(self, wish: Wish) -> None:
        """Seen by the next run."""
        self._changed = True
        self._deck.wished(wish)

    def next_turn(self) -> float:
        """The next run."""
        return self._next

    def turn(self, now: float, tier: FastTier) -> None:
        """A run: move back what is wanted no more and kept long enough, queue what is wanted and fits."""
        self._next = now + self._rules.interval_s
        if not self._changed and now - self._thought < _AT_LEAST_EVERY_S:
            return
        self._changed, self._thought = False, now
        wanted = self._deck.wanted(now)
        names = {one.item for one in wanted}
        for item, since in list(tier.held.items()):
            if item not in names and item not in tier.playing and now - since >= self._rules.retention_s:
                tier.drop(item)
        self._make_room(wanted, names, tier)
        self._queue = deque(one.item for one in self._ordered(wanted, tier, now) if not tier.has(one.item))

    def next_copy(self, now: float, tier: FastTier, disk: SlowDisk) -> int | None:
        """The first of the queue that fits."""
        while self._queue:
            item = self._queue.popleft()
            if not tier.has(item) and self._sizes[item] <= tier.free:
                return item
        return None

    def _make_room(self, wanted: list[Wanted], names: set[int], tier: FastTier) -> None:
        """Evict, oldest first, what this run does not want, as far as its wishes need the room."""
        needed = sum(self._sizes[one.item] for one in wanted if not tier.has(one.item))
        for item in list(tier.held):  # in the order in which they came
            if needed <= tier.free:
                return
            if item not in names and item not in tier.playing:
                tier.drop(item)

    def _ordered(self, wanted: list[Wanted], tier: FastTier, now: float) -> list[Wanted]:
        return wanted


class ScorePolicy(OnDeckPolicy):
    """The same wishes, the best score first; what is unwanted goes by the same rule."""

    name = "score"

    def _ordered(self, wanted: list[Wanted], tier: FastTier, now: float) -> list[Wanted]:
        scored = [(priority(one, self._rules, now, tier.held.get(one.item)), one) for one in wanted]
        scored.sort(key=lambda pair: -pair[0])
        full = tier.used > self._rules.full_at * tier.capacity
        return [one for score, one in scored if score >= self._rules.least_score or not full]
