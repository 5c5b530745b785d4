"""How much a file is wanted, from 0 to 100, and what makes that up.

What is played and what is pinned is 100. The score of everything else follows from its worth, which orders the plan:
the chance that somebody plays it within the next days, for each byte that it takes. For a file of the usual size (the
median of what is wanted) 15 in a hundred are a score of half of 99; half of that chance, or twice the size, a third of
99. So the scores are in the order of the plan, and one more reason, or one more account, never takes a point away.

The plays to expect are those of the prediction, which learns what each reason has come to in this household: on deck,
next, on a watchlist, new, watched again. Where it says nothing of an item, or is not to think of an account's history,
each account adds the plays that its strongest reason promises in any household (`promised`). What comes after what is
played right now adds its promise in any case, and so do that itself and lists.

The terms share the score out by the points of their reasons:

on deck     45, less the longer ago somebody watched (30 days after the first week halve it, never below three tenths)
next        80 for the episode after one that is played, 40 after the one on deck or watched last (less the longer ago,
            as above); each further episode has 0.85 times the points of the one before
watchlist   25 in the first 60 days on a watchlist, 15 later; each further episode of a show as above
recent      20 on the day on which it was added, falling to nothing at the end of the days that are set
list        12
prediction  60 times the chance that somebody in the household plays it within the next days, as their history has it
several     5 for each further account that wants it, 15 at most

A source counts once for a file, with whoever gives it most points there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from projectionist.features.cache.prediction.planning import NOTHING, THRIFT, Outlook
from projectionist.features.cache.wanting.wants import WHOLE, Source, Term

MOST = 99.0
"""What nobody plays or pinned comes to no more than this."""
FURTHER = 0.85
"""What each further episode has of the points of the one before."""
_EACH_FURTHER_ACCOUNT, _ACCOUNTS_MOST = 5.0, 15.0
_FRESH_DAYS, _HALF_LIFE_DAYS, _STALEST = 7.0, 30.0, 0.3
_WISHED_DAYS = 60.0
_HALF = 0.15
"""The chance that is half the score."""
_LASTING = (Source.PLAYING, Source.PIN)
_PROMISED: Mapping[Source, tuple[float, float]] = {
    Source.PLAYING: (0.01, WHOLE),
    Source.ON_DECK: (3.0, 45.0),
    Source.NEXT: (1.0, 40.0),
    Source.WATCHLIST: (0.015, 25.0),
    Source.RECENT: (0.01, 20.0),
    Source.LIST: (0.005, 12.0),
}
"""The plays a day that a source promises for so many points; going on counts as often as missing it matters more.

What is played promises no more than that one play in ten is broken off and gone on with: nothing else is ever found on
the fast disk for a copy that is made while somebody watches.
"""
_MONTH_DAYS = 10.0
"""A promise is as good as kept or broken after so many days."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A source names an item, for an account (0: for nobody in particular), with points and a reason in words.

    `soon` is how soon it may be played, where a source knows better than what is expected; `part_key` the file that
    is meant, `preference` the version that a pin means, both empty where that is left open. `is_now` where it follows
    from what is played right now.
    """

    source: Source
    item_id: int
    account_id: int
    points: float
    why: str
    soon: float
    part_key: str = ""
    preference: str = ""
    is_now: bool = False


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


def chance_of(plays: float) -> float:
    """The chance, 0 to 1, of at least one where so many plays are expected."""
    return -math.expm1(-plays)


def prediction_points(plays: float) -> float:
    """For so many plays to be expected within the next days."""
    return 60 * chance_of(plays)


def promised(mentions: Iterable[Mention], learned: Outlook, knows: Callable[[int], bool]) -> Outlook:
    """The plays to expect of an item that is mentioned so, with those that were `learned` from the history.

    `knows` tells of an account whether its history is thought of.
    """
    best: dict[int, Outlook] = {}
    for one in mentions:
        is_told = one.source is not Source.LIST and learned != NOTHING and knows(one.account_id)
        if one.source in _PROMISED and (one.is_now or not is_told):
            a_day, points = _PROMISED[one.source]
            plays = a_day * one.points / points
            promise = Outlook(plays * THRIFT.soon_days, plays * THRIFT.keep_days, plays * _MONTH_DAYS)
            best[one.account_id] = max(best.get(one.account_id, NOTHING), promise)
    return sum(best.values(), learned)


def is_lasting(mentions: Iterable[Mention]) -> bool:
    """Whether something is played or pinned."""
    return any(one.source in _LASTING for one in mentions)


def score_of(chance: float) -> float:
    """The score of such a chance, of a file of the usual size; more is never less."""
    return round(MOST * chance / (chance + _HALF), 1)


def weigh(
    mentions: Sequence[Mention], names: Mapping[int, str], chance: float
) -> tuple[float, tuple[Term, ...]]:
    """The score of a file that is mentioned so, and its terms, the largest first. `names` are those of accounts.

    `chance` is that of a play within the next days, for as many bytes as a file usually has.
    """
    best = _best(mentions)
    lasting = [one for one in best if one.source in _LASTING]
    if lasting:
        terms = [Term(one.source, WHOLE if one is lasting[0] else 0.0, one.why) for one in lasting]
        return WHOLE, tuple(terms)
    raw = [(one.source.value, one.points, one.why) for one in best]
    people = sorted({one.account_id for one in mentions if one.account_id})
    if len(people) > 1:
        points = min(_ACCOUNTS_MOST, _EACH_FURTHER_ACCOUNT * (len(people) - 1))
        known = ", ".join(names.get(one, f"account {one}") for one in people)
        raw.append(("several", points, f"{len(people)} want it: {known}"))
    score = score_of(chance)
    return score, _shared_out(score, sorted(raw, key=lambda one: (-one[1], one[0])))


def _shared_out(score: float, raw: Sequence[tuple[str, float, str]]) -> tuple[Term, ...]:
    """Each term has its share of the score by its points; what rounding leaves is for the largest."""
    total = sum(points for _, points, _ in raw) or 1.0
    left, terms = score, []
    for name, points, why in reversed(raw[1:]):
        counted = min(left, math.floor(10 * score * points / total) / 10)
        left = round(left - counted, 1)
        terms.append(Term(name, counted, why))
    name, _, why = raw[0]
    return Term(name, left, why), *reversed(terms)


def _best(mentions: Iterable[Mention]) -> list[Mention]:
    """Of each source the mention with the most points, in the order of the sources."""
    found: dict[Source, Mention] = {}
    for one in sorted(mentions, key=lambda one: (-one.points, one.account_id, one.why)):
        found.setdefault(one.source, one)
    return [found[source] for source in Source if source in found]
