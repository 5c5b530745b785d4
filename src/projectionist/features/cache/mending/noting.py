"""What looking after the cache did is kept in the history beside the moves, with what it put to rest."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from projectionist.errors import DatabaseUnusable, JobCancelled, ProjectionistError
from projectionist.features.cache.mending import moves, queries
from projectionist.features.cache.mending.grounds import Care
from projectionist.features.cache.mending.known import remembered
from projectionist.features.cache.models import Kind, MoveRow
from projectionist.features.cache.workplace import TOPIC

CACHED, HOME, RESTED, MENDED, RETURNED, FAILED = "cached", "home", "rested", "mended", "returned", "failed"
"""How it ends: the path leads to the fast disk; its file is back on the slow one; a file was put to rest; all is right
and no file has another place; a file at rest has a name again; nothing came of it, and nothing was lost."""
REMOVED = "removed"
"""How a file at rest ends whose days were over: it is gone for good."""

LEFT_AS_IT_WAS = "It left everything as it was; there is nothing to undo."
NOTHING_TO_UNDO = {
    "mended": "No file has another place by it: what was removed is at its path byte for byte.",
    "returned": "The file has a name again and is like any other; delete it where it is not wanted.",
    REMOVED: "It is gone for good: its 14 days were over.",
    "resting": "Somebody else deleted or replaced the file; what rests of it can be taken back on the page of care.",
    "renamed": "Somebody else renamed the file; the cache only followed.",
    "upgraded": "Somebody else replaced the file; what rests of it can be taken back on the page of care.",
}
"""Why moves that ended so cannot be undone."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it. `outcome` is empty where the disks are to tell: cached, rested, or else mended."""

    why: str
    outcome: str = ""
    path: Path | None = None
    """The path that it was about, where that is known only now."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is about to be done at `path`, to a file of `size` bytes; `undoes` is the move that it takes back."""

    kind: Kind
    path: Path
    size: int = 0
    also: tuple[Path, ...] = ()
    """The other paths that it may turn out to be about."""
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class _Before:
    """How the paths stood that it may be about."""

    paths: tuple[Path, ...]
    cached: frozenset[Path]
    resting: frozenset[int]


def noted(care: Care, deed: Deed, act: Callable[[], tuple[R, Told]]) -> R:
    """Do it, and keep what came of it. Raises what `act` raises; that is kept too, but for its being cancelled."""
    before = _before(care, deed)
    began = care.clock.monotonic()

    def took() -> int:
        return round((care.clock.monotonic() - began) * 1000)

    try:
        result, told = act()
    except (DatabaseUnusable, JobCancelled):
        raise
    except ProjectionistError as error:
        _keep(care, deed, before, Told(error.message, FAILED), took())
        raise
    _keep(care, deed, before, told, took())
    return result


def _before(care: Care, deed: Deed) -> _Before:
    mirrored = [one.mirrored(deed.path) for one in moves.grounds_at(care, deed.path)]
    paths = (*deed.also, deed.path, *dict.fromkeys(mirrored))
    return _Before(paths, _cached(care, paths), frozenset(_resting(care, paths)))


def _cached(care: Care, paths: Collection[Path]) -> frozenset[Path]:
    return frozenset(path for path in paths if remembered(care.database, path) is not None)


def _resting(care: Care, paths: Collection[Path]) -> list[int]:
    """The numbers of what rests of these paths, what lies beside its path first."""
    with care.database.read() as session:
        rows = queries.rests_of(session, [str(path) for path in paths])
        ordered = sorted(rows, key=lambda row: Path(row.resting).parent != Path(row.path).parent)
        return [row.id for row in ordered]


def _keep(care: Care, deed: Deed, before: _Before, told: Told, took_ms: int) -> None:
    rests = [one for one in _resting(care, before.paths) if one not in before.resting]
    cached = _cached(care, before.paths) - before.cached
    outcome = told.outcome or (CACHED if cached else RESTED if rests else MENDED)
    path = told.path or next(iter(cached), before.paths[-1])
    tier = _tier(care, path)
    given_up = rests[0] if rests and outcome in (RESTED, MENDED) else None
    with care.database.write() as session:
        title, item_id = queries.named(session, str(path))
        session.add(
            MoveRow(
                at=care.clock.now(),
                kind=deed.kind,
                path=str(path),
                title=title,
                item_id=item_id,
                tier=tier,
                node=care.node,
                outcome=outcome,
                size=deed.size,
                took_ms=took_ms,
                why=told.why,
                asked_by=care.asked_by,
                undoes=deed.undoes,
                rest_id=given_up,
            )
        )
        if care.tell is not None:
            care.tell(session, TOPIC, {"kind": deed.kind, "outcome": outcome})


def _tier(care: Care, path: Path) -> str:
    """What people call the tier that a path's copy is on, or would go to; empty where that is not one only."""
    known = remembered(care.database, path)
    grounds = moves.grounds_above(care, path)
    if known is not None:
        grounds = [one for one in grounds if one.fast_root == known.spot.fast_root]
    names = {one.tier for one in grounds}
    return names.pop() if len(names) == 1 else ""
