"""Every move that ended is kept with why it was made and how it went, and told to whoever looks on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from projectionist.errors import JobCancelled, JobPostponed, ProjectionistError
from projectionist.features.cache.models import Kind, MoveRow
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.workplace import TOPIC, Workplace

FAILED, CANCELLED, NO_ROOM = "failed", "cancelled", "no_room"
"""How a move ends that has no outcome of its own."""


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
