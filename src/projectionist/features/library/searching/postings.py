"""Keeping the trigrams of titles, and counting which items share most of them with a query.

A row for each trigram of each item would be two million rows in a large library. So the ids are packed, one row
per trigram and segment; a segment is written once, for what a sync brought, and all are merged when there are
many. A title that changed leaves its old ids behind until then: they are candidates that do not compare well.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from projectionist.db.engine import Database
from projectionist.features.library.searching import queries
from projectionist.features.library.searching.folding import trigrams

AT_ONCE = 20_000
MOST_SEGMENTS = 24
_PACKED = np.dtype("<i8")
_DENSE = 4_000_000
"""Ids below this are counted by their place in an array."""


def index_pending(database: Database, check: Callable[[], None]) -> int:
    """Make search know every item that it does not know by its present title; how many those were."""
    done = 0
    while True:
        check()
        with database.read() as session:
            titles = queries.unindexed(session, AT_ONCE)
        if not titles:
            break
        packed = _packed(titles)
        with database.write() as session:
            if packed:
                queries.add_segment(session, _new_segment(), packed)
            queries.set_indexed(session, titles)
        done += len(titles)
    with database.read() as session:
        segments = queries.segments(session)
    if len(segments) > MOST_SEGMENTS:
        merge(database, segments, check)
    return done


def merge(database: Database, segments: Sequence[int], check: Callable[[], None]) -> None:
    """Replace these segments by few that hold every item; search goes on meanwhile, and after a kill."""
    after = 0
    while True:
        check()
        with database.read() as session:
            titles = queries.searched(session, after, AT_ONCE)
        if not titles:
            break
        after = titles[-1][0]
        packed = _packed(titles)
        with database.write() as session:
            queries.add_segment(session, _new_segment(), packed)
    for segment in segments:
        check()
        with database.write() as session:
            queries.remove_segment(session, segment)


def most_shared(packed: Sequence[bytes], at_least: int, size: int) -> list[int]:
    """The ids that stand in most of these lists, best first, then the lowest."""
    if not packed:
        return []
    every = np.concatenate([np.frombuffer(ids, dtype=_PACKED) for ids in packed])
    ids, counts = _counted(every)
    enough = counts >= at_least
    ids, counts = ids[enough], counts[enough]
    order = np.lexsort((ids, -counts))[:size]
    return [int(id_) for id_ in ids[order]]


def _counted(every: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    if every.size and every.max() < _DENSE:
        tally = np.bincount(every)
        ids = np.flatnonzero(tally)
        return ids.astype(np.int64), tally[ids].astype(np.int64)
    ids, counts = np.unique(every, return_counts=True)
    return ids, counts.astype(np.int64)


def _packed(titles: Sequence[tuple[int, str]]) -> dict[str, bytes]:
    """The ids by trigram, by way of the words, which recur; one whose words share a trigram stands there twice."""
    by_word: defaultdict[str, list[int]] = defaultdict(list)
    for id_, folded in titles:
        for word in set(folded.split()):
            by_word[word].append(id_)
    lists: defaultdict[str, list[int]] = defaultdict(list)
    for word, ids in by_word.items():
        for trigram in trigrams(word):
            lists[trigram] += ids
    return {trigram: np.array(ids, dtype=_PACKED).tobytes() for trigram, ids in lists.items()}


def _new_segment() -> int:
    """Two syncs at once take different numbers."""
    return secrets.randbelow(2**31 - 1) + 1
