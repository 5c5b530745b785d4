"""Rows of jobs, in the words of the port."""

from __future__ import annotations

from datetime import datetime, timedelta

from projectionist.jobs.ports import Job, JobState, LogLine, Node, Schedule
from projectionist.jobs.tables import JobLogRow, JobRow, NodeRow, ScheduleRow

SILENT = timedelta(seconds=15)


def job_of(row: JobRow) -> Job:
    """A job."""
    return Job(
        id=row.id,
        kind=row.kind,
        queue=row.queue,
        title=row.title,
        arguments=row.arguments,
        state=JobState(row.state),
        priority=row.priority,
        key=row.key,
        attempt=row.attempt,
        done=row.done,
        total=row.total,
        unit=row.unit,
        now=row.now,
        rate_per_s=row.rate_per_s,
        eta_s=row.eta_s,
        result=row.result,
        error=row.error,
        error_code=row.error_code,
        node=row.node,
        asked_by=row.asked_by,
        cancelling=row.cancelling,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def line_of(row: JobLogRow) -> LogLine:
    """A line of a log."""
    return LogLine(row.at, row.level, row.message)


def schedule_of(row: ScheduleRow, title: str) -> Schedule:
    """A schedule whose job is called `title`."""
    return Schedule(
        row.name,
        row.kind,
        row.arguments,
        row.when,
        row.time_zone,
        row.paused,
        row.last_at,
        row.next_at,
        title,
    )


def node_of(row: NodeRow, running: int, now: datetime) -> Node:
    """A process."""
    alive = not row.left and abs(now - row.seen_at) < SILENT
    return Node(
        row.name, row.host, tuple(row.queues), alive, running, row.version, row.started_at, row.seen_at
    )
