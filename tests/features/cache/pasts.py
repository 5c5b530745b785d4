"""Small pasts, written as people would tell them."""

from __future__ import annotations

from collections.abc import Sequence

from projectionist.features.cache.prediction.catalogue import Catalogue, Kind, Title
from projectionist.features.cache.prediction.records import Past, Play, Wish

GB = 1 << 30
HOUR = 3600.0
DAY = 24 * HOUR
RATE = 150 << 20


def film(item: str, *, size: int = GB, added: float = 0.0) -> Title:
    return Title(item, Kind.MOVIE, "", 0, 0, size, 6000, added)


def show(
    name: str, episodes: int, *, size: int = GB, added: float = 0.0, weekly: bool = False
) -> list[Title]:
    return [
        Title(
            f"{name}{one}",
            Kind.EPISODE,
            name,
            1 + (one > 6),
            one,
            size,
            1800,
            added + weekly * (one - 1) * 7 * DAY,
        )
        for one in range(1, episodes + 1)
    ]


def past(
    titles: Sequence[Title],
    plays: Sequence[tuple[float, str, str]],
    wishes: Sequence[tuple[float, str, str]] = (),
) -> Past:
    """Plays from beginning to end; wishes of films."""
    catalogue = Catalogue.of(titles)
    return Past(
        catalogue,
        [
            Play(at, user, catalogue.number[item], titles[catalogue.number[item]].duration, True)
            for at, user, item in plays
        ],
        [Wish(at, user, catalogue.number[item], -1, True) for at, user, item in wishes],
    )
