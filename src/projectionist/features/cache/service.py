"""The cache, as pages, the API, commands and other features use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from projectionist.errors import Conflict, NotFound
from projectionist.features.audit_log.service import Act, note
from projectionist.features.cache.auditing.jobs import care_of, order_taking_back
from projectionist.features.cache.mending.taking_back import Where, require_takeable
from projectionist.features.cache.models import Kind
from projectionist.features.cache.planning.plan import CachePlan
from projectionist.features.cache.reading.history import require_undoable
from projectionist.features.cache.reading.queries import on_fast
from projectionist.features.cache.running import queries
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.running.ordering import (
    PLAY,
    RESTORE,
    RUN,
    SCHEDULE,
    back_order,
    filling,
    in_order,
    not_begun,
)
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.workplace import TOPIC, Workplace
from projectionist.jobs.ports import Jobs, JobState, Order, Ordered, Priority, Schedule
from projectionist.kit.metrics import REGISTRY

__all__ = [
    "TOPIC",
    "confirm",
    "is_confirmed",
    "leave",
    "left",
    "note_play",
    "plan",
    "play_ended",
    "played",
    "restore",
    "restore_all",
    "return_of",
    "returns",
    "reverse_of",
    "run",
    "stop_after_step",
    "undo",
]

PLAYS = REGISTRY.counter(
    "projectionist_plays_total",
    "Films that somebody began to play; disk is fast, slow, or unknown where the index has no file of it.",
    "disk",
)

_PLAYING = "playing"


def plan(place: Workplace) -> CachePlan:
    """What would be moved now. Raises DatabaseUnusable."""
    return place.planner.plan(place.clock.now())


def is_confirmed(jobs: Jobs) -> bool:
    """Whether somebody has said yes to a plan, so that files are moved by themselves from then on."""
    return any(schedule.name == SCHEDULE for schedule in jobs.schedules())


def confirm(place: Workplace, jobs: Jobs, when: str) -> None:
    """Let files be moved by themselves from now on: as often as `when` says, and when somebody plays."""
    if not is_confirmed(jobs):
        jobs.save_schedule(Schedule(SCHEDULE, RUN, {}, when, "UTC"))
        note(place.database, Act.SCHEDULE_CHANGED, SCHEDULE, after={"kind": RUN, "when": when})


def run(place: Workplace, jobs: Jobs, asked_by: str, *, dry: bool) -> Sequence[Ordered]:
    """Ask every node that has fast tiers for a round: plan, and unless `dry` carry it out."""
    word = "dry" if dry else "run"
    return [
        jobs.order(
            Order(
                RUN,
                {**_asked(asked_by, node), "dry": dry},
                f"{node} {word}",
                Priority.HIGH,
                asked_by=asked_by,
            )
        )
        for node in _nodes(place)
    ]


def played(place: Workplace, jobs: Jobs) -> None:
    """Somebody has begun to play: their file and the next are fetched, once a plan was confirmed."""
    if not is_confirmed(jobs):
        return
    for node in _nodes(place):
        ordered = jobs.order(Order(PLAY, _asked(_PLAYING, node), f"{node} playing", Priority.NOW))
        if not ordered.created and jobs.get(ordered.job_id).state is JobState.RUNNING:
            # it may have asked the servers before this began
            jobs.order(Order(PLAY, _asked(_PLAYING, node), f"{node} again", Priority.NOW))


def note_play(place: Workplace, server_id: int, item_key: str) -> None:
    """Count from what disk somebody begins to play, once there is a fast one."""
    if not place.places.tiers():
        return
    paths = place.eyes.files_by_key(server_id, item_key)
    with place.database.read() as session:
        fast = on_fast(session, [str(path) for path in paths])
    PLAYS.add("fast" if fast else "slow" if paths else "unknown")


def play_ended(place: Workplace, jobs: Jobs, server_id: int, item_key: str) -> None:
    """Somebody has ended: the retention of that file begins, and when it is over, it is looked what may go back."""
    paths = place.eyes.files_by_key(server_id, item_key)
    if paths:
        with place.database.write() as session:
            queries.note_played(session, {str(path) for path in paths}, place.clock.now())
    if not is_confirmed(jobs):
        return
    due = place.clock.now() + place.retention
    for node in _nodes(place):
        key = f"{node} after {int(due.timestamp())}"
        jobs.order(Order(RUN, _asked(_PLAYING, node), key, Priority.NORMAL, not_before=due))


def undo(place: Workplace, jobs: Jobs, move_id: int, asked_by: str) -> Ordered:
    """Ask for a move to be taken back, before others. Raises NotFound, and Conflict where there is nothing to undo."""
    kind, errand = reverse_of(place, move_id, asked_by)
    if kind is Kind.TAKE_BACK:
        ordered = order_taking_back(
            jobs, errand.rest_id, errand.name, place.node, asked_by, Where.PLACE, errand.undoes
        )
    else:
        order = in_order(errand) if kind is Kind.CACHE_IN else back_order(errand, makes_room=True)
        ordered = jobs.order(order)
    note(place.database, Act.UNDONE, errand.name, after={"move": move_id, "path": errand.path})
    return ordered


def reverse_of(place: Workplace, move_id: int, asked_by: str) -> tuple[Kind, Errand]:
    """The move that takes another one back. Raises NotFound, and Conflict where there is nothing to take back."""
    with place.database.read() as session:
        row = queries.move(session, move_id)
    if row is None:
        raise NotFound("There is no such move; it may have been taken out of the history.")
    require_undoable(place, row)
    errand = Errand(
        path=row.path,
        title=row.title,
        item_id=row.item_id,
        size=row.size,
        why=f"Move {move_id} was undone.",
        asked_by=asked_by,
        undoes=move_id,
    )
    if row.rest_id is not None:
        require_takeable(care_of(place), row.rest_id)
        return Kind.TAKE_BACK, replace(errand, rest_id=row.rest_id)
    if row.outcome == Outcome.CACHED:
        return Kind.MOVE_BACK, errand
    return Kind.CACHE_IN, _again(place, errand, row.tier)


def restore(place: Workplace, jobs: Jobs, path: Path, asked_by: str) -> Ordered:
    """Ask for one file to be moved back. Raises NotFound where it is not on the fast disk."""
    _, errand = return_of(place, path, asked_by)
    return jobs.order(back_order(errand, makes_room=True))


def return_of(place: Workplace, path: Path, asked_by: str) -> tuple[Kind, Errand]:
    """The move that brings a file back. Raises NotFound where it is not on the fast disk."""
    found = place.desk.journal.cached(path)
    if found is None:
        raise NotFound(f"{path} is not on the fast disk; nothing was changed.")
    errand = Errand(str(path), size=found[1].size, why="Somebody asked for it.", asked_by=asked_by)
    return Kind.MOVE_BACK, errand


def restore_all(place: Workplace, jobs: Jobs, asked_by: str) -> Sequence[Ordered]:
    """Move everything back and stay away: what was to be moved is not, and no schedule fills a tier again.

    The result of each node's job says what could not be moved back there, and why.
    """
    leave(place, jobs)
    return [
        jobs.order(Order(RESTORE, _asked(asked_by, node), f"{node} restore", Priority.NOW, asked_by=asked_by))
        for node in _nodes(place)
    ]


def leave(place: Workplace, jobs: Jobs) -> None:
    """Copy nothing any more, neither by itself nor what was asked for; a copy under way is given up."""
    if is_confirmed(jobs):
        jobs.remove_schedule(SCHEDULE)
    stopped = _cancel(jobs, dict.fromkeys([*filling(jobs), *not_begun(jobs)]))
    note(place.database, Act.CACHE_LEFT, after={"jobs_cancelled": stopped})


def returns(place: Workplace, asked_by: str) -> list[tuple[Kind, Errand]]:
    """The moves that bring back everything that this node has on its fast tiers."""
    return [
        (
            Kind.MOVE_BACK,
            Errand(str(spot.path), size=content.size, why="Everything goes back.", asked_by=asked_by),
        )
        for spot, content in place.desk.journal.all_cached()
    ]


def left(place: Workplace) -> list[Path]:
    """What this node still has on its fast tiers."""
    return [spot.path for spot, _ in place.desk.journal.all_cached()]


def stop_after_step(place: Workplace, jobs: Jobs) -> int:
    """Let what is being moved be finished, and begin nothing more of what was asked for; how much that is."""
    stopped = _cancel(jobs, not_begun(jobs))
    if stopped:
        note(place.database, Act.JOBS_CANCELLED, "cache", before={"jobs": stopped})
    return stopped


def _cancel(jobs: Jobs, job_ids: Iterable[str]) -> int:
    stopped = 0
    for job_id in job_ids:
        try:
            jobs.cancel(job_id)
        except (Conflict, NotFound):
            continue  # it is over
        stopped += 1
    return stopped


def _nodes(place: Workplace) -> Sequence[str]:
    with place.database.read() as session:
        return queries.nodes(session)


def _asked(asked_by: str, node: str) -> dict[str, str]:
    return {"asked_by": asked_by, "node": node}


def _again(place: Workplace, errand: Errand, tier_name: str) -> Errand:
    """An errand for a file that is to come back to its tier. Raises Conflict where that is no more."""
    path = Path(errand.path)
    for one in place.places.all():
        for tier in one.tiers:
            if tier.name == tier_name and path.is_relative_to(one.slow_root):
                return Errand(
                    path=errand.path,
                    title=errand.title,
                    item_id=errand.item_id,
                    library_id=one.library_id,
                    tier_id=tier.id,
                    size=errand.size,
                    why=errand.why,
                    asked_by=errand.asked_by,
                    undoes=errand.undoes,
                )
    raise Conflict(f"There is no tier {tier_name} for {path} on {place.node} any more; nothing was changed.")
