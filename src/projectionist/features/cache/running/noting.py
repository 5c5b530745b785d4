"""Every move that ended is kept with why it was made and how it went, and told to whoever looks on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from projectionist.errors import JobCancelled, JobPostponed, ProjectionistError
from projectionist.features.cache.mending import queries
from projectionist.features.cache.mending.noting import REMOVED
from projectionist.features.cache.models import Kind, MoveRow, RestRow
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.workplace import TOPIC, Workplace

FAILED, CANCELLED, NO_ROOM = "failed", "cancelled", "no_room"
"""How a move ends that has no outcome of its own."""

_RESTED_AS = {
    "deleted": "as its path had been deleted",
    "upgraded": "as its path had got a new version",
    "replaced": "as another file had taken its place",
    "duplicate": "as it was there twice",
    "damaged": "as its content was wrong",
    "orphan": "as nobody knew it",
    "half": "as a mover had left it half",
    "drive_away": "as its disk was away and its path had been given its original again",
    "left_over": "as it was left over from a move",
}
"""Why files come to rest, in words; of those that were only found at rest nobody knows it."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a move, and why where that is not why it was asked for."""

    outcome: Outcome
    why: str = ""


def noted(place: Workplace, kind: Kind, errand: Errand, tier: str, act: Callable[[], Came]) -> Came:
    """Make a move and keep what came of it. Raises what `act` raises, which is kept too.

    Not kept is what is put off, or goes on after a restart: it has not ended.
    """
    began = place.clock.monotonic()

    def took() -> int:
        return round((place.clock.monotonic() - began) * 1000)

    try:
        came = act()
    except JobPostponed:
        raise
    except JobCancelled as error:
        if type(error) is JobCancelled:  # else the process ends, and it is done again
            note(place, kind, errand, tier, CANCELLED, took(), error.message)
        raise
    except ProjectionistError as error:
        note(place, kind, errand, tier, FAILED, took(), error.message)
        raise
    note(place, kind, errand, tier, came.outcome, took(), came.why)
    return came


def note(
    place: Workplace, kind: Kind, errand: Errand, tier: str, outcome: str, took_ms: int = 0, why: str = ""
) -> None:
    """Keep how a move ended. Raises DatabaseUnusable."""
    row = MoveRow(
        at=place.clock.now(),
        kind=kind,
        path=errand.path,
        title=errand.title,
        item_id=errand.item_id,
        tier=tier,
        node=place.node,
        outcome=outcome,
        size=errand.size,
        took_ms=took_ms,
        why=why or errand.why,
        asked_by=errand.asked_by,
        undoes=errand.undoes,
    )
    with place.database.write() as session:
        session.add(row)
        place.publish(session, TOPIC, {"kind": kind, "outcome": outcome})


def note_let_go(place: Workplace, row: RestRow, session: Session, *, was_there: bool) -> None:
    """Keep that a file at rest was removed for good, and why it had come to rest."""
    title, item_id = queries.named(session, row.path)
    session.add(
        MoveRow(
            at=place.clock.now(),
            kind=Kind.LET_GO,
            path=row.path,
            title=title,
            item_id=item_id,
            tier=queries.tier_at(session, row.root, place.node),
            node=place.node,
            outcome=REMOVED,
            size=row.size,
            why=_why_gone(row, was_there=was_there),
            asked_by="",
        )
    )
    place.publish(session, TOPIC, {"kind": Kind.LET_GO, "outcome": REMOVED})


def _why_gone(row: RestRow, *, was_there: bool) -> str:
    """When and why a file had come to rest, and how it went."""
    when = "" if row.at is None else f" on {row.at:%Y-%m-%d} at {row.at:%H:%M} UTC"
    why = _RESTED_AS.get(row.reason)
    began = f"It had come to rest{when}, {why}" if why else "It was found at rest, and nobody knew since when"
    if was_there:
        return f"{began}; its 14 days were over, and {row.resting} was removed for good."
    return f"{began}; when its 14 days were over, {row.resting} was gone already."
