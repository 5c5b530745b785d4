"""DBOS, which carries jobs out: started, told, asked; the only module that knows it.

The rules are in docs/decisions/0012: an id per process that nobody else has, a version set on purpose, JSON and
never pickle, its own SQLite file with our pragmas, and the one call that is not public.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions
from dbos import error as dbos_error
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from projectionist.db.engine import BUSY_TIMEOUT_S, Database, explained, keep_private, sqlite_url
from projectionist.errors import DatabaseUnusable
from projectionist.jobs.ports import REST_S

VERSION = "1"
"""Of the one workflow; raised when a workflow that an older program began could not be carried on."""

OVER = ("SUCCESS", "ERROR", "CANCELLED")
GIVEN_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
"""Of a workflow whose process died at it again and again."""

DEATHS = 50
BUSY_S = 0.2
"""How often a process looks into a queue in which jobs wait."""

_WORKFLOW = "projectionist.run_job"
_NAME = "projectionist"
_SCHEMA = "dbos"
_SUBSECONDS_SINCE = (3, 42, 0)
"""The SQLite that knows unixepoch('subsec'), which DBOS asks for from Python 3.12 on, whatever SQLite that has."""

_CHUNK = 500
_MOST_PENDING = 5000


@dataclass(frozen=True, slots=True)
class Work:
    """A workflow to be: the job that it does, and where and how long that waits."""

    job_id: str
    workflow_id: str
    queue: str
    priority: int
    not_before: datetime | None = None

    @property
    def delay_s(self) -> float:
        """How long from now on."""
        return 0.0 if self.not_before is None else (self.not_before - datetime.now(UTC)).total_seconds()


class Durable:
    """The part of one process in the durable queues. One at a time in a process: DBOS is one.

    What it cannot do raises DatabaseUnusable. Questions go by the client: a job may ask them too, and what a workflow
    asks DBOS itself becomes a step of its own.
    """

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
        self._engine = self._own or database.engine
        self._listens = bool(listen)
        DBOS.destroy(destroy_registry=True)
        DBOS(config=_config(self._engine, executor, threads))
        self._client = DBOSClient(
            system_database_engine=self._engine,
            dbos_system_schema=_SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_NAME,
            lazy=True,
        )

        @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=DEATHS)
        def run_job(job_id: str) -> None:
            run(job_id, str(DBOS.workflow_id))

        DBOS.listen_queues(list(listen))
        with _asked():
            DBOS.launch()

    def keep_queue(self, name: str, concurrency: int, poll_s: float = REST_S) -> None:
        """Make sure that a queue is there, with so many jobs at once on one node; 0 lets none start."""
        with _asked():
            self._client.register_queue(
                name,
                worker_concurrency=concurrency,
                polling_interval_sec=poll_s,
                on_conflict="always_update",
            )

    def set_concurrency(self, name: str, concurrency: int) -> None:
        """How many run at once on one node; 0 lets none start."""
        with _asked():
            queue = self._client.retrieve_queue(name)
            if queue is not None:
                queue.set_worker_concurrency(concurrency)

    def set_pace(self, name: str, poll_s: float) -> None:
        """How often every process looks into it."""
        with _asked():
            queue = self._client.retrieve_queue(name)
            if queue is not None:
                queue.set_polling_interval_sec(poll_s)

    def enqueue(self, works: Sequence[Work]) -> None:
        """Have jobs done, in one transaction; doing this twice with one workflow id is doing it once."""
        with _asked(), self._engine.begin() as connection:
            for work in sorted(works, key=lambda one: one.workflow_id):
                options: EnqueueOptions = {
                    "workflow_name": _WORKFLOW,
                    "workflow_id": work.workflow_id,
                    "queue_name": work.queue,
                    "priority": work.priority,
                    "app_version": VERSION,
                }
                if work.delay_s > 0:
                    options["delay_seconds"] = work.delay_s
                self._client.enqueue_in_transaction(connection, options, work.job_id)

    def cancel(self, workflow_id: str) -> None:
        """Keep a workflow from starting."""
        with _asked():
            self._client.cancel_workflow(workflow_id)

    def states(self, workflow_ids: Sequence[str]) -> Mapping[str, str]:
        """How these workflows stand, in the words of DBOS; those that are not there are left out."""
        with _asked():
            found = self._client.list_workflows(
                workflow_ids=list(workflow_ids), load_input=False, load_output=False
            )
        return {one.workflow_id: one.status for one in found}

    def pending(self) -> Mapping[str, int]:
        """How many workflows each executor has begun and not ended."""
        with _asked():
            found = self._client.list_workflows(
                status="PENDING", load_input=False, load_output=False, limit=_MOST_PENDING
            )
        return Counter(one.executor_id for one in found if one.executor_id is not None)

    def recover(self, executor: str) -> None:
        """Queue again what a dead executor has begun. The one private call: the free core offers no other way."""
        with _asked():
            DBOS._recover_pending_workflows([executor])  # noqa: SLF001

    def forget(self, before: datetime) -> int:
        """Take out some workflows that were over before a moment; how many, 0 once there is none."""
        with _asked():
            found = self._client.list_workflows(
                status=[*OVER, GIVEN_UP],
                completed_before=before.isoformat(),
                load_input=False,
                load_output=False,
                limit=_CHUNK,
            )
            if found:
                self._client.delete_workflows([one.workflow_id for one in found])
        return len(found)

    def close(self, timeout_s: float) -> None:
        """Start nothing more, and wait so long for what runs."""
        wait_s = max(1, round(timeout_s)) if self._listens else 0
        DBOS.destroy(workflow_completion_timeout_sec=wait_s, destroy_registry=True)
        self._client.destroy()
        if self._own is not None:
            self._own.dispose()


def _config(engine: SqlEngine, executor: str, threads: int) -> DBOSConfig:
    return {
        "name": _NAME,
        "system_database_engine": engine,
        "system_database_url": engine.url.render_as_string(hide_password=False),
        "dbos_system_schema": _SCHEMA,
        "application_version": VERSION,
        "executor_id": executor,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "max_executor_threads": threads,
        "use_listen_notify": False,
        "scheduler_polling_interval_sec": 3600.0,
        "notification_listener_polling_interval_sec": 0.5,  # nobody listens; closing waits for it
    }


@contextmanager
def _asked() -> Iterator[None]:
    """What DBOS and its database raise, in words."""
    try:
        with explained():
            yield
    except (dbos_error.DBOSException, SQLAlchemyError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DatabaseUnusable(
            f"The durable queue of jobs could not be used ({first}); no job is lost: it goes on once it can be."
        ) from error


def _require_whole(path: Path) -> None:
    """Raise DatabaseUnusable, naming the file, before DBOS meets it and prints what it thinks."""
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.DatabaseError as error:
            raise DatabaseUnusable(
                f"The file of the job queues, {path.name} in the data folder, is damaged ({error}); it was left as it "
                "is, and no job is lost: move it out of the data folder, its -wal and -shm files too, and start "
                "again. Jobs are written down in the database, or in its newest backup, and are queued anew."
            ) from error


def _sqlite_engine(path: Path) -> SqlEngine:
    """DBOS migrates with a BEGIN of its own, so it needs the driver's implicit transactions, IMMEDIATE ones."""
    keep_private(path)
    _require_whole(path)
    engine = create_engine(
        sqlite_url(path),
        pool_size=10,
        max_overflow=-1,
        connect_args={"timeout": BUSY_TIMEOUT_S},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        if sqlite3.sqlite_version_info < _SUBSECONDS_SINCE:
            connection.create_function("unixepoch", 1, lambda _modifier: time.time())

    return engine
