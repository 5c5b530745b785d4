"""The moves that ended: lists of them, which can still be taken back, a timeline, and how fast copies went."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from projectionist.errors import Conflict
from projectionist.features.cache.mending.noting import LEFT_AS_IT_WAS, NOTHING_TO_UNDO
from projectionist.features.cache.models import Kind, MoveRow
from projectionist.features.cache.reading import queries
from projectionist.features.cache.reading.films import require_sort, require_text
from projectionist.features.cache.running.errands import Ended, ended_of
from projectionist.features.cache.workplace import Workplace
from projectionist.media.vocabulary import Page

FAILED = ("failed", "no_room", "unseen")
"""How moves end about which somebody may have to do something."""
_COPIES = 20
_NO_ONE = (0, 0)

KindFilter = Literal["", "cache_in", "move_back", "repair", "take_over", "take_back", "let_go"]
Result = Literal["", "moved", "failed", "unchanged"]


@dataclass(frozen=True, slots=True)
class MoveFilter:
    """Which moves, and in which order; empty means all. `kind` is one of Kind."""

    text: str = ""
    kind: KindFilter = ""
    result: Result = ""
    sort: str = "-at"


@dataclass(frozen=True, slots=True)
class Past:
    """A move that ended, whether it was undone, and why it cannot be now; empty where it can."""

    move: Ended
    was_undone: bool
    why_not: str

    @property
    def can_undo(self) -> bool:
        """Whether it can be taken back now."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class Day:
    """What was moved on a day of the viewer: how many files, and how many bytes.

    `cared` is what was mended, taken over, taken back, or removed when its rest was over.
    """

    day: date
    brought: int = 0
    brought_bytes: int = 0
    returned: int = 0
    returned_bytes: int = 0
    cared: int = 0
    cared_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the last copies went: bytes a second, over how many of them."""

    rate: float
    copies: int

    def seconds(self, size: int) -> float:
        """How long so much is going to take at this rate: an estimate."""
        return size / self.rate


def moves(place: Workplace, wanted: MoveFilter, *, offset: int = 0, size: int = 50) -> Page[Past]:
    """A page of the moves that ended. Raises InputWrong."""
    require_sort(wanted.sort, queries.MOVE_SORTS)
    require_text(wanted.text)
    outcomes = {"moved": queries.MOVED, "failed": FAILED}.get(wanted.result, ())
    but = (*queries.MOVED, *FAILED) if wanted.result == "unchanged" else ()
    with place.database.read() as session:
        rows, total = queries.moves(
            session,
            text=wanted.text.strip(),
            kind=wanted.kind,
            outcomes=outcomes,
            but=but,
            sort=wanted.sort,
            offset=offset,
            size=size,
        )
        undone = queries.undone(session, [row.id for row in rows])
        there = queries.on_fast(session, [row.path for row in rows])
        rests = queries.at_rest(session, [row.rest_id for row in rows if row.rest_id is not None])
    return Page(tuple(_past(ended_of(row), undone, there, rests) for row in rows), offset, total)


def require_undoable(place: Workplace, row: MoveRow) -> None:
    """Raise Conflict where a move cannot be taken back now, in the words of the list of moves."""
    with place.database.read() as session:
        found = _past(
            ended_of(row),
            queries.undone(session, [row.id]),
            queries.on_fast(session, [row.path]),
            queries.at_rest(session, [row.rest_id] if row.rest_id is not None else []),
        )
    if not found.can_undo:
        raise Conflict(f"{found.why_not} Nothing was changed.")


def _past(move: Ended, undone: Container[int], there: Container[str], rests: Container[int | None]) -> Past:
    was_undone = move.id in undone
    why_not = _why_not(move, is_there=move.path in there, rests=move.rest_id in rests, undone=was_undone)
    return Past(move, was_undone, why_not)


def timeline(place: Workplace, zone: ZoneInfo, days: int = 30) -> Sequence[Day]:
    """What was moved on each of the last days as they are in a zone, today the last."""
    today = place.clock.now().astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since = datetime.combine(first, time.min, zone)
    counts: dict[tuple[date, str], tuple[int, int]] = {}
    with place.database.read() as session:
        for at, kind, size in queries.moved_since(session, since):
            key = (at.astimezone(zone).date(), kind)
            key = key if kind in (Kind.CACHE_IN, Kind.MOVE_BACK) else (key[0], "")
            number, total = counts.get(key, _NO_ONE)
            counts[key] = (number + 1, total + size)
    return [
        Day(
            day,
            *counts.get((day, Kind.CACHE_IN), _NO_ONE),
            *counts.get((day, Kind.MOVE_BACK), _NO_ONE),
            *counts.get((day, ""), _NO_ONE),
        )
        for day in (first + timedelta(days=number) for number in range(days))
    ]


def pace(place: Workplace) -> Pace | None:
    """How fast the last copies went; None where none was made."""
    with place.database.read() as session:
        rows = queries.last_copies(session, _COPIES)
    seconds = sum(took_ms for _, took_ms in rows) / 1000
    return Pace(sum(size for size, _ in rows) / seconds, len(rows)) if seconds else None


def _why_not(move: Ended, *, is_there: bool, rests: bool, undone: bool) -> str:
    """Why a move cannot be taken back now; empty where it can, for its file is still where it put it."""
    if undone:
        return "It was undone."
    if move.rest_id is not None:
        return "" if rests else "What it put to rest was taken back, or its 14 days were over."
    if move.outcome == "cached" and move.kind is not Kind.MOVE_BACK:
        return "" if is_there else "The file is not on the fast disk any more."
    if move.outcome == "home" and move.kind is not Kind.CACHE_IN:
        if is_there:
            return "The file is on the fast disk again."
        return "" if move.tier else "Nobody remembers from which fast disk it came."
    return NOTHING_TO_UNDO.get(move.outcome, LEFT_AS_IT_WAS)
