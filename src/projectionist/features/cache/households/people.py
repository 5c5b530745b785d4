"""Who lives in a household, and what they are like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from projectionist.features.cache.households.collection import DAY_S, GENRES


class Character(StrEnum):
    """Ways of watching."""

    BINGER = "binger"
    WEEKLY = "weekly"
    FILMS = "films"
    COMFORT = "comfort"
    CASUAL = "casual"
    CHILD = "child"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody watches. Shares and chances are from 0 to 1."""

    sessions: float
    """Per day, on average."""
    episodes: float
    """In a session of a show, on average."""
    films: float
    """The share of sessions that go to films; twice that at the weekend."""
    starts: float
    """The chance that a session begins another show."""
    loyal: float
    """The chance that an episode that came out lately goes before everything else."""
    again: float
    """The share of sessions that go to what was seen before."""
    recent: float
    """Of the films seen for the first time, those chosen from what came lately."""
    listed: float
    """Of the choices, those made from the own watchlist; also how often something is put on it, per week x 3."""
    abandons: float
    """The chance to give a show up after a session of it, at its beginning."""
    hours: tuple[float, float]
    """When a session starts: the mean and the spread, in hours."""
    shuffles: float = 0.0
    """The chance that an episode is taken from anywhere in the show."""


_HABITS = {
    Character.BINGER: Habits(0.85, 3.3, 0.10, 0.05, 0.4, 0.04, 0.5, 0.20, 0.10, (20.5, 2.0)),
    Character.WEEKLY: Habits(0.75, 1.4, 0.15, 0.05, 0.85, 0.03, 0.5, 0.15, 0.08, (20.5, 1.2)),
    Character.FILMS: Habits(0.55, 1.3, 0.55, 0.05, 0.4, 0.08, 0.45, 0.35, 0.15, (20.8, 1.5)),
    Character.COMFORT: Habits(0.9, 2.6, 0.08, 0.03, 0.3, 0.50, 0.4, 0.05, 0.10, (21.0, 2.5)),
    Character.CASUAL: Habits(0.3, 1.5, 0.35, 0.12, 0.3, 0.06, 0.6, 0.10, 0.25, (20.0, 2.5)),
    Character.CHILD: Habits(0.95, 2.2, 0.22, 0.06, 0.2, 0.50, 0.35, 0.02, 0.08, (16.5, 2.5), 0.1),
    Character.GUEST: Habits(0.12, 1.5, 0.60, 0.30, 0.1, 0.05, 0.5, 0.0, 0.5, (20.5, 2.0)),
}
_ADULTS = (Character.BINGER, Character.WEEKLY, Character.FILMS, Character.COMFORT, Character.CASUAL)


class Mix(StrEnum):
    """What kind of household is drawn. The last three are there to try what a prediction does not expect."""

    FAMILY = "family"
    ADULTS = "adults"
    SHUFFLERS = "shufflers"
    """Episodes in any order, as cartoons and panel shows are watched."""
    ARCHIVISTS = "archivists"
    """Nobody cares for what came lately, and nobody keeps a watchlist."""
    FICKLE = "fickle"
    """Much is begun, little is finished."""


@dataclass(slots=True)
class Person:
    """Somebody, with their taste by genre and the days on which they are away."""

    name: str
    character: Character
    habits: Habits
    taste: np.ndarray[tuple[int], np.dtype[np.float64]]
    away: list[tuple[float, float]]

    def is_away(self, at: float) -> bool:
        """Whether they are not at home."""
        return any(begin <= at < end for begin, end in self.away)


def draw_people(chance: np.random.Generator, count: int, mix: Mix, begin: float, days: int) -> list[Person]:
    """`count` people: two adults, a child, another, and so on; and now and then a guest of theirs."""
    people = []
    for number in range(count):
        child = mix is not Mix.ADULTS and number % 4 == 2 and chance.random() < 0.85
        character = (
            Character.CHILD if child else _ADULTS[int(chance.choice(5, p=(0.27, 0.25, 0.17, 0.15, 0.16)))]
        )
        people.append(_draw(chance, f"{character}-{number + 1}", character, mix, begin, days))
    if chance.random() < 0.6:
        people.append(_draw(chance, "guest", Character.GUEST, mix, begin, days))
    return people


def _draw(
    chance: np.random.Generator, name: str, character: Character, mix: Mix, begin: float, days: int
) -> Person:
    base = _mixed(_HABITS[character], mix)
    wobble = chance.lognormal(0, 0.25, 8)
    habits = replace(
        base,
        sessions=base.sessions * wobble[0],
        episodes=1 + (base.episodes - 1) * wobble[1],
        films=min(0.9, base.films * wobble[2]),
        starts=min(0.9, base.starts * wobble[3]),
        again=min(0.8, base.again * wobble[4]),
        recent=min(0.85, base.recent * wobble[5]),
        listed=min(0.6, base.listed * wobble[6]),
        abandons=min(0.9, base.abandons * wobble[7]),
    )
    away = []
    for _ in range(int(chance.integers(1, 4)) * max(1, days // 365)):
        start = begin + float(chance.uniform(0, days)) * DAY_S
        away.append((start, start + float(chance.uniform(4, 17)) * DAY_S))
    return Person(name, character, habits, chance.dirichlet(np.full(GENRES, 0.7)), away)


def _mixed(base: Habits, mix: Mix) -> Habits:
    if mix is Mix.SHUFFLERS:
        return replace(base, shuffles=0.5)
    if mix is Mix.ARCHIVISTS:
        return replace(base, recent=0.0, listed=0.0, loyal=0.05)
    if mix is Mix.FICKLE:
        return replace(base, starts=0.4, abandons=0.6)
    return base
