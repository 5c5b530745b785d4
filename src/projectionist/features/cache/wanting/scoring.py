"""How much a file is wanted, from 0 to 100, and what makes that up.

What is played and what is pinned is 100. Everything else is the sum of these terms, and never more than 99:

on deck     45, for what somebody has on deck; less the longer ago they watched (30 days after the first week halve it,
            never below three tenths)
next        80 for the episode after one that is played, 40 after the one on deck or watched last (less the longer ago,
            as above); each further episode has 0.85 times the points of the one before
watchlist   25 in the first 60 days on a watchlist, 15 later; each further episode of a show as above
recent      20 on the day on which it was added, falling to nothing at the end of the days that are set
list        12
prediction  60 times the chance that somebody in the household plays it within the next days, as their history has it;
            for files above 8 GB times the root of 8 GB over their size, since their copies cost more
several     5 for each further account that wants it, 15 at most

A source counts once for a file, with whoever gives it most points there. One more reason, or one more account, never
takes a point away.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from projectionist.features.cache.wanting.wants import WHOLE, Source, Term

MOST = 99.0
"""What nobody plays or pinned comes to no more than this."""
FURTHER = 0.85
"""What each further episode has of the points of the one before."""
_EACH_FURTHER_ACCOUNT, _ACCOUNTS_MOST = 5.0, 15.0
_FRESH_DAYS, _HALF_LIFE_DAYS, _STALEST = 7.0, 30.0, 0.3
_WISHED_DAYS = 60.0
_LARGE = 8 << 30
_LASTING = (Source.PLAYING, Source.PIN)


@dataclass(frozen=True, slots=True)
class Mention:
    """A source names an item, for an account (0: for nobody in particular), with points and a reason in words.

    `soon` is how soon it may be played; `part_key` the file that is meant, `preference` the version that a pin
    means, both empty where that is left open.
    """

    source: Source
    item_id: int
    account_id: int
    points: float
    why: str
    soon: float
    part_key: str = ""
    preference: str = ""


def freshness(days: float) -> float:
    """How much still speaks for somebody going on with what they watched so many days ago."""
    return 1.0 if days <= _FRESH_DAYS else max(_STALEST, 0.5 ** ((days - _FRESH_DAYS) / _HALF_LIFE_DAYS))


def on_deck_points(days: float) -> float:
    """For what was on deck when it was watched so many days ago."""
    return 45 * freshness(days)


def next_points(ahead: int, days: float, *, playing: bool) -> float:
    """For the episode that is `ahead`, from 1 on, of what is played or was watched so many days ago."""
    first = 80.0 if playing else 40 * freshness(days)
    return first * FURTHER ** (ahead - 1)


def watchlist_points(days: float, place: int) -> float:
    """For what is on a watchlist for so many days; `place` counts a show's episodes from 0."""
    return (25.0 if days <= _WISHED_DAYS else 15.0) * FURTHER**place


def recent_points(days: float, counted: float) -> float:
    """For what was added so many days ago, where so many count."""
    return 20 * max(0.0, 1 - max(0.0, days) / counted)


def list_points() -> float:
    """For what is on a list."""
    return 12.0


def prediction_points(plays: float, size: int) -> float:
    """For so many plays to be expected within the next days, of a file of so many bytes."""
    return 60 * -math.expm1(-plays) * math.sqrt(min(1.0, _LARGE / max(1, size)))


def weigh(mentions: Sequence[Mention], names: Mapping[int, str]) -> tuple[float, tuple[Term, ...]]:
    """The score of a file that is mentioned so, and its terms, the largest first. `names` are those of accounts."""
    lasting = [one for one in _best(mentions) if one.source in _LASTING]
    if lasting:
        terms = [Term(one.source, WHOLE if one is lasting[0] else 0.0, one.why) for one in lasting]
        return WHOLE, tuple(terms)
    raw = [(one.source.value, one.points, one.why) for one in _best(mentions)]
    people = sorted({one.account_id for one in mentions if one.account_id})
    if len(people) > 1:
        points = min(_ACCOUNTS_MOST, _EACH_FURTHER_ACCOUNT * (len(people) - 1))
        known = ", ".join(names.get(one, f"account {one}") for one in people)
        raw.append(("several", points, f"{len(people)} want it: {known}"))
    left, terms = MOST, []
    for name, points, why in sorted(raw, key=lambda one: (-one[1], one[0])):
        counted = min(left, round(points, 1))
        left = round(left - counted, 1)
        terms.append(Term(name, counted, why))
    return round(MOST - left, 1), tuple(terms)


def _best(mentions: Iterable[Mention]) -> list[Mention]:
    """Of each source the mention with the most points, in the order of the sources."""
    found: dict[Source, Mention] = {}
    for one in sorted(mentions, key=lambda one: (-one.points, one.account_id, one.why)):
        found.setdefault(one.source, one)
    return [found[source] for source in Source if source in found]
