"""What each source names: on deck, what comes next, watchlists, lists, what is new, and pins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from projectionist.features.cache.models import PinRow, WantRow
from projectionist.features.cache.wanting.asking import Sitting
from projectionist.features.cache.wanting.choosing import EVERYBODY, Choices
from projectionist.features.cache.wanting.lists.records import Listed
from projectionist.features.cache.wanting.scoring import (
    FURTHER,
    Mention,
    list_points,
    next_points,
    on_deck_points,
    recent_points,
    watchlist_points,
)
from projectionist.features.cache.wanting.shelf import Shelf
from projectionist.features.cache.wanting.wants import WHOLE, Source
from projectionist.features.library.service import Household

LATELY = timedelta(days=183)
"""Who has not gone on for so long is not expected to."""
_PLAYING_SOON, _NEXT_SOON, _PIN_SOON = 1000.0, 900.0, 100.0


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many episodes after the last one, and of a show on a watchlist; for how many days something is new.

    `spares_played` leaves on the slow disk what is only played, where hardly anybody would come back to it.
    """

    next_episodes: int = 3
    watchlist_episodes: int = 2
    recent_days: int = 14
    spares_played: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the sources go by."""

    household: Household
    shelf: Shelf
    sittings: Sequence[Sitting]
    named: Sequence[WantRow]
    pins: Sequence[PinRow]
    choices: Choices
    amounts: Amounts
    now: datetime
    listed: Sequence[Listed] = ()

    def name(self, account_id: int) -> str:
        """What people call an account."""
        found = (one for one in self.household.viewers if one.id == account_id)
        one = next(found, None)
        return "somebody" if one is None else one.name or f"account {one.key}"

    def plays(self, account_id: int, item_id: int) -> bool:
        """Whether somebody plays an item now, and is asked for that; on deck it is when they stop."""
        return self.choices.counts(Source.PLAYING, account_id) and any(
            (one.account_id, one.item_id) == (account_id, item_id) for one in self.sittings
        )

    def days(self, since: datetime) -> float:
        """How many days ago that was; none where it is to come."""
        return max(0.0, (self.now - since).total_seconds() / 86_400)


def mentions(scene: Scene) -> list[Mention]:
    """All that is named by what is switched on."""
    sources: tuple[Callable[[Scene], Iterator[Mention]], ...] = (
        *(_playing, _decks, _unfinished, _next, _watchlists, _recent, _lists, _pins),
    )
    return [one for source in sources for one in source(scene)]


def _playing(scene: Scene) -> Iterator[Mention]:
    for one in scene.sittings:
        if scene.choices.counts(Source.PLAYING, one.account_id):
            why = f"{scene.name(one.account_id)} plays it"
            yield Mention(
                Source.PLAYING,
                one.item_id,
                one.account_id,
                WHOLE,
                why,
                _PLAYING_SOON,
                part_key=one.part_key,
                is_now=True,
            )


def _decks(scene: Scene) -> Iterator[Mention]:
    owners = {one.id for one in scene.household.viewers if one.is_owner}
    known = [
        (one.account_id, one.item_id, one.at) for one in scene.household.decks if one.account_id in owners
    ]
    asked = [
        (row.account_id, row.item_id, scene.shelf.played_at.get(row.item_id))
        for row in scene.named
        if row.source == Source.ON_DECK
    ]
    for account_id, item_id, at in (*known, *asked):
        if scene.choices.counts(Source.ON_DECK, account_id) and not scene.plays(account_id, item_id):
            yield _on_deck(scene, account_id, item_id, at)


def _unfinished(scene: Scene) -> Iterator[Mention]:
    for one in scene.shelf.unfinished:
        at = one.watched_at
        if (
            at is not None
            and scene.now - at < LATELY
            and scene.choices.counts(Source.ON_DECK, one.account_id)
            and not scene.plays(one.account_id, one.item_id)
        ):
            yield _on_deck(scene, one.account_id, one.item_id, at)


def _on_deck(scene: Scene, account_id: int, item_id: int, at: datetime | None) -> Mention:
    days = 0.0 if at is None else scene.days(at)
    when = "" if at is None else f", watched {ago(days)}"
    points = on_deck_points(days)
    why = f"{scene.name(account_id)} has it on deck{when}"
    return Mention(Source.ON_DECK, item_id, account_id, points, why, 0.0)


def _next(scene: Scene) -> Iterator[Mention]:
    bases: dict[tuple[int, int], float] = {}
    for account_id, item_id in _on_decks(scene):
        bases[account_id, item_id] = scene.days(scene.shelf.played_at.get(item_id, scene.now))
    for (account_id, _), (at, item_id) in scene.shelf.last_of_show.items():
        if scene.now - at < LATELY:
            bases[account_id, item_id] = scene.days(at)
    for (account_id, item_id), days in bases.items():
        yield from _after(scene, account_id, item_id, days, playing=False)
    for one in scene.sittings:
        yield from _after(scene, one.account_id, one.item_id, 0.0, playing=True)


def _on_decks(scene: Scene) -> Iterator[tuple[int, int]]:
    yield from ((one.account_id, one.item_id) for one in scene.household.decks)
    yield from ((row.account_id, row.item_id) for row in scene.named if row.source == Source.ON_DECK)


def _after(scene: Scene, account_id: int, item_id: int, days: float, *, playing: bool) -> Iterator[Mention]:
    if not scene.choices.counts(Source.NEXT, account_id):
        return
    name = scene.name(account_id)
    after = f"{name} plays" if playing else f"{name} has on deck or watched {ago(days)}"
    later = scene.shelf.following(item_id, scene.amounts.next_episodes, account_id)
    for ahead, found in enumerate(later, 1):
        points = next_points(ahead, days, playing=playing)
        soon = _NEXT_SOON - ahead if playing else 0.0
        why = f"it is {_ordinal(ahead)} after what {after}"
        yield Mention(Source.NEXT, found, account_id, points, why, soon, is_now=playing)


def _watchlists(scene: Scene) -> Iterator[Mention]:
    for row in scene.named:
        if row.source != Source.WATCHLIST or not scene.choices.counts(Source.WATCHLIST, row.account_id):
            continue
        days = scene.days(row.first_at)
        found = scene.shelf.first_unwatched(row.item_id, scene.amounts.watchlist_episodes, row.account_id)
        for place, item_id in enumerate(found):
            why = f"it is on {scene.name(row.account_id)}'s watchlist, seen there first {ago(days)}"
            points = watchlist_points(days, place)
            yield Mention(Source.WATCHLIST, item_id, row.account_id, points, why, 0.0)


def _recent(scene: Scene) -> Iterator[Mention]:
    people = [
        one
        for one in scene.household.viewers
        if scene.choices.chosen.get((Source.RECENT, one.id)) and not scene.choices.counts(Source.RECENT)
    ]
    for_all = scene.choices.counts(Source.RECENT)
    if not people and not for_all:
        return
    for one in scene.shelf.items.values():
        if one.added_at is None or (days := scene.days(one.added_at)) >= scene.amounts.recent_days:
            continue
        points = recent_points(days, scene.amounts.recent_days)
        accounts = [EVERYBODY] if for_all else [who.id for who in people if who.server_id == one.server_id]
        for account_id in accounts:
            if not scene.shelf.has_watched(account_id, one.id):
                why = f"it was added {ago(days)}"
                yield Mention(Source.RECENT, one.id, account_id, points, why, 0.0)


def _lists(scene: Scene) -> Iterator[Mention]:
    for one in scene.listed:
        why = f"it is number {one.place} on the list {one.name}"
        for told, watcher in _readers(scene, one):
            found = scene.shelf.first_unwatched(one.item_id, scene.amounts.watchlist_episodes, watcher)
            for ahead, item_id in enumerate(found):
                points = list_points() * FURTHER**ahead
                yield Mention(Source.LIST, item_id, told, points, why, 0.0)


def _readers(scene: Scene, one: Listed) -> Sequence[tuple[int, int]]:
    """For whom a list counts, and whose watched episodes are left out.

    One for everybody is for nobody in particular, so that twenty people give it no more points than one; what each has
    not watched yet is wanted. Nobody's is the list where no server says who there is.
    """
    if one.account_id != EVERYBODY:
        counts = scene.choices.counts(Source.LIST, one.account_id)
        return ((one.account_id, one.account_id),) if counts else ()
    items = (scene.shelf.items.get(item_id) for item_id in scene.shelf.below(one.item_id))
    servers = {item.server_id for item in items if item is not None}
    people = [who.id for who in scene.household.viewers if who.server_id in servers]
    for_all = scene.choices.counts(Source.LIST)
    if not people and for_all:
        return ((EVERYBODY, EVERYBODY),)
    return [(EVERYBODY if for_all else who, who) for who in people if scene.choices.counts(Source.LIST, who)]


def _pins(scene: Scene) -> Iterator[Mention]:
    for pin in scene.pins:
        why = f"{pin.asked_by} pinned it"
        for item_id in scene.shelf.below(pin.item_id):
            yield Mention(Source.PIN, item_id, EVERYBODY, WHOLE, why, _PIN_SOON, preference=pin.version)


def tastes(scene: Scene, asked: Mapping[int, int]) -> dict[int, int]:
    """How tall a version each account is expected to ask for: as where it had a choice, else as it watched last."""
    return {**scene.shelf.last_height, **asked}


def ago(days: float) -> str:
    """How long ago, for people."""
    if days < 1 / 24:
        return "just now"
    if days < 2:
        hours = round(days * 24)
        return "an hour ago" if hours == 1 else f"{hours} hours ago"
    return f"{round(days)} days ago"


def _ordinal(ahead: int) -> str:
    return "the next" if ahead == 1 else f"number {ahead}"
