"""What features see of the job engine: the kinds of job they bring, and how jobs are asked for and looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Final, Protocol, TypeAlias

from projectionist.media.vocabulary import Page

Arguments: TypeAlias = Mapping[str, Any]
"""What a job is told: JSON values only, and never a secret; they stand in the database and on the page."""


REST_S: Final = 1.0
"""How often a process looks into a queue in which nothing waits: so long a click may wait before its job begins."""


class Priority(IntEnum):
    """Lower goes first."""

    NOW = 1
    HIGH = 10
    NORMAL = 20
    LOW = 30


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    """It failed in a way that may pass, and is tried again later."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class JobRun(Protocol):
    """What a running job has in hand."""

    job_id: str
    attempt: int

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        """Say how far it is and what is being done now; cheap, written at most once a second.

        Raises JobCancelled where somebody cancelled it.
        """

    def check(self) -> None:
        """Raise JobCancelled where somebody cancelled the job. Cheap: call it at least once a second."""

    def log(self, message: str, level: str = "info") -> None:
        """Add a line to the job's own log."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job that a feature brings.

    `run` does the work and returns a short result of JSON values, shown on the job's page; it may run twice or
    be killed anywhere, so what it does is idempotent. A ProjectionistError that is retryable is tried again
    with back-off, up to `attempts` times in all; others fail at once. JobPostponed puts it back into its queue.
    `title` names one job for people, `label` all of the kind.
    `accepts` says whether this node can do it (its file can be opened here); where not, another node takes it.
    """

    name: str
    queue: str
    title: Callable[[Arguments], str]
    run: Callable[[JobRun, Arguments], Mapping[str, Any] | None]
    attempts: int = 3
    backoff: timedelta = timedelta(seconds=10)
    accepts: Callable[[Arguments], bool] = lambda arguments: True
    label: str = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue: how many of its jobs run at once on one node, and how often one looks into it while it is empty.

    Each look costs CPU, and nothing wakes who looks: `rest_s` is longer where nobody sits and waits for the beginning.
    """

    name: str
    title: str
    concurrency: int
    rest_s: float = REST_S


@dataclass(frozen=True, slots=True)
class Order:
    """A job to be. `key` de-duplicates: while a job with this kind and key is not over, no second one is made."""

    kind: str
    arguments: Arguments
    key: str | None = None
    priority: Priority = Priority.NORMAL
    not_before: datetime | None = None
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What came of an order: the job, and whether it is new or was there already."""

    job_id: str
    created: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    id: str
    kind: str
    queue: str
    title: str
    arguments: Arguments
    state: JobState
    priority: int
    key: str | None
    attempt: int
    done: float
    total: float | None
    unit: str
    now: str
    rate_per_s: float | None
    eta_s: float | None
    result: Mapping[str, Any] | None
    error: str
    error_code: str
    node: str
    asked_by: str
    cancelling: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs; empty means all."""

    states: tuple[JobState, ...] = ()
    queues: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    text: str = ""
    sort: str = "-created_at"
    """A field of created_at, started_at, ended_at, priority, title, state; `-` in front for the newest first."""
    after: str | None = None
    """Only jobs with a later id than this, in the order of their ids (the oldest first), whatever `sort` says:
    who reads a page after the last one's end misses none and sees none twice, whatever is added and forgotten."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a job's log."""

    at: datetime
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as it stands."""

    name: str
    title: str
    paused: bool
    concurrency: int
    queued: int
    running: int
    known: bool = True
    """Whether any kind of job goes into it; where not, it is what is left of a queue that there was."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job asked for again and again: `when` is a cron line of five fields, or `every 15m` (s, m, h, d).

    `time_zone` is an IANA name. `title` is what its job is called; nobody need give it.
    """

    name: str
    kind: str
    arguments: Arguments
    when: str
    time_zone: str
    paused: bool = False
    last_at: datetime | None = None
    next_at: datetime | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A process that works or serves; `seen_at` is its last heartbeat."""

    name: str
    host: str
    queues: tuple[str, ...]
    alive: bool
    running: int
    version: str
    started_at: datetime
    seen_at: datetime


class Jobs(Protocol):
    """The job engine as features and pages see it; every change is visible to every process.

    What names a job raises NotFound where there is none; what comes too late (cancelling what is over) raises
    Conflict.
    """

    def order(self, order: Order) -> Ordered:
        """Ask for a job."""

    def order_many(self, orders: Sequence[Order]) -> Sequence[Ordered]:
        """Ask for many at once, in few transactions."""

    def get(self, job_id: str) -> Job:
        """One job."""

    def find(self, wanted: JobFilter, *, offset: int = 0, size: int = 50) -> Page[Job]:
        """A page of jobs."""

    def log_of(self, job_id: str, *, offset: int = 0, size: int = 200) -> Page[LogLine]:
        """A page of a job's log, oldest first."""

    def cancel(self, job_id: str) -> None:
        """Stop a job, or keep it from starting; one that runs ends within 2 s."""

    def retry(self, job_id: str) -> Ordered:
        """Do a failed or cancelled job again."""

    def set_priority(self, job_id: str, priority: Priority) -> None:
        """Move a queued job forward or back."""

    def queues(self) -> Sequence[Queue]:
        """All queues, and those that are no more for as long as jobs are left in them."""

    def pause(self, queue: str) -> None:
        """Start nothing more of this queue, on any node, until `resume`; kept through restarts."""

    def resume(self, queue: str) -> None:
        """Go on with a queue."""

    def set_concurrency(self, queue: str, concurrency: int) -> None:
        """How many of its jobs run at once on one node, 1 to 64. Raises InputWrong."""

    def schedules(self) -> Sequence[Schedule]:
        """All schedules."""

    def save_schedule(self, schedule: Schedule) -> Schedule:
        """Add or replace a schedule by its name; within seconds it is followed. Raises InputWrong."""

    def remove_schedule(self, name: str) -> None:
        """Take a schedule out."""

    def run_schedule(self, name: str) -> Ordered:
        """Ask for its job now, besides its times."""

    def nodes(self) -> Sequence[Node]:
        """Who works and serves, or did until lately."""

    def forget(self, job_ids: Sequence[str]) -> int:
        """Take jobs that are over out of the history; how many were."""
