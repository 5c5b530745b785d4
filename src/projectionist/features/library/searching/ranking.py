"""Which items are meant by what somebody has typed so far."""

from __future__ import annotations

from typing import NamedTuple

from projectionist.db.engine import Database
from projectionist.features.library.searching import queries
from projectionist.features.library.searching.folding import fold, trigrams
from projectionist.features.library.searching.postings import most_shared
from projectionist.features.library.searching.queries import Candidate

LONGEST_QUERY = 200
_COMPARED = 300
_SHARED = 0.3
"""The part of a query's trigrams that a title must share; two letters swapped in a short word leave a third."""


_CLOSE = 0.5
"""How like a title must be that is only like it, where others have the very words."""
_LIKE = 3


class Rank(NamedTuple):
    """What results are put in order by, the lowest first."""

    order: int
    alike: float
    prominence: int
    likeness: float
    folded: str
    year: int
    key: str


def find_ids(database: Database, text: str, size: int) -> list[int]:
    """The ids of the items that a text may mean, best first.

    Titles that begin with it come first, then those with a word that begins with each of its words, then those
    that are spelled much like it. Within these, films and shows stand before albums and those before episodes.
    """
    wanted = fold(text[:LONGEST_QUERY])
    if not wanted:
        return []
    asked = _asked(wanted)
    with database.read() as session:
        found = {row.id: row for row in queries.beginning_with(session, wanted, size)}
        if len(found) < size:
            shared = max(1, round(len(asked) * _SHARED))
            ids = most_shared(queries.postings(session, asked), shared, _COMPARED)
            found |= {row.id: row for row in queries.candidates(session, ids)}
    ranked = [(rank, row) for row in found.values() if (rank := _rank(wanted, asked, row)) is not None]
    ranked.sort(key=lambda pair: pair[0])
    if ranked and ranked[0][0].order < _LIKE:
        ranked = [pair for pair in ranked if pair[0].order < _LIKE or pair[0].alike <= -_CLOSE]
    return [row.id for _, row in ranked[:size]]


def _asked(wanted: str) -> set[str]:
    """The trigrams of a query. Its last word may go on, so nothing is said about its end."""
    last = wanted.split()[-1]
    return trigrams(wanted) - ({f"{last[-2:]} "} if len(last) > 1 else {f" {last} "})


def _rank(wanted: str, asked: set[str], row: Candidate) -> Rank | None:
    titles = row.folded.split("\n")
    shared = max(_likeness(asked, trigrams(title)) for title in titles)
    if any(title.startswith(wanted) for title in titles):
        order = 0 if wanted in titles else 1
    elif any(_begins_words(wanted, title) for title in titles):
        order = 2
    elif shared >= _SHARED:
        order = _LIKE
    else:
        return None
    alike = 0.0 if order < _LIKE else -round(shared, 1)
    return Rank(order, alike, row.prominence, -shared, row.folded, row.year or 0, row.key)


def _begins_words(wanted: str, title: str) -> bool:
    words = title.split()
    return all(any(word.startswith(begun) for word in words) for begun in wanted.split())


def _likeness(asked: set[str], there: set[str]) -> float:
    """From 0 to 1: mostly how much of the query is there, a little how much else is."""
    common = len(asked & there)
    return 0.8 * common / len(asked) + 0.2 * common / len(asked | there)
