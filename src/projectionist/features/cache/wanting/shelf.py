"""What there is to watch, in the order in which it is watched, and how far everybody is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from projectionist.features.library.service import Household, Progress, Watchable
from projectionist.media.vocabulary import ItemKind


class Shelf:
    """A household's films and episodes by id, and its shows in order."""

    def __init__(self, household: Household) -> None:
        self.items: dict[int, Watchable] = {one.id: one for one in household.watchables}
        self.unfinished: list[Progress] = []
        self.last_of_show: dict[tuple[int, int], tuple[datetime, int]] = {}
        """What an account watched last of a show, and when."""
        self.last_height: dict[int, int] = {}
        """How tall that was which an account watched last."""
        self.played_at: dict[int, datetime] = {}
        """When an item was watched last, by anybody."""
        self._watched: dict[int, set[int]] = {}
        self._shows: dict[int, list[int]] = {}
        self._place: dict[int, int] = {}
        self._below: dict[int, list[int]] = {}
        self._order()
        self._follow(household)

    def has_watched(self, account_id: int, item_id: int) -> bool:
        """Whether somebody has seen an item to its end."""
        return item_id in self._watched.get(account_id, ())

    def following(self, item_id: int, count: int, account_id: int) -> list[int]:
        """Up to `count` episodes after one, across seasons, that somebody has not watched.

        Specials follow specials only. Who watches again, the very next one too, is not spared what they have seen.
        """
        item = self.items.get(item_id)
        if item is None or item.show_id is None or item_id not in self._place:
            return []
        later = self._shows[item.show_id][self._place[item_id] + 1 :]
        later = [one for one in later if (self.items[one].season == 0) == (item.season == 0)]
        again = (
            bool(later) and self.has_watched(account_id, item_id) and self.has_watched(account_id, later[0])
        )
        return _some(later if again else self._unwatched(later, account_id), count)

    def first_unwatched(self, work_id: int, count: int, account_id: int) -> list[int]:
        """A film itself, or up to `count` first episodes of a show or season, that somebody has not watched."""
        if work_id in self.items:
            return [] if self.has_watched(account_id, work_id) else [work_id]
        episodes = self.below(work_id)
        regular = [one for one in episodes if self.items[one].season != 0] or episodes
        return _some(self._unwatched(regular, account_id), count)

    def below(self, work_id: int) -> Sequence[int]:
        """The films and episodes that an item is or holds, in order."""
        return (work_id,) if work_id in self.items else self._below.get(work_id, ())

    def _unwatched(self, items: Iterable[int], account_id: int) -> Iterator[int]:
        watched: Collection[int] = self._watched.get(account_id, ())
        return (one for one in items if one not in watched)

    def _order(self) -> None:
        for one in self.items.values():
            if one.kind != ItemKind.EPISODE or one.show_id is None:
                continue
            self._below.setdefault(one.show_id, []).append(one.id)
            if one.season_id is not None:
                self._below.setdefault(one.season_id, []).append(one.id)
            if one.number is not None and one.season is not None:
                self._shows.setdefault(one.show_id, []).append(one.id)
        for episodes in (*self._below.values(), *self._shows.values()):
            episodes.sort(key=self._turn)
        for episodes in self._shows.values():
            self._place.update((id_, place) for place, id_ in enumerate(episodes))

    def _turn(self, id_: int) -> tuple[int, int, int]:
        one = self.items[id_]
        return one.season or 0, one.number or 0, id_

    def _follow(self, household: Household) -> None:
        latest: dict[int, datetime] = {}
        lines = [(one.account_id, one.item_id, one.at) for one in household.history]
        for state in household.progress:
            if state.watched_count > 0:
                self._watched.setdefault(state.account_id, set()).add(state.item_id)
            if state.watched_at is not None:
                lines.append((state.account_id, state.item_id, state.watched_at))
            if state.position_ms > 0:
                self.unfinished.append(state)
        for account_id, item_id, at in lines:
            if (known := self.played_at.get(item_id)) is None or at > known:
                self.played_at[item_id] = at
            item = self.items.get(item_id)
            if item is None:
                continue
            if item.height and ((last := latest.get(account_id)) is None or at > last):
                latest[account_id], self.last_height[account_id] = at, item.height
            if item.show_id is not None:
                course = (account_id, item.show_id)
                if course not in self.last_of_show or (at, item_id) > self.last_of_show[course]:
                    self.last_of_show[course] = (at, item_id)


def _some(items: Iterable[int], count: int) -> list[int]:
    return [one for one, _ in zip(items, range(count), strict=False)]
