"""Asking for moves: a plan becomes jobs, returns before the copies that need their room."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from projectionist.features.cache.planning.plan import CachePlan, PlannedCopy, PlannedReturn
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.wanting.wants import Source, Want
from projectionist.jobs.ports import JobFilter, Jobs, JobState, Order, Priority

RUN, PLAY, IN, NOW, BACK, RESTORE, LOOK = (
    *("cache.run", "cache.play", "cache.in", "cache.now", "cache.back"),
    *("cache.restore", "cache.look"),
)
"""The kinds of job: plan and carry out; the same for what plays; one file in, the same at once, and back; all back;
and look after a tier that came or went."""

SCHEDULE = "Keep the cache filled"
"""When rounds are asked for: there from the moment that somebody has seen a first plan and said yes to it."""

_AT_ONCE = 500
_NOT_BEGUN = (JobState.QUEUED, JobState.WAITING)


def orders_of(plan: CachePlan, asked_by: str) -> list[Order]:
    """Every move of a plan."""
    return [
        *(
            back_order(errand_back(one, asked_by), makes_room=one.makes_room_for is not None)
            for one in plan.returns
        ),
        *(copy_order(one, asked_by) for one in plan.copies),
    ]


def urgent_orders(plan: CachePlan, asked_by: str) -> list[Order]:
    """The moves for what is played: its file, the next episodes for who plays it, and what makes room for them."""
    playing = [one.want for one in plan.copies if Source.PLAYING in one.want.sources]
    viewers = {account for want in playing for account in want.accounts}
    chosen = [one for one in plan.copies if _is_urgent(one.want, viewers)]
    room_for = {one.want.file.path for one in chosen}
    returns = [one for one in plan.returns if one.makes_room_for in room_for]
    return [
        *(back_order(errand_back(one, asked_by), makes_room=True) for one in returns),
        *(copy_order(one, asked_by, urgent=True) for one in chosen),
    ]


def copy_order(planned: PlannedCopy, asked_by: str, *, urgent: bool = False) -> Order:
    """The job for one copy."""
    errand = errand_in(planned, asked_by, urgent=urgent)
    return in_order(errand, first=Source.PLAYING in planned.want.sources)


def errand_in(planned: PlannedCopy, asked_by: str, *, urgent: bool = False) -> Errand:
    """What a planned copy asks for."""
    file, sources = planned.want.file, planned.want.sources
    return Errand(
        path=str(file.path),
        title=file.title,
        item_id=file.item_id,
        library_id=file.library_id,
        tier_id=planned.tier_id,
        size=file.size,
        why=why_of(planned.want),
        asked_by=asked_by,
        plays=urgent or Source.PLAYING in sources,
    )


def in_order(errand: Errand, *, first: bool = False) -> Order:
    """The job that brings one file in; `first` before all others."""
    priority = Priority.NOW if first else Priority.HIGH if errand.plays else Priority.NORMAL
    kind = NOW if errand.plays else IN
    return Order(kind, errand.arguments(), key_of(errand.path), priority, asked_by=errand.asked_by)


def back_order(errand: Errand, *, makes_room: bool = False) -> Order:
    """The job that moves one file back."""
    priority = Priority.HIGH if makes_room else Priority.NORMAL
    return Order(BACK, errand.arguments(), key_of(errand.path), priority, asked_by=errand.asked_by)


def errand_back(planned: PlannedReturn, asked_by: str) -> Errand:
    """What a planned return asks for."""
    return Errand(
        path=str(planned.path),
        tier_id=planned.tier_id,
        size=planned.size,
        why=planned.why,
        asked_by=asked_by,
    )


def why_of(want: Want) -> str:
    """In words, why somebody may want a file soon."""
    return "; ".join(term.why for term in want.terms if term.points > 0)


def place_orders(jobs: Jobs, orders: Sequence[Order]) -> int:
    """Ask for all of these; how many are new."""
    created = 0
    for start in range(0, len(orders), _AT_ONCE):
        created += sum(one.created for one in jobs.order_many(orders[start : start + _AT_ONCE]))
    return created


def returns_are_pending(jobs: Jobs) -> bool:
    """Whether something is still on its way back, and will make room."""
    states = (*_NOT_BEGUN, JobState.RUNNING)
    return jobs.find(JobFilter(states=states, kinds=(BACK,)), size=1).total > 0


def not_begun(jobs: Jobs) -> list[str]:
    """The moves that were asked for and have not begun."""
    return _ids(jobs, _NOT_BEGUN, (IN, NOW, BACK))


def filling(jobs: Jobs) -> list[str]:
    """What would bring a file to a fast disk yet, now or in hours: rounds and copies, also those under way."""
    return _ids(jobs, (*_NOT_BEGUN, JobState.RUNNING), (RUN, PLAY, IN, NOW))


def _ids(jobs: Jobs, states: tuple[JobState, ...], kinds: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    after = ""
    while True:
        wanted = JobFilter(states=states, kinds=kinds, after=after)
        page = jobs.find(wanted, size=_AT_ONCE).items
        found += [job.id for job in page]
        if len(page) < _AT_ONCE:
            return found
        after = page[-1].id


def key_of(path: str) -> str:
    """What names a file among jobs, however long its path is."""
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _is_urgent(want: Want, viewers: set[int]) -> bool:
    if Source.PLAYING in want.sources:
        return True
    return Source.NEXT in want.sources and not viewers.isdisjoint(want.accounts)
