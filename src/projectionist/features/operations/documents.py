"""What the API of operations takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from projectionist.jobs.ports import Job, LogLine, Node, Ordered, Priority, Queue, Schedule

PriorityName = Literal["now", "high", "normal", "low"]
StateName = Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
ActionName = Literal["cancel", "retry", "forget", "now", "high", "normal", "low"]


class JobDocument(msgspec.Struct, frozen=True):
    """A job. `done` and `total` count in `unit`; `rate_per_s` and `eta_s` are absent until they are known."""

    id: str
    kind: str
    queue: str
    title: str
    arguments: dict[str, Any]
    state: StateName
    priority: int
    attempt: int
    done: float
    total: float | None
    unit: str
    now: str
    rate_per_s: float | None
    eta_s: float | None
    result: dict[str, Any] | None
    error: str
    error_code: str
    node: str
    asked_by: str
    cancelling: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class LogLineDocument(msgspec.Struct, frozen=True):
    """A line of a job's log."""

    at: datetime
    level: str
    message: str


class OrderedDocument(msgspec.Struct, frozen=True):
    """The job that an order led to, and whether it is new."""

    job_id: str
    created: bool


class PriorityChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Move a queued job."""

    priority: PriorityName


class BulkChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Do one thing to many jobs; the names of priorities move them."""

    action: ActionName
    job_ids: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=200)]], msgspec.Meta(min_length=1, max_length=100)
    ]


class BulkFailure(msgspec.Struct, frozen=True):
    """A job to which it could not be done, and why."""

    job_id: str
    message: str


class BulkResult(msgspec.Struct, frozen=True):
    """What came of a bulk change."""

    done: int
    failed: list[BulkFailure]


class QueueDocument(msgspec.Struct, frozen=True):
    """A queue; `concurrency` is how many of its jobs run at once on one node.

    One that is not `known` is no more, but jobs are left in it; nobody works on them, and they can be cancelled.
    """

    name: str
    title: str
    paused: bool
    concurrency: int
    queued: int
    running: int
    known: bool


class QueueChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Change a queue; what is left out stays."""

    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] | None = None
    paused: bool | None = None


class ScheduleDocument(msgspec.Struct, frozen=True):
    """A job asked for again and again; `title` is what the job is called."""

    name: str
    kind: str
    title: str
    arguments: dict[str, Any]
    when: str
    time_zone: str
    paused: bool
    last_at: datetime | None
    next_at: datetime | None


class ScheduleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A schedule as somebody wants it: `when` is a cron line of five fields, or `every 15m` (s, m, h, d)."""

    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    when: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] = "UTC"
    arguments: dict[str, Any] = {}
    paused: bool = False


class NodeDocument(msgspec.Struct, frozen=True):
    """A process that works or serves."""

    name: str
    host: str
    queues: list[str]
    alive: bool
    running: int
    version: str
    started_at: datetime
    seen_at: datetime


JOB_COLUMNS = (
    "id",
    "title",
    "kind",
    "queue",
    "state",
    "priority",
    "attempt",
    "done",
    "total",
    "unit",
    "error",
    "node",
    "asked_by",
    "created_at",
    "started_at",
    "ended_at",
)
"""What a table of jobs has of each; what it was told and what came of it are no cells."""


def job_document(job: Job) -> JobDocument:
    """A job for the API."""
    return msgspec.convert(job, JobDocument, from_attributes=True)


def job_row(job: Job) -> dict[str, Any]:
    """A job for an export, by the names of its document."""
    row: dict[str, Any] = msgspec.to_builtins(job_document(job))
    return row


def log_line_document(line: LogLine) -> LogLineDocument:
    """A line of a log for the API."""
    return LogLineDocument(line.at, line.level, line.message)


def ordered_document(ordered: Ordered) -> OrderedDocument:
    """What came of an order, for the API."""
    return OrderedDocument(ordered.job_id, ordered.created)


def queue_document(queue: Queue) -> QueueDocument:
    """A queue for the API."""
    return msgspec.convert(queue, QueueDocument, from_attributes=True)


def schedule_document(schedule: Schedule) -> ScheduleDocument:
    """A schedule for the API."""
    return msgspec.convert(schedule, ScheduleDocument, from_attributes=True)


def node_document(node: Node) -> NodeDocument:
    """A node for the API."""
    return msgspec.convert(node, NodeDocument, from_attributes=True)


def priority_of(name: PriorityName) -> Priority:
    """A priority by its name."""
    return Priority[name.upper()]
