"""A plan carried out here and now, file after file: what the command line does without a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from projectionist.errors import JobCancelled, JobPostponed, ProjectionistError
from projectionist.features.cache.auditing.jobs import care_of
from projectionist.features.cache.mending.noting import RETURNED
from projectionist.features.cache.mending.taking_back import Where, take_back
from projectionist.features.cache.models import Kind
from projectionist.features.cache.planning.plan import CachePlan
from projectionist.features.cache.running.carrying import carry_back, carry_in
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.running.ordering import errand_back, errand_in
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import JobRun

PLANNED, POSTPONED, FAILED = "planned", "postponed", "failed"
"""How a file stands that was not moved: it is only planned, it is not the time, or something went wrong."""

_WELL = {Outcome.CACHED, Outcome.HOME, PLANNED, RETURNED}


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of one file; `outcome` is an Outcome or one of the words above, `message` why it was not moved."""

    kind: Kind
    errand: Errand
    outcome: str
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether something went wrong with it."""
        return self.outcome in (FAILED, Outcome.UNSEEN)

    @property
    def is_well(self) -> bool:
        """Whether it is where it was to be."""
        return self.outcome in _WELL


def errands(plan: CachePlan, asked_by: str) -> list[tuple[Kind, Errand]]:
    """Every move of a plan, returns before the copies that need their room."""
    return [
        *((Kind.MOVE_BACK, errand_back(one, asked_by)) for one in plan.returns),
        *((Kind.CACHE_IN, errand_in(one, asked_by)) for one in plan.copies),
    ]


def planned(plan: CachePlan) -> list[Carried]:
    """What a plan would do."""
    return [Carried(kind, errand, PLANNED, errand.why) for kind, errand in errands(plan, "")]


def carry_out(place: Workplace, run: JobRun, moves: Sequence[tuple[Kind, Errand]]) -> Iterator[Carried]:
    """Make these moves, one after the other. Raises JobCancelled, DatabaseUnusable."""
    for kind, errand in moves:
        run.check()
        try:
            if kind is Kind.CACHE_IN:
                done = carry_in(place, run, errand, lambda: False)
            elif kind is Kind.TAKE_BACK:
                done = _taken_back(place, run, errand)
            else:
                done = carry_back(place, run, errand)
        except JobPostponed as error:
            yield Carried(kind, errand, POSTPONED, error.message)
        except JobCancelled:
            raise
        except ProjectionistError as error:
            yield Carried(kind, errand, FAILED, error.message)
        else:
            outcome = str(done["outcome"])
            yield Carried(kind, errand, outcome, "" if outcome in _WELL else str(done.get("why", "")))


def _taken_back(place: Workplace, run: JobRun, errand: Errand) -> Mapping[str, str]:
    """Give back what a repair put to rest. Raises what `take_back` raises."""
    care = replace(care_of(place), asked_by=errand.asked_by)
    path = take_back(care, errand.rest_id, run.check, where=Where.PLACE, undoes=errand.undoes)
    return {"outcome": RETURNED, "why": f"It is {path} now."}
