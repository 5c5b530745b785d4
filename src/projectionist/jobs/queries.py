"""Every query on the tables of jobs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CursorResult,
    Table,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.jobs.ports import JobFilter, JobState
from projectionist.jobs.tables import LIVE as NOT_OVER
from projectionist.jobs.tables import JobLogRow, JobRow, NodeRow, QueueRow, ScheduleRow

_JOB = cast(Table, JobRow.__table__)

LIVE = (JobState.QUEUED.value, JobState.RUNNING.value, JobState.WAITING.value)
_SORTS = {
    name: getattr(JobRow, name)
    for name in ("created_at", "started_at", "ended_at", "priority", "title", "state")
}


def add_jobs(session: Session, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Add jobs, each unless one of its kind and key is not over; the ids of those that were added."""
    made = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.connection().execute(made(_JOB).on_conflict_do_nothing(), [dict(row) for row in rows])
    ids = [row["id"] for row in rows]
    return set(session.scalars(select(JobRow.id).where(JobRow.id.in_(ids))))


def live_with_key(session: Session, kind: str, key: str) -> str | None:
    """The job of this kind and key that is not over."""
    return session.scalar(
        select(JobRow.id).where(JobRow.kind == kind, JobRow.key == key, JobRow.state.in_(LIVE))
    )


def job(session: Session, job_id: str) -> JobRow | None:
    """One job."""
    return session.get(JobRow, job_id, populate_existing=True)


def job_to_do(session: Session, job_id: str) -> tuple[JobRow, bool] | None:
    """One job, and whether its queue is paused."""
    found = session.execute(
        select(JobRow, QueueRow.paused)
        .outerjoin(QueueRow, QueueRow.name == JobRow.queue)
        .where(JobRow.id == job_id)
    ).first()
    return None if found is None else (found[0], bool(found[1]))


def change(session: Session, job_id: str, values: Mapping[str, Any], *, states: Collection[str] = ()) -> bool:
    """Change a job, where it is in one of these states; whether it was."""
    wanted = [JobRow.id == job_id]
    if states:
        wanted.append(JobRow.state.in_(states))
    result = session.execute(update(JobRow).where(*wanted).values(**values))
    return isinstance(result, CursorResult) and result.rowcount == 1


def change_held(
    session: Session, job_id: str, workflow_id: str, holder: str | None, values: Mapping[str, Any]
) -> bool:
    """Change a job that is not over and goes on under this workflow, held by `holder` if said; whether it was."""
    statement = _change_held(tuple(sorted(values)), holder is not None)
    wanted = {"wanted_id": job_id, "wanted_workflow": workflow_id, "wanted_node": holder}
    result = session.connection().execute(statement, {**values, **wanted})
    return result.rowcount == 1


@lru_cache(maxsize=64)
def _change_held(columns: tuple[str, ...], held: bool) -> Update:
    """Made once for each set of columns: making it takes longer than running it."""
    wanted: list[ColumnElement[bool]] = [
        _JOB.c.id == bindparam("wanted_id"),
        _JOB.c.workflow_id == bindparam("wanted_workflow"),
        literal_column(NOT_OVER.text, Boolean()),
    ]
    if held:
        wanted.append(_JOB.c.node == bindparam("wanted_node"))
    return update(_JOB).where(*wanted).values({column: bindparam(column) for column in columns})


def move_on(
    session: Session, row: JobRow, values: Mapping[str, Any], process: str | None, states: Collection[str]
) -> bool:
    """Change a job that is still as it was read: under that workflow, in these states, `process`'s or nobody's."""
    wanted = [JobRow.id == row.id, JobRow.workflow_id == row.workflow_id, JobRow.state.in_(states)]
    if process is not None:
        wanted.append(JobRow.node.in_(["", process]))
    result = session.execute(update(JobRow).where(*wanted).values(**values))
    return isinstance(result, CursorResult) and result.rowcount == 1


def find(session: Session, wanted: JobFilter, offset: int, size: int) -> tuple[list[JobRow], int]:
    """A page of jobs, and how many there are."""
    where = _where(wanted)
    rows = session.scalars(select(JobRow).where(*where).order_by(*_order(wanted)).offset(offset).limit(size))
    total = session.scalar(select(func.count()).select_from(JobRow).where(*where)) or 0
    return list(rows), total


def _order(wanted: JobFilter) -> list[ColumnElement[Any]]:
    name, turned = wanted.sort.lstrip("-"), wanted.sort.startswith("-")
    if wanted.after is not None:
        return [JobRow.id.asc()]
    if name == "created_at" and not wanted.states:  # ids begin with the moment, and are found without a sort
        return [JobRow.id.desc() if turned else JobRow.id.asc()]
    column: ColumnElement[Any] = _SORTS.get(name, JobRow.created_at)
    if name == "state":
        column = case({state: place for place, state in enumerate(LIVE)}, value=JobRow.state, else_=9)
    return [column.desc() if turned else column.asc(), JobRow.id.asc()]


def _where(wanted: JobFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.states:
        where.append(JobRow.state.in_([state.value for state in wanted.states]))
    if wanted.queues:
        where.append(JobRow.queue.in_(wanted.queues))
    if wanted.kinds:
        where.append(JobRow.kind.in_(wanted.kinds))
    if wanted.text:
        where.append(func.lower(JobRow.title).contains(wanted.text.lower(), autoescape=True))
    if wanted.after is not None:
        where.append(JobRow.id > wanted.after)
    return where


def cancelling(session: Session, job_ids: Collection[str]) -> set[str]:
    """Which of these somebody wants to end."""
    unwanted = or_(JobRow.cancelling, JobRow.state == JobState.CANCELLED.value)
    return set(session.scalars(select(JobRow.id).where(JobRow.id.in_(job_ids), unwanted)))


def held_by_others(session: Session, job_ids: Collection[str], process: str) -> set[str]:
    """Which of these another process has taken."""
    running = JobRow.state == JobState.RUNNING.value
    return set(
        session.scalars(select(JobRow.id).where(JobRow.id.in_(job_ids), running, JobRow.node != process))
    )


def counts(session: Session) -> dict[str, dict[str, int]]:
    """How many jobs of each queue are in each state that is not over."""
    found: dict[str, dict[str, int]] = {}
    rows = session.execute(
        select(JobRow.queue, JobRow.state, func.count())
        .where(JobRow.state.in_(LIVE))
        .group_by(JobRow.queue, JobRow.state)
    )
    for queue, state, count in rows:
        found.setdefault(queue, {})[state] = count
    return found


def running_by_node(session: Session) -> dict[str, int]:
    """How many jobs each node runs."""
    rows = session.execute(
        select(JobRow.node, func.count()).where(JobRow.state == JobState.RUNNING.value).group_by(JobRow.node)
    )
    return {row[0]: row[1] for row in rows}


def put_back(session: Session, node: str) -> int:
    """Jobs that a node has left unfinished are queued again, and the try does not count; how many."""
    result = session.execute(
        update(JobRow)
        .where(JobRow.node == node, JobRow.state == JobState.RUNNING.value)
        .values(
            state=JobState.QUEUED.value,
            node="",
            now="",
            attempt=case((JobRow.attempt > 0, JobRow.attempt - 1), else_=0),
        )
    )
    return result.rowcount if isinstance(result, CursorResult) else 0


def not_over(session: Session, after_id: str, most: int) -> list[JobRow]:
    """Jobs that are not over, in the order of their ids."""
    return list(
        session.scalars(select(JobRow).where(NOT_OVER, JobRow.id > after_id).order_by(JobRow.id).limit(most))
    )


def over_before(session: Session, moment: datetime, most: int) -> list[str]:
    """Jobs that were over before a moment."""
    return list(
        session.scalars(
            select(JobRow.id)
            .where(JobRow.ended_at < moment, JobRow.state.not_in(LIVE))
            .order_by(JobRow.ended_at)
            .limit(most)
        )
    )


def remove_lost_lines(session: Session) -> None:
    """Take out lines of logs whose jobs are gone."""
    session.execute(delete(JobLogRow).where(JobLogRow.job_id.not_in(select(JobRow.id))))


def remove_jobs(session: Session, job_ids: Collection[str]) -> int:
    """Take jobs that are over out, with their logs; how many."""
    over = list(session.scalars(select(JobRow.id).where(JobRow.id.in_(job_ids), JobRow.state.not_in(LIVE))))
    session.execute(delete(JobLogRow).where(JobLogRow.job_id.in_(over)))
    session.execute(delete(JobRow).where(JobRow.id.in_(over)))
    return len(over)


def add_log(session: Session, lines: Sequence[Mapping[str, Any]]) -> None:
    """Add lines to logs."""
    session.execute(insert(JobLogRow), list(lines))


def log_of(session: Session, job_id: str, offset: int, size: int) -> tuple[list[JobLogRow], int]:
    """A page of a job's log, and how long it is."""
    rows = session.scalars(
        select(JobLogRow).where(JobLogRow.job_id == job_id).order_by(JobLogRow.id).offset(offset).limit(size)
    )
    total = session.scalar(select(func.count()).select_from(JobLogRow).where(JobLogRow.job_id == job_id)) or 0
    return list(rows), total


def queues(session: Session) -> dict[str, QueueRow]:
    """Every queue that is known."""
    return {row.name: row for row in session.scalars(select(QueueRow))}


def queues_with_waiting(session: Session) -> dict[str, bool]:
    """Every queue that is known, and whether a job waits in it to be begun."""
    waiting = exists().where(JobRow.queue == QueueRow.name, JobRow.state == JobState.QUEUED.value)
    return {row[0]: row[1] for row in session.execute(select(QueueRow.name, waiting))}


def add_queue(session: Session, name: str, concurrency: int) -> None:
    """Remember a queue, unless it is known."""
    made = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(
        made(QueueRow).values(name=name, paused=False, concurrency=concurrency).on_conflict_do_nothing()
    )


def change_queue(session: Session, name: str, values: Mapping[str, Any]) -> None:
    """Change what is set of a queue."""
    session.execute(update(QueueRow).where(QueueRow.name == name).values(**values))


def schedules(session: Session) -> list[ScheduleRow]:
    """Every schedule, by name."""
    return list(session.scalars(select(ScheduleRow).order_by(ScheduleRow.name)))


def schedule(session: Session, name: str) -> ScheduleRow | None:
    """One schedule."""
    return session.get(ScheduleRow, name, populate_existing=True)


def last_time(session: Session, name: str) -> datetime | None:
    """When a schedule has asked last."""
    return session.scalar(select(ScheduleRow.last_at).where(ScheduleRow.name == name))


def take_turn(session: Session, row: ScheduleRow, now: datetime, next_at: datetime) -> bool:
    """Move a schedule on; False where another process has."""
    result = session.execute(
        update(ScheduleRow)
        .where(ScheduleRow.name == row.name, ScheduleRow.next_at == row.next_at, ~ScheduleRow.paused)
        .values(last_at=now, next_at=next_at)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def remove_schedule(session: Session, name: str) -> bool:
    """Take a schedule out; whether it was there."""
    result = session.execute(delete(ScheduleRow).where(ScheduleRow.name == name))
    return isinstance(result, CursorResult) and result.rowcount == 1


def nodes(session: Session) -> list[NodeRow]:
    """Every process that has been seen lately."""
    return list(session.scalars(select(NodeRow).order_by(NodeRow.name)))


def beat(session: Session, name: str, now: datetime) -> bool:
    """Say that a process lives; False where nobody knows it any more."""
    result = session.execute(
        update(NodeRow).where(NodeRow.name == name).values(beats=NodeRow.beats + 1, seen_at=now, left=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def leave(session: Session, name: str) -> None:
    """Say that a process has ended well."""
    session.execute(update(NodeRow).where(NodeRow.name == name).values(left=True))


def forget_nodes(session: Session, before: datetime) -> int:
    """Take out processes that have left and have not been seen for long; how many."""
    result = session.execute(delete(NodeRow).where(NodeRow.left, NodeRow.seen_at < before))
    return result.rowcount if isinstance(result, CursorResult) else 0
