"""The plan that runs, over a household that is made up: its sources, its scores, its fair shares and its planner.

A policy of the simulator stands in for the house around the plan: it tells what a server and the index would have told
by then, and carries out what the plan says. Plays are known as servers make them known: who plays now, what was left
and where, and what was watched to its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from projectionist.features.cache.models import WantRow
from projectionist.features.cache.planning.ground import Cap
from projectionist.features.cache.planning.plan import Held, PlanRules, plan
from projectionist.features.cache.prediction.catalogue import Catalogue, Kind
from projectionist.features.cache.prediction.records import Wish
from projectionist.features.cache.simulating.tier import FastTier, SlowDisk
from projectionist.features.cache.wanting.asking import Sitting
from projectionist.features.cache.wanting.choosing import Choices
from projectionist.features.cache.wanting.gathering import STANDARD
from projectionist.features.cache.wanting.learning import Habits
from projectionist.features.cache.wanting.shelf import Shelf
from projectionist.features.cache.wanting.sources import Amounts, Scene, mentions
from projectionist.features.cache.wanting.wants import Source, Want, Wanted
from projectionist.features.cache.wanting.weighing import Known, wants_of
from projectionist.features.library.service import (
    FileFacts,
    Household,
    Progress,
    Seen,
    Viewer,
    Watchable,
)
from projectionist.media.vocabulary import ItemKind, ServerPath

_ROUND_S = 3600.0
"""A round of the cache comes so often by its schedule."""
_AT_LEAST_EVERY_S = 6 * _ROUND_S
"""A round for which nothing has changed does what the one before did: only retentions end in between."""
_ROOT = Path("/slow")
_TIER = 1
_SHOWS, _SEASONS = 10_000_000, 20_000_000


@dataclass(frozen=True)
class _Tier:
    id: int = _TIER
    name: str = "fast"


@dataclass(frozen=True)
class _Place:
    library_id: int = 1
    slow_root: Path = _ROOT
    view_root: Path = _ROOT
    tiers: Sequence[_Tier] = (_Tier(),)


@dataclass(frozen=True)
class _Room:
    limit: int
    ours: int
    tier: _Tier = _Tier()


@dataclass(frozen=True)
class _NoLimits:
    item_most: int | None = None
    items: Mapping[int, Cap] = field(default_factory=dict)
    libraries: Mapping[int, Cap] = field(default_factory=dict)
    accounts: Mapping[int, Cap] = field(default_factory=dict)


@dataclass(slots=True)
class _Index:
    """What a library index would know by now, in the words of the household."""

    catalogue: Catalogue
    accounts: dict[str, int] = field(default_factory=dict)
    watchables: dict[int, Watchable] = field(default_factory=dict)
    history: deque[Seen] = field(default_factory=deque)
    progress: dict[tuple[int, int], Progress] = field(default_factory=dict)
    named: dict[tuple[int, int], WantRow] = field(default_factory=dict)
    sittings: dict[tuple[int, int], Sitting] = field(default_factory=dict)
    played_at: dict[int, datetime] = field(default_factory=dict)

    def account(self, user: str) -> int:
        return self.accounts.setdefault(user, len(self.accounts) + 1)

    def household(self) -> Household:
        return Household(
            viewers=[Viewer(id_, 1, user, user, id_ == 1) for user, id_ in self.accounts.items()],
            watchables=list(self.watchables.values()),
            history=list(self.history),
            progress=list(self.progress.values()),
            decks=(),
        )

    def add(self, item: int) -> None:
        title, show = self.catalogue.titles[item], self.catalogue.show_of[item]
        is_film = title.kind is Kind.MOVIE
        self.watchables[item] = Watchable(
            id=item,
            server_id=1,
            library_id=1,
            kind=ItemKind.MOVIE if is_film else ItemKind.EPISODE,
            season_id=None if is_film else _SEASONS + 1000 * show + title.season,
            show_id=None if is_film else _SHOWS + show,
            season=None if is_film else title.season,
            number=None if is_film else title.episode,
            duration_ms=int(title.duration * 1000),
            height=1080,
            added_at=datetime.fromtimestamp(title.added_at, UTC),
        )

    def start(self, now: datetime, user: str, item: int) -> None:
        account = self.account(user)
        self.sittings[account, item] = Sitting(1, account, item, "")
        self.played_at[item] = now

    def end(self, now: datetime, user: str, item: int, position: float, finished: bool) -> None:
        account = self.account(user)
        self.sittings.pop((account, item), None)
        self.played_at[item] = now
        before = self.progress.get((account, item))
        count = (before.watched_count if before else 0) + finished
        left = 0 if finished else int(position * 1000)
        self.progress[account, item] = Progress(item, account, count, left, now)
        if finished:
            self.history.appendleft(Seen(item, account, now))

    def wish(self, wish: Wish) -> None:
        account = self.account(wish.user)
        id_ = _SHOWS + wish.show if wish.show >= 0 else wish.item
        if not wish.added:
            self.named.pop((account, id_), None)
            return
        at = datetime.fromtimestamp(wish.at, UTC)
        self.named[account, id_] = WantRow(
            source=Source.WATCHLIST, account_id=account, item_id=id_, first_at=at
        )


class LivePolicy:
    """The plan that runs; `sources` are those that count."""

    name = "live"

    def __init__(self, catalogue: Catalogue, sources: frozenset[Source] = STANDARD) -> None:
        self._index, self._habits = _Index(catalogue), Habits()
        self._catalogue = catalogue
        self._choices = Choices({}, sources)
        self._files = {
            item: (_file(item, title.size, title.item),) for item, title in enumerate(catalogue.titles)
        }
        self._paths = {_path(item): item for item in self._files}
        self._copies: deque[int] = deque()
        self._drops: deque[int] = deque()
        self._planned, self._next = float("-inf"), float("inf")

    def added(self, now: float, item: int) -> None:
        self._index.add(item)
        self._round_by(now)

    def started(self, now: float, user: str, item: int) -> None:
        self._index.start(datetime.fromtimestamp(now, UTC), user, item)
        self._next = min(self._next, now + 1)

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        self._index.end(datetime.fromtimestamp(now, UTC), user, item, position, finished)
        self._round_by(now)

    def wished(self, wish: Wish) -> None:
        self._index.wish(wish)

    def _round_by(self, now: float) -> None:
        if self._next < float("inf"):
            self._next = min(self._next, max(now + 1, self._planned + _ROUND_S))

    def next_turn(self) -> float:
        return self._next

    def turn(self, now: float, tier: FastTier) -> None:
        self._planned, self._next = now, now + _AT_LEAST_EVERY_S
        at = datetime.fromtimestamp(now, UTC)
        wants = self.wants(at)
        incoming = () if tier.incoming is None else ((tier.incoming, now),)
        held = [self._held(item, since, tier) for item, since in (*tier.held.items(), *incoming)]
        used = sum(one.size for one in held)
        made = plan(
            Wanted(tuple(wants)), held, [_Room(tier.capacity, used)], [_Place()], _NoLimits(), PlanRules(), at
        )
        lacking = deque(self._paths[one.path] for one in made.returns if one.makes_room_for is not None)
        for one in made.returns:
            if one.makes_room_for is None:
                tier.drop(self._paths[one.path])
        self._drops = lacking
        self._copies = deque(one.want.file.item_id for one in made.copies)

    def wants(self, now: datetime) -> list[Want]:
        """What is wanted now."""
        index = self._index
        known = index.household()
        shelf, named = Shelf(known), list(index.named.values())
        scene = Scene(known, shelf, list(index.sittings.values()), named, (), self._choices, Amounts(), now)
        prediction = self._habits.foresee(known, named, self._choices, now)
        names = {one.id: one.name for one in known.viewers}
        told = [*mentions(scene), *(prediction.mention(one, names) for one in prediction.likely())]
        return wants_of(told, prediction, Known(self._files, shelf, names, {}, lambda one: Path(one.path)))

    def next_copy(self, now: float, tier: FastTier, disk: SlowDisk) -> int | None:
        while self._copies:
            item = self._copies.popleft()
            if tier.has(item):
                continue
            size = self._catalogue.sizes[item]
            while size > tier.free and self._drops:
                old = self._drops.popleft()
                if old in tier.held and old not in tier.playing:
                    tier.drop(old)
            if size <= tier.free:
                return item
        return None

    def _held(self, item: int, since: float, tier: FastTier) -> Held:
        return Held(
            path=_path(item),
            size=self._catalogue.sizes[item],
            tier_id=_TIER,
            cached_at=datetime.fromtimestamp(since, UTC),
            item_id=item,
            is_playing=item in tier.playing,
            played_at=self._index.played_at.get(item),
        )


def _path(item: int) -> Path:
    return _ROOT / f"{item}.mkv"


def _file(item: int, size: int, title: str) -> FileFacts:
    return FileFacts(
        part_id=item,
        item_id=item,
        item_key=str(item),
        library_id=1,
        server_id=1,
        part_key=str(item),
        path=ServerPath(str(_path(item))),
        size=size,
        title=title,
        version=0,
        width=1920,
        height=1080,
        bitrate_kbps=0,
        optimized=False,
    )
