"""DBOS, which carries jobs out: started, told, asked; the only module that knows it.

The rules are in docs/decisions/0012: an id per process that nobody else has, a version set on purpose, JSON and
never pickle, its own SQLite file with our pragmas, and the one call that is not public.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine, event

from projectionist.db.engine import BUSY_TIMEOUT_S, Database, explained, sqlite_url

VERSION = "1"
"""Of the one workflow; raised when a workflow that an older program began could not be carried on."""

_WORKFLOW = "projectionist.run_job"
_POLL_S = 0.5


class Durable:
    """The part of one process in the durable queues. One at a time in a process: DBOS is one."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        executor: str,
        run: Callable[[str, str], None],
        *,
        listen: Sequence[str],
        threads: int = 64,
    ) -> None:
        self._own = _sqlite_engine(folder / "jobs.sqlite") if database.is_sqlite else None
        engine = self._own or database.engine
        config: DBOSConfig = {
            "name": "projectionist",
            "system_database_engine": engine,
            "system_database_url": engine.url.render_as_string(hide_password=False),
            "dbos_system_schema": "dbos",
            "application_version": VERSION,
            "executor_id": executor,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "max_executor_threads": threads,
            "use_listen_notify": False,
            "scheduler_polling_interval_sec": 3600.0,
            "notification_listener_polling_interval_sec": 1.0,
        }
        DBOS.destroy(destroy_registry=True)
        self._dbos = DBOS(config=config)

        @DBOS.workflow(name=_WORKFLOW)
        def run_job(job_id: str) -> None:
            run(job_id, str(DBOS.workflow_id))

        self._run_job = run_job
        DBOS.listen_queues(list(listen))
        DBOS.launch()

    def keep_queue(self, name: str, concurrency: int) -> None:
        """Make sure that a queue is there, with so many jobs at once on one node; 0 lets none start."""
        DBOS.register_queue(
            name, worker_concurrency=concurrency, polling_interval_sec=_POLL_S, on_conflict="always_update"
        )

    def set_concurrency(self, name: str, concurrency: int) -> None:
        """How many run at once on one node; 0 lets none start."""
        with explained():
            queue = DBOS.retrieve_queue(name)
            if queue is not None:
                queue.set_worker_concurrency(concurrency)

    def enqueue(self, job_id: str, workflow_id: str, queue: str, priority: int, delay_s: float = 0.0) -> None:
        """Have a job done; doing this twice with one workflow id is doing it once."""
        options = SetEnqueueOptions(priority=priority, delay_seconds=delay_s if delay_s > 0 else None)
        with explained(), SetWorkflowID(workflow_id), options:
            DBOS.enqueue_workflow(queue, self._run_job, job_id)

    def cancel(self, workflow_id: str) -> None:
        """Keep a workflow from starting."""
        with explained():
            DBOS.cancel_workflow(workflow_id)

    def known(self, workflow_ids: Sequence[str]) -> set[str]:
        """Which of these workflows are there."""
        with explained():
            found = DBOS.list_workflows(workflow_ids=list(workflow_ids), load_input=False, load_output=False)
        return {one.workflow_id for one in found}

    def forget(self, workflow_ids: Sequence[str]) -> None:
        """Take workflows that are over out."""
        with explained():
            DBOS.delete_workflows(list(workflow_ids))

    def pending_of(self, executor: str) -> int:
        """How many workflows an executor has begun and not ended."""
        with explained():
            found = DBOS.list_workflows(
                status="PENDING", executor_id=executor, load_input=False, load_output=False, limit=1000
            )
        return len(found)

    def recover(self, executor: str) -> None:
        """Queue again what a dead executor has begun. The one private call: the free core offers no other way."""
        with explained():
            DBOS._recover_pending_workflows([executor])  # noqa: SLF001

    def close(self, timeout_s: float) -> None:
        """Start nothing more, and wait so long for what runs."""
        DBOS.destroy(workflow_completion_timeout_sec=int(timeout_s), destroy_registry=True)
        if self._own is not None:
            self._own.dispose()


def _sqlite_engine(path: Path) -> SqlEngine:
    """DBOS migrates with a BEGIN of its own, so it needs the driver's implicit transactions, IMMEDIATE ones."""
    engine = create_engine(
        sqlite_url(path), pool_size=10, max_overflow=-1, connect_args={"timeout": BUSY_TIMEOUT_S}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine
