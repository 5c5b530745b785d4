"""A household's year, evening by evening."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from projectionist.features.cache.households.choosing import Shelf
from projectionist.features.cache.households.collection import BEGIN, DAY_S, Collection, gather
from projectionist.features.cache.households.people import Character, Mix, Person, draw_people
from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.records import Past, Play, Wish

_FALLS_ASLEEP = 0.05
_LEAVES_A_FILM = 0.12
_PAUSES = 0.04


@dataclass(slots=True)
class _Course:
    """Somebody's way through a show: the place of the next episode, and when it goes on."""

    place: int
    seen: int = 0
    not_before: float = 0.0
    last: float = 0.0
    position: float = 0.0
    """Where the next episode was left, in seconds."""


@dataclass(slots=True)
class _Viewer:
    person: Person
    courses: dict[int, _Course] = field(default_factory=dict)
    given_up: set[int] = field(default_factory=set)
    seen: dict[int, int] = field(default_factory=dict)
    """How often an item was finished."""
    films_left: dict[int, float] = field(default_factory=dict)
    favourites: list[int] = field(default_factory=list)
    listed: list[int] = field(default_factory=list)
    """Films by item, shows by -1 - number."""
    free_at: float = 0.0


class _Year:
    def __init__(self, chance: np.random.Generator, collection: Collection, people: list[Person]) -> None:
        self.chance, self.collection = chance, collection
        self.shelf = Shelf(chance, collection, people)
        self.viewers = [_Viewer(person) for person in people]
        self.plays: list[Play] = []
        self.wishes: list[Wish] = []

    def day(self, day: int) -> None:
        morning = BEGIN + day * DAY_S
        weekend, season = (day + 2) % 7 in (4, 5, 6), 1 + 0.25 * np.cos(2 * np.pi * day / 365)
        for viewer in self.viewers:
            if viewer.person.is_away(morning):
                continue
            self._list(viewer, morning)
            habits = viewer.person.habits
            rate = habits.sessions * season * (1.35 if weekend else 0.87)
            for _ in range(int(self.chance.poisson(rate))):
                hour = float(self.chance.normal(*habits.hours)) - (
                    3.5 if weekend and self.chance.random() < 0.3 else 0
                )
                at = max(morning + max(6.0, hour) * 3600, viewer.free_at)
                viewer.free_at = self._session(viewer, at, weekend=weekend) + 600

    def _session(self, viewer: _Viewer, at: float, *, weekend: bool) -> float:
        habits, chance = viewer.person.habits, self.chance
        if viewer.films_left and chance.random() < 0.45:
            return self._film(viewer, at, next(iter(viewer.films_left)))
        if (
            viewer.person.character is Character.CHILD
            and viewer.favourites
            and chance.random() < habits.again
        ):
            return self._favourites(viewer, at)
        if chance.random() < min(0.9, habits.films * (1.7 if weekend else 0.7)):
            return self._film(viewer, at, self._pick_film(viewer, at))
        if (
            viewer.person.character is not Character.CHILD
            and viewer.favourites
            and chance.random() < habits.again
        ):
            return self._comfort(viewer, at)
        return self._show(viewer, at)

    def _show(self, viewer: _Viewer, at: float) -> float:
        habits, chance = viewer.person.habits, self.chance
        fresh, going = self._open_courses(viewer, at)
        if fresh and chance.random() < habits.loyal:
            show, most = fresh[0], 1.0
        elif going and chance.random() > habits.starts:
            show = going[0] if chance.random() < 0.65 else going[int(chance.integers(len(going)))]
            most = habits.episodes
        else:
            chosen = self._pick_show(viewer, at)
            if chosen is None:
                return at
            viewer.courses.setdefault(chosen, _Course(0))
            show, most = chosen, habits.episodes
        return self._episodes(viewer, at, show, int(chance.geometric(1 / max(1.0, most))))

    def _open_courses(self, viewer: _Viewer, at: float) -> tuple[list[int], list[int]]:
        """The shows with an episode that came lately, and all that can go on, the latest first."""
        fresh, going = [], []
        for show, course in viewer.courses.items():
            episodes = self.collection.shows[show]
            if show in viewer.given_up or course.not_before > at or course.place >= len(episodes):
                continue
            added = self.collection.titles[episodes[course.place]].added_at
            if added + 3600 <= at:
                going.append((course.last, show))
                if course.seen and added > max(course.last, at - 10 * DAY_S):
                    fresh.append((added, show))
        return [show for _, show in sorted(fresh)], [show for _, show in sorted(going, reverse=True)]

    def _episodes(self, viewer: _Viewer, at: float, show: int, count: int) -> float:
        chance, habits = self.chance, viewer.person.habits
        course, episodes = viewer.courses[show], self.collection.shows[show]
        for _ in range(count):
            there = [one for one in episodes if self.collection.titles[one].added_at <= at]
            if course.place >= len(there):
                break
            jumps = chance.random() < habits.shuffles
            item = there[int(chance.integers(len(there)))] if jumps else there[course.place]
            begun = 0.0 if jumps else course.position
            sleeps = chance.random() < _FALLS_ASLEEP
            at, position = self._play(
                viewer, at, item, begun, float(chance.uniform(0.2, 0.85)) if sleeps else 1.0
            )
            course.last = at
            if sleeps:
                course.position = 0.0 if jumps else position
                break
            course.seen += 1
            if not jumps:
                course.place, course.position = course.place + 1, 0.0
            self._grow_fond(viewer, item)
            at += float(chance.uniform(8, 90))
        if chance.random() < habits.abandons / (1 + course.seen / 4):
            viewer.given_up.add(show)
        elif chance.random() < _PAUSES:
            course.not_before = at + float(chance.uniform(15, 120)) * DAY_S
        return at

    def _film(self, viewer: _Viewer, at: float, item: int | None) -> float:
        if item is None:
            return at
        chance = self.chance
        begun = viewer.films_left.pop(item, 0.0)
        leaves = chance.random() < _LEAVES_A_FILM
        end, position = self._play(
            viewer, at, item, begun, float(chance.uniform(0.2, 0.85)) if leaves else 1.0
        )
        if leaves and chance.random() < 0.65:
            viewer.films_left[item] = position
        elif not leaves:
            self._grow_fond(viewer, item)
        return end

    def _play(self, viewer: _Viewer, at: float, item: int, begun: float, share: float) -> tuple[float, float]:
        """Watch from `begun` to a share of the length; when that is over, and where it ended."""
        duration = self.collection.titles[item].duration
        position = (
            max(begun + 60, duration * share) if share < 1 else duration * float(self.chance.uniform(0.95, 1))
        )
        finished = share == 1 or position >= duration
        self.plays.append(Play(float(int(at)), viewer.person.name, item, float(int(position)), finished))
        if finished:
            viewer.seen[item] = viewer.seen.get(item, 0) + 1
        return at + max(60.0, position - begun), position

    def _grow_fond(self, viewer: _Viewer, item: int) -> None:
        """Some of what is seen becomes a favourite; the oldest favourites fade."""
        child = viewer.person.character is Character.CHILD
        if item not in viewer.favourites and self.chance.random() < (0.15 if child else 0.05):
            viewer.favourites.append(item)
            del viewer.favourites[: -(14 if child else 25)]

    def _favourites(self, viewer: _Viewer, at: float) -> float:
        weights = 1.0 / np.arange(1, len(viewer.favourites) + 1) ** 0.8
        for _ in range(int(self.chance.geometric(1 / viewer.person.habits.episodes))):
            item = viewer.favourites[-1 - int(self.chance.choice(len(weights), p=weights / weights.sum()))]
            duration = self.collection.titles[item].duration
            at, _ = self._play(viewer, at, item, 0.0, 1.0)
            at += float(self.chance.uniform(8, 300))
            if duration > 3000:
                break
        return at

    def _comfort(self, viewer: _Viewer, at: float) -> float:
        """A film once more, or some episodes on from one that was liked."""
        item = viewer.favourites[int(self.chance.integers(len(viewer.favourites)))]
        show = self.shelf.show_of.get(item)
        if show is None:
            return self._play(viewer, at, item, 0.0, 1.0)[0]
        episodes = self.collection.shows[show]
        first = episodes.index(item)
        for one in episodes[first : first + int(self.chance.geometric(1 / viewer.person.habits.episodes))]:
            if viewer.seen.get(one):
                at = self._play(viewer, at, one, 0.0, 1.0)[0] + float(self.chance.uniform(8, 90))
        return at

    def _pick_film(self, viewer: _Viewer, at: float) -> int | None:
        habits, chance = viewer.person.habits, self.chance
        listed = [one for one in viewer.listed if one >= 0]
        if listed and chance.random() < habits.listed:
            chosen = listed[int(chance.integers(len(listed)))]
            self._unlist(viewer, at, chosen)
            return chosen
        return self.shelf.film(viewer.person, at, viewer.seen, recent=bool(chance.random() < habits.recent))

    def _pick_show(self, viewer: _Viewer, at: float) -> int | None:
        listed = [-1 - one for one in viewer.listed if one < 0]
        if listed and self.chance.random() < 1.5 * viewer.person.habits.listed:
            chosen = listed[int(self.chance.integers(len(listed)))]
            self._unlist(viewer, at, -1 - chosen)
            return chosen
        others = {show for other in self.viewers for show in other.courses if other is not viewer}
        return self.shelf.show(viewer.person, at, viewer.courses, others)

    def _list(self, viewer: _Viewer, at: float) -> None:
        """Put something on the watchlist, or take off what will never be watched."""
        habits, chance = viewer.person.habits, self.chance
        if chance.random() < habits.listed * 3 / 7:
            show = (
                self.shelf.show(viewer.person, at, viewer.courses, set()) if chance.random() < 0.35 else None
            )
            film = (
                None
                if show is not None
                else self.shelf.film(viewer.person, at, viewer.seen, chance.random() < 0.6)
            )
            chosen = film if show is None else -1 - show
            if chosen is not None and chosen not in viewer.listed:
                viewer.listed.append(chosen)
                self._wish(viewer, at, chosen, added=True)
        if viewer.listed and chance.random() < 0.02:
            self._unlist(viewer, at, viewer.listed[0])

    def _unlist(self, viewer: _Viewer, at: float, chosen: int) -> None:
        """Off the list, some hours later: after it was watched."""
        viewer.listed.remove(chosen)
        self._wish(viewer, at + 4 * 3600, chosen, added=False)

    def _wish(self, viewer: _Viewer, at: float, chosen: int, *, added: bool) -> None:
        at = float(int(at + 12 * 3600)) if added else float(int(at))
        item, show = (chosen, -1) if chosen >= 0 else (-1, -1 - chosen)
        self.wishes.append(Wish(at, viewer.person.name, item, show, added))


def live(
    seed: int,
    *,
    users: int = 4,
    days: int = 365,
    size: float = 35e12,
    items: int | None = None,
    mix: Mix = Mix.FAMILY,
) -> Past:
    """A year of a household of `users` people and a guest now and then; the same for the same seed.

    The library is of about `size` bytes, or of `items` items where that is given.
    """
    chance = np.random.default_rng(seed)
    collection = gather(chance, days, size, items)
    people = draw_people(chance, users, mix, BEGIN, days)
    year = _Year(chance, collection, people)
    for day in range(days):
        year.day(day)
    catalogue = Catalogue.of(collection.titles)
    numbers = {show: catalogue.show_of[episodes[0]] for show, episodes in enumerate(collection.shows)}
    wishes = [replace(wish, show=numbers[wish.show]) if wish.show >= 0 else wish for wish in year.wishes]
    return Past(
        catalogue,
        sorted(year.plays, key=lambda play: play.at),
        sorted(wishes, key=lambda wish: wish.at),
    )
