"""Asking for syncs, and putting those of one server in a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from projectionist.errors import JobPostponed, NotFound
from projectionist.jobs.ports import Job, JobFilter, Jobs, JobState, Order, Ordered, Priority

SYNC = "library.sync"

_LOOK_AGAIN = timedelta(seconds=5)
_MOST_RUNNING = 100


def sync_order(
    server_id: int, *, library_id: int | None = None, full: bool = False, asked_by: str = ""
) -> Order:
    """A sync of a server, or of one of its libraries."""
    arguments: dict[str, Any] = {"server_id": server_id}
    key = f"server-{server_id}"
    if library_id is not None:
        arguments["library_id"] = library_id
        key += f"-library-{library_id}"
    if full:
        arguments["full"] = True
    return Order(SYNC, arguments, key=key, priority=Priority.HIGH, asked_by=asked_by)


def order_sync(
    jobs: Jobs, server_id: int, *, library_id: int | None = None, full: bool = False, asked_by: str = ""
) -> Ordered:
    """Ask for a sync that begins after this moment; where such a one waits already, that one.

    One that runs may have read past what changed since, so another follows it.
    """
    order = sync_order(server_id, library_id=library_id, full=full, asked_by=asked_by)
    ordered = jobs.order(order)
    if ordered.created or _is_to_come(jobs, ordered.job_id, full=full):
        return ordered
    after = jobs.order(replace(order, key=f"{order.key}-next"))
    if after.created or not full or _is_to_come(jobs, after.job_id, full=full):
        return after
    return jobs.order(replace(order, key=f"{order.key}-next-full"))


def take_turn(jobs: Jobs, job_id: str, server_id: int) -> None:
    """Let a sync that has begun pass only if no earlier one of that server runs. Raises JobPostponed."""
    running = jobs.find(JobFilter(states=(JobState.RUNNING,), kinds=(SYNC,)), size=_MOST_RUNNING).items
    mine = next((_begun(one) for one in running if one.id == job_id), (datetime.now(UTC), job_id))
    if any(one.arguments.get("server_id") == server_id and _begun(one) < mine for one in running):
        raise JobPostponed("Another sync of this server is running; this one follows it.", _LOOK_AGAIN)


def _is_to_come(jobs: Jobs, job_id: str, *, full: bool) -> bool:
    """Whether a job has not begun, and will read no less than is asked for."""
    try:
        job = jobs.get(job_id)
    except NotFound:
        return False
    waits = job.state in (JobState.QUEUED, JobState.WAITING) and not job.cancelling
    return waits and (not full or bool(job.arguments.get("full")))


def _begun(job: Job) -> tuple[datetime, str]:
    return (job.started_at or job.created_at, job.id)
