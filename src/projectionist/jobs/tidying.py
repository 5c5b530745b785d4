"""The house's own job: what is long over leaves the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from projectionist.db.engine import Database
from projectionist.jobs import queries
from projectionist.jobs.durable import Durable
from projectionist.jobs.ports import Arguments, JobKind, JobRun, QueueSpec, Schedule

TIDY = "jobs.tidy"
QUEUE = QueueSpec("upkeep", "Upkeep", 1, rest_s=5.0)
SCHEDULE = Schedule("Tidy the history of jobs", TIDY, {}, "40 3 * * *", "UTC")
"""There at every start; whoever wants to keep everything pauses it."""

_NODES = timedelta(days=1)
_CHUNK = 500


def tidy_kind(database: Database, durable: Callable[[], Durable], retention: timedelta) -> JobKind:
    """The kind of job that removes jobs, their workflows and processes that have been gone for long."""

    def run(job: JobRun, _arguments: Arguments) -> Mapping[str, Any]:
        now = datetime.now(UTC)
        with database.write() as session:
            nodes = queries.forget_nodes(session, now - _NODES)
        jobs = _forget_jobs(database, job, now - retention)
        with database.write() as session:
            queries.remove_lost_lines(session)
        workflows = 0
        while taken := durable().forget(now - retention):
            workflows += taken
            job.check()
        return {"jobs": jobs, "workflows": workflows, "nodes": nodes}

    return JobKind(
        TIDY, QUEUE.name, lambda _: "Tidy the history of jobs", run, label="Tidy the history of jobs"
    )


def _forget_jobs(database: Database, job: JobRun, before: datetime) -> int:
    gone = 0
    while True:
        with database.read() as session:
            over = queries.over_before(session, before, _CHUNK)
        if not over:
            return gone
        with database.write() as session:
            gone += queries.remove_jobs(session, over)
        job.progress(gone, unit="jobs")
