"""A job engine in memory, which runs nothing and remembers what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.jobs.ports import (
    Job,
    JobFilter,
    JobState,
    LogLine,
    Node,
    Order,
    Ordered,
    Priority,
    Queue,
    Schedule,
)
from projectionist.media.vocabulary import Page

START = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


@dataclass
class FakeJobs:
    """Jobs as a test puts them in."""

    held: dict[str, Job] = field(default_factory=dict)
    logs: dict[str, list[LogLine]] = field(default_factory=dict)
    lanes: dict[str, Queue] = field(
        default_factory=lambda: {
            "sync": Queue("sync", "Library sync", False, 2, 0, 0),
            "previews": Queue("previews", "Previews", False, 1, 0, 0),
        }
    )
    plans: dict[str, Schedule] = field(default_factory=dict)

    def put(self, title: str, state: JobState = JobState.QUEUED, **more: object) -> Job:
        """A job that is there already."""
        number = len(self.held) + 1
        over = START + timedelta(minutes=number + 1) if state.is_over else None
        job = Job(
            id=f"job-{number}",
            kind="library.sync",
            queue="sync",
            title=title,
            arguments={"server_id": 1},
            state=state,
            priority=Priority.NORMAL,
            key=None,
            attempt=1,
            done=0,
            total=None,
            unit="",
            now="",
            rate_per_s=None,
            eta_s=None,
            result=None,
            error="",
            error_code="",
            node="",
            asked_by="",
            cancelling=False,
            created_at=START + timedelta(minutes=number),
            started_at=None,
            ended_at=over,
        )
        self.held[job.id] = replace(job, **more)  # type: ignore[arg-type]
        return self.held[job.id]

    def order(self, order: Order) -> Ordered:
        for job in self.held.values():
            if order.key and job.key == order.key and job.kind == order.kind and not job.state.is_over:
                return Ordered(job.id, created=False)
        title = f"{order.kind} {dict(order.arguments)}"
        made = self.put(
            title, kind=order.kind, arguments=order.arguments, key=order.key, asked_by=order.asked_by
        )
        return Ordered(made.id, created=True)

    def order_many(self, orders: Sequence[Order]) -> Sequence[Ordered]:
        return [self.order(order) for order in orders]

    def get(self, job_id: str) -> Job:
        if job_id not in self.held:
            raise NotFound("There is no such job.")
        return self.held[job_id]

    def find(self, wanted: JobFilter, *, offset: int = 0, size: int = 50) -> Page[Job]:
        found = [
            job
            for job in self.held.values()
            if (not wanted.states or job.state in wanted.states)
            and (not wanted.queues or job.queue in wanted.queues)
            and (not wanted.kinds or job.kind in wanted.kinds)
            and wanted.text.lower() in job.title.lower()
            and (wanted.after is None or job.id > wanted.after)
        ]
        found.sort(
            key=lambda job: str(getattr(job, wanted.sort.removeprefix("-"))),
            reverse=wanted.sort.startswith("-"),
        )
        if wanted.after is not None:
            found.sort(key=lambda job: job.id)
        return Page(tuple(found[offset : offset + size]), offset, len(found))

    def log_of(self, job_id: str, *, offset: int = 0, size: int = 200) -> Page[LogLine]:
        lines = self.logs.get(job_id, [])
        return Page(tuple(lines[offset : offset + size]), offset, len(lines))

    def cancel(self, job_id: str) -> None:
        job = self.get(job_id)
        if job.state.is_over:
            raise Conflict(f"{job.title} is over already.")
        self.held[job_id] = replace(job, state=JobState.CANCELLED, ended_at=START)

    def retry(self, job_id: str) -> Ordered:
        job = self.get(job_id)
        if job.state not in (JobState.FAILED, JobState.CANCELLED):
            raise Conflict(f"{job.title} has not failed.")
        return Ordered(self.put(job.title).id, created=True)

    def set_priority(self, job_id: str, priority: Priority) -> None:
        job = self.get(job_id)
        if job.state is not JobState.QUEUED:
            raise Conflict(f"{job.title} waits no more.")
        self.held[job_id] = replace(job, priority=int(priority))

    def queues(self) -> Sequence[Queue]:
        return list(self.lanes.values())

    def pause(self, queue: str) -> None:
        self.lanes[queue] = replace(self.lanes[queue], paused=True)

    def resume(self, queue: str) -> None:
        self.lanes[queue] = replace(self.lanes[queue], paused=False)

    def set_concurrency(self, queue: str, concurrency: int) -> None:
        if not 1 <= concurrency <= 64:
            raise InputWrong("Between 1 and 64 jobs run at once.", "concurrency")
        self.lanes[queue] = replace(self.lanes[queue], concurrency=concurrency)

    def schedules(self) -> Sequence[Schedule]:
        return list(self.plans.values())

    def save_schedule(self, schedule: Schedule) -> Schedule:
        if not (schedule.when.startswith("every ") or len(schedule.when.split()) == 5):
            raise InputWrong("A time is a cron line of five fields, or every 15m.", "when")
        kept = replace(schedule, next_at=START + timedelta(hours=1), title=f"A job of {schedule.kind}")
        self.plans[schedule.name] = kept
        return kept

    def remove_schedule(self, name: str) -> None:
        if name not in self.plans:
            raise NotFound("There is no such schedule.")
        del self.plans[name]

    def run_schedule(self, name: str) -> Ordered:
        plan = self.plans[name]
        return self.order(Order(plan.kind, plan.arguments))

    def nodes(self) -> Sequence[Node]:
        return [Node("here", "here", ("sync",), True, 0, "1", START, START)]

    def forget(self, job_ids: Sequence[str]) -> int:
        over = [one for one in job_ids if one in self.held and self.held[one].state.is_over]
        for job_id in over:
            del self.held[job_id]
        return len(over)
