"""How people choose what they have not begun: by taste, by what came lately, by what the others watch."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from projectionist.features.cache.households.collection import DAY_S, Collection, Style
from projectionist.features.cache.households.people import Character, Person

_TRIED = 60
"""So many titles of the whole library does somebody look at before they choose."""


class Shelf:
    """What can be chosen from, and how much each person likes it."""

    def __init__(self, chance: np.random.Generator, collection: Collection, people: list[Person]) -> None:
        self._chance = chance
        self._films = np.array(collection.films)
        self._film_added = np.array([collection.titles[item].added_at for item in collection.films])
        self._film_kids = np.array(collection.film_for_kids, dtype=bool)
        first = [collection.titles[episodes[0]].added_at for episodes in collection.shows]
        self._show_added = np.array(first)
        self._show_kids = np.array([style is Style.KIDS for style in collection.show_style], dtype=bool)
        self.show_of = {item: show for show, episodes in enumerate(collection.shows) for item in episodes}
        self._film_liking: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
        self._show_liking: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
        for person in people:
            films = person.taste[np.array(collection.film_genre, dtype=int)] * 4 + 0.9 * np.array(
                collection.film_quality
            )
            shows = person.taste[np.array(collection.show_genre, dtype=int)] * 4 + 0.9 * np.array(
                collection.show_quality
            )
            self._film_liking[person.name] = films + chance.normal(0, 0.6, len(films))
            self._show_liking[person.name] = shows + chance.normal(0, 0.6, len(shows))

    def film(self, person: Person, at: float, seen: Container[int], recent: bool) -> int | None:
        """A film not seen before: from what came in the last weeks, or from all there is."""
        age = (at - self._film_added) / DAY_S
        there = (age > 0) & self._suits(person, self._film_kids)
        if recent:
            there &= age < 75
        numbers = self._looked_at(there)
        numbers = np.array([one for one in numbers if self._films[one] not in seen], dtype=int)
        if not len(numbers):
            return None
        liking = self._film_liking[person.name][numbers] - (age[numbers] / 20 if recent else 0)
        return int(self._films[self._choose(numbers, liking)])

    def show(self, person: Person, at: float, begun: Container[int], others: set[int]) -> int | None:
        """A show not begun before; what came lately, and what the others watch, is looked at more."""
        age = (at - self._show_added) / DAY_S
        there = (age > 0) & self._suits(person, self._show_kids)
        numbers = np.array([one for one in self._looked_at(there) if one not in begun], dtype=int)
        if not len(numbers):
            return None
        likely = person.habits.recent > 0
        liking = self._show_liking[person.name][numbers] + 1.6 * (age[numbers] < 40) * likely
        liking = liking + 0.9 * np.array([one in others for one in numbers.tolist()])
        return self._choose(numbers, liking)

    def _suits(
        self, person: Person, kids: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return kids if person.character is Character.CHILD else ~kids

    def _looked_at(
        self, there: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        numbers = np.flatnonzero(there)
        if len(numbers) > _TRIED:
            numbers = self._chance.choice(numbers, _TRIED, replace=False)
        return numbers

    def _choose(self, numbers: np.ndarray[tuple[int], np.dtype[np.int64]], liking: object) -> int:
        weights = np.exp(np.asarray(liking, dtype=float) - np.max(np.asarray(liking, dtype=float)))
        return int(self._chance.choice(numbers, p=weights / weights.sum()))
