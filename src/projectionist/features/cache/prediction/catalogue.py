"""What there is to watch, numbered: prediction and planning work with numbers, people see titles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice


class Kind(StrEnum):
    """What an item is."""

    MOVIE = "movie"
    EPISODE = "episode"


@dataclass(frozen=True, slots=True)
class Title:
    """One item of a library. `size` is in bytes, `duration` in seconds, `added_at` in seconds since 1970, UTC.

    `show`, `season` and `episode` mean something for episodes only.
    """

    item: str
    kind: Kind
    show: str
    season: int
    episode: int
    size: int
    duration: float
    added_at: float


@dataclass(slots=True)
class Catalogue:
    """Titles by number, and the episodes of each show in the order in which they are watched."""

    titles: list[Title]
    number: dict[str, int] = field(default_factory=dict)
    """The number of an item, by its key."""
    sizes: list[int] = field(default_factory=list)
    added: list[float] = field(default_factory=list)
    show_of: list[int] = field(default_factory=list)
    """The number of an item's show; -1 for what belongs to none."""
    place: list[int] = field(default_factory=list)
    """Where an item stands in its show."""
    shows: list[list[int]] = field(default_factory=list)
    """The items of each show, by season and episode."""
    show_number: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, titles: Sequence[Title]) -> Catalogue:
        """Number `titles` in the order in which they come."""
        made = cls([])
        made.append(titles)
        return made

    def append(self, titles: Sequence[Title]) -> None:
        """Number more titles, after those that have numbers; theirs stay as they are."""
        touched: set[int] = set()
        for at, title in enumerate(titles, len(self.titles)):
            show = -1
            if title.kind is Kind.EPISODE:
                show = self.show_number.setdefault(title.show, len(self.shows))
                if show == len(self.shows):
                    self.shows.append([])
                self.shows[show].append(at)
                touched.add(show)
            self.number[title.item] = at
            self.sizes.append(title.size)
            self.added.append(title.added_at)
            self.show_of.append(show)
            self.place.append(0)
        self.titles.extend(titles)
        for show in touched:
            episodes = self.shows[show]
            episodes.sort(key=lambda at: (self.titles[at].season, self.titles[at].episode))
            for place, at in enumerate(episodes):
                self.place[at] = place

    def following(self, item: int, count: int, now: float) -> list[int]:
        """Up to `count` episodes after `item` in its show, across seasons, that are there at `now`."""
        show = self.show_of[item]
        if show < 0:
            return []
        return self.present(show, self.place[item] + 1, count, now)

    def present(self, show: int, place: int, count: int, now: float) -> list[int]:
        """Up to `count` episodes of a show from `place` on that are there at `now`."""
        episodes, added = self.shows[show], self.added
        found = episodes[place : place + count]
        if max(map(added.__getitem__, found), default=now) <= now:
            return found
        return list(islice((one for one in episodes[place:] if added[one] <= now), count))
