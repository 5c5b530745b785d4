"""A small house of jobs: the kinds that tests order, and a program that works on them in a process of its own.

Run as `python -m tests.jobs.crew URL FOLDER NODE`; it says `ready` and works until its input ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.events import Events
from projectionist.errors import JobPostponed, ProjectionistError, ServerUnreachable
from projectionist.jobs import queries
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import Job, JobKind, JobRun, JobState, QueueSpec
from projectionist.kit.logs import correlation

LONGEST_S = 60.0
"""Nobody waits longer for what comes within a second or two; a busy machine takes its time."""

QUEUE = "work"
NARROW = "narrow"


class Refused(ProjectionistError):
    """It does not get better by trying again."""

    code = "refused"


def note(run: JobRun, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave a line behind."""
    _leave_line(arguments, run)
    return {"noted": arguments["name"]}


def last(run: JobRun, arguments: Mapping[str, Any]) -> None:
    """Take some time, until nothing holds it, saying how far it is; leave a line at the end, once and for all."""
    steps = int(float(arguments["seconds"]) * 20)
    _leave_line({**arguments, "name": f"begun-{arguments['name']}"}, run)
    for step in range(steps):
        run.progress(step, steps, unit="steps", now=f"step {step}")
        time.sleep(0.05)
    while _hold(Path(arguments["folder"])).exists():
        run.progress(steps, steps, unit="steps", now="held")
        time.sleep(0.05)
    _leave_line(arguments, run)


def fail_at_first(run: JobRun, arguments: Mapping[str, Any]) -> None:
    """Fail twice in a way that passes."""
    _leave_line(arguments, run)
    if run.attempt < 3:
        raise ServerUnreachable("The server did not answer.")


def fail_once(run: JobRun, arguments: Mapping[str, Any]) -> None:
    """Fail at the first try."""
    _leave_line(arguments, run)
    if run.attempt < 2:
        raise ServerUnreachable("The server did not answer.")


def tell_thread(_run: JobRun, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say under which correlation id it runs."""
    return {"thread": correlation.get()}


def come_back(run: JobRun, arguments: Mapping[str, Any]) -> None:
    """Put it off until there are three lines, then leave none."""
    folder = Path(arguments["folder"])
    if len(lines(folder)) < 3:
        _leave_line(arguments, run)
        raise JobPostponed("Another one goes first.", timedelta(seconds=0.1))


def be_refused(_run: JobRun, _arguments: Mapping[str, Any]) -> None:
    """Fail for good."""
    raise Refused("The folder is gone; nothing was changed.")


def break_down(_run: JobRun, _arguments: Mapping[str, Any]) -> None:
    """Be at fault."""
    raise ZeroDivisionError("a private detail")


def answer_oddly(run: JobRun, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say and return what a database does not take."""
    run.log("a film called \udcff\x00.mkv")
    return {"at": object()}


def count_from_many(run: JobRun, _arguments: Mapping[str, Any]) -> None:
    """Say how far it is from eight threads at once, also what is no number."""

    def count() -> None:
        for step in range(200):
            run.progress(step if step % 7 else float("nan"), float("inf"), unit="x" * 99, now="\udcff" * 999)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.progress(200, 200)


def _unsure(_arguments: Mapping[str, Any]) -> bool:
    raise ZeroDivisionError("a private detail")


def _leave_line(arguments: Mapping[str, Any], run: JobRun) -> None:
    with (Path(arguments["folder"]) / "lines").open("a", encoding="utf-8") as lines:
        lines.write(f"{arguments['name']} {run.job_id} {os.getpid()}\n")


def _named(arguments: Mapping[str, Any]) -> str:
    return f"Note {arguments['name']}"


def kinds(node: str) -> list[JobKind]:
    """What can be ordered."""
    soon = timedelta(seconds=0.1)
    kind = partial(JobKind, label="Note")
    return [
        kind("note", QUEUE, _named, note),
        kind("note-in-turn", NARROW, _named, note),
        kind("last", QUEUE, _named, last),
        kind("fail-at-first", QUEUE, _named, fail_at_first, attempts=3, backoff=soon),
        kind("slow-to-pass", QUEUE, _named, fail_once, attempts=3, backoff=timedelta(hours=1)),
        kind("thread", QUEUE, _named, tell_thread),
        kind("put-off", QUEUE, _named, come_back, attempts=1),
        kind("refused", QUEUE, _named, be_refused),
        kind("broken", QUEUE, _named, break_down),
        kind("odd", QUEUE, _named, answer_oddly),
        kind("many", QUEUE, _named, count_from_many),
        kind("unsure", QUEUE, _named, note, accepts=_unsure),
        kind("nowhere", QUEUE, _named, note, accepts=lambda _arguments: False),
        kind("only-there", QUEUE, _named, note, accepts=lambda arguments: arguments["node"] == node),
    ]


def engine(database: Database, folder: Path, node: str) -> Engine:
    """A job engine with these kinds, not started."""
    made = Engine(
        database,
        folder,
        node=node,
        publish=Events(database).publish,
        retention=timedelta(days=7),
        nobody_after=timedelta(0),
    )
    made.bring(kinds(node), [QueueSpec(QUEUE, "Work", 4), QueueSpec(NARROW, "One by one", 1)])
    return made


@contextmanager
def started(database: Database, folder: Path, *, work: bool = True, node: str = "here") -> Iterator[Engine]:
    """A job engine that runs in this process."""
    made = engine(database, folder, node)
    made.start(work=work)
    try:
        yield made
    finally:
        made.close()


@dataclass
class Worker:
    """The program, running."""

    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def worker(database: Database, folder: Path, node: str) -> Iterator[Worker]:
    """Another process that works on the same jobs."""
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.jobs.crew", url, str(folder), node]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield Worker(process)
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def until(happened: Callable[[], object], within_s: float = LONGEST_S) -> None:
    """Wait for something that another process or thread does."""
    ends = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < ends, f"It did not happen within {within_s} s."
        time.sleep(0.05)


def over(jobs: Engine, job_id: str, within_s: float = LONGEST_S) -> Job:
    """The job, once it is over."""
    until(lambda: jobs.get(job_id).state.is_over, within_s)
    return jobs.get(job_id)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """While the block runs no job of the kind `last` comes to its end."""
    _hold(folder).touch()
    try:
        yield
    finally:
        _hold(folder).unlink()


def _hold(folder: Path) -> Path:
    return folder / "hold"


def age(jobs: Engine, job_id: str, by: timedelta) -> None:
    """Let a job be over for longer than it is."""
    with jobs.database.write() as session:
        queries.change(session, job_id, {"ended_at": datetime.now(UTC) - by})


def age_workflow(jobs: Engine, workflow_id: str, by: timedelta) -> None:
    """Let the workflow of a job be over for longer than it is, behind the back of DBOS."""
    database = jobs.database
    own = Database(sqlite_url(jobs.folder / "jobs.sqlite")) if database.is_sqlite else database
    table = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
    with own.write() as session:
        session.execute(
            text(f"UPDATE {table} SET completed_at = completed_at - :by WHERE workflow_uuid = :id"),
            {"by": int(by.total_seconds() * 1000), "id": workflow_id},
        )
    if own is not database:
        own.close()


def running(jobs: Engine, job_id: str) -> bool:
    """Whether it runs."""
    return jobs.get(job_id).state is JobState.RUNNING


def lines(folder: Path) -> list[str]:
    """The names that jobs have left behind, in order."""
    file = folder / "lines"
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def _work() -> None:
    url, folder, node = sys.argv[1:]
    with started(Database(url), Path(folder), node=node):
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _work()
