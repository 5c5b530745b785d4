"""A library as households gather it: films and shows with their sizes, and when they came."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from projectionist.features.cache.prediction.catalogue import Kind, Title

DAY_S = 86_400.0
BEGIN = 1_735_689_600.0
"""The households' year begins on the first of January 2025."""
GENRES = 8
_GATHERED_DAYS = 1_500
_PRESENT = 0.74
"""The share of titles that are there when the year begins; the rest comes during it."""


class Style(StrEnum):
    """What a show is like."""

    DRAMA = "drama"
    SITCOM = "sitcom"
    KIDS = "kids"
    DOCUMENTARY = "documentary"


@dataclass(frozen=True, slots=True)
class _Shape:
    minutes: float
    episodes: tuple[int, int]
    seasons: tuple[int, int]
    megabits: tuple[float, float]


_SHAPES = {
    Style.DRAMA: _Shape(50, (6, 13), (1, 6), (4, 9)),
    Style.SITCOM: _Shape(22, (10, 24), (1, 9), (3, 6)),
    Style.KIDS: _Shape(12, (13, 40), (1, 4), (2, 5)),
    Style.DOCUMENTARY: _Shape(45, (3, 10), (1, 3), (4, 10)),
}


@dataclass(slots=True)
class Collection:
    """Titles, and what only their makers know of them: how good they are, for whom, and whether they are airing.

    `films` and `shows` hold numbers into `titles`; the lists beside them go film by film and show by show.
    """

    titles: list[Title] = field(default_factory=list)
    films: list[int] = field(default_factory=list)
    film_genre: list[int] = field(default_factory=list)
    film_quality: list[float] = field(default_factory=list)
    film_for_kids: list[bool] = field(default_factory=list)
    shows: list[list[int]] = field(default_factory=list)
    show_genre: list[int] = field(default_factory=list)
    show_quality: list[float] = field(default_factory=list)
    show_style: list[Style] = field(default_factory=list)


class _Gatherer:
    def __init__(self, chance: np.random.Generator, days: int) -> None:
        self.chance, self.days = chance, days
        self.made = Collection()
        self.size = 0

    def film(self) -> None:
        chance, made = self.chance, self.made
        kids = bool(chance.random() < 0.15)
        minutes = chance.normal(95 if kids else 112, 16)
        uhd = chance.random() < 0.22
        megabits = chance.uniform(18, 55) if uhd else chance.lognormal(np.log(8), 0.35)
        number = len(made.films) + 1
        made.films.append(len(made.titles))
        made.film_genre.append(int(chance.integers(GENRES)))
        made.film_quality.append(float(chance.normal()))
        made.film_for_kids.append(kids)
        self._add(f"film-{number:05d}", Kind.MOVIE, "", 0, 0, max(55.0, minutes), megabits, self._moment())

    def show(self) -> None:
        chance, made = self.chance, self.made
        style = list(Style)[int(chance.choice(4, p=(0.45, 0.25, 0.18, 0.12)))]
        shape = _SHAPES[style]
        megabits = chance.uniform(*shape.megabits) * (
            3 if style is Style.DRAMA and chance.random() < 0.15 else 1
        )
        seasons = int(chance.integers(shape.seasons[0], shape.seasons[1] + 1))
        name = f"show-{len(made.shows) + 1:04d}"
        made.shows.append([])
        made.show_genre.append(int(chance.integers(GENRES)))
        made.show_quality.append(float(chance.normal()))
        made.show_style.append(style)
        moment = self._moment()
        continuing = bool(chance.random() < 0.3)
        for season in range(1, seasons + 1):
            weekly = continuing and season == seasons
            if weekly:
                moment = max(moment, BEGIN) + chance.uniform(0, 0.9 * self.days) * DAY_S
                weekly = bool(chance.random() < 0.6)
            for episode in range(1, int(chance.integers(shape.episodes[0], shape.episodes[1] + 1)) + 1):
                minutes = shape.minutes * chance.normal(1, 0.07)
                at = moment + (episode - 1) * 7 * DAY_S * weekly
                item = f"{name}-s{season:02d}e{episode:02d}"
                made.shows[-1].append(len(made.titles))
                self._add(item, Kind.EPISODE, name, season, episode, minutes, megabits, at)

    def _moment(self) -> float:
        """When something came: gathered faster lately than long ago, and all through the year."""
        chance = self.chance
        if chance.random() < _PRESENT:
            return BEGIN - DAY_S * _GATHERED_DAYS * math.pow(chance.random(), 1.4)
        return BEGIN + DAY_S * self.days * float(chance.random())

    def _add(
        self,
        item: str,
        kind: Kind,
        show: str,
        season: int,
        episode: int,
        minutes: float,
        megabits: float,
        at: float,
    ) -> None:
        size = int(minutes * 60 * megabits * float(self.chance.lognormal(0, 0.1)) * 125_000)
        self.size += size
        self.made.titles.append(
            Title(item, kind, show, season, episode, size, round(minutes * 60.0), float(int(at)))
        )


def gather(chance: np.random.Generator, days: int, size: float, items: int | None = None) -> Collection:
    """A library of about `size` bytes, or of `items` items where that is given; 55 % of it is films, by bytes."""
    gatherer = _Gatherer(chance, days)
    films = 0
    while (len(gatherer.made.titles) < items) if items is not None else (gatherer.size < size):
        before = gatherer.size
        if films <= 0.55 * gatherer.size:
            gatherer.film()
            films += gatherer.size - before
        else:
            gatherer.show()
    return gatherer.made
