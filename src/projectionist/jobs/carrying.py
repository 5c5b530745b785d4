"""Carrying a job out: from the durable workflow to the feature's own function, and what came of it back."""

from __future__ import annotations

import json
import logging
import random
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from projectionist.db.engine import Database
from projectionist.errors import JobCancelled, JobPostponed, ProjectionistError
from projectionist.jobs import queries
from projectionist.jobs.ordering import Desk
from projectionist.jobs.ports import JobKind, JobState
from projectionist.jobs.running import JobStopped, Run, storable
from projectionist.jobs.tables import JobRow
from projectionist.jobs.writing import Change, Writer
from projectionist.kit.logs import correlation
from projectionist.kit.metrics import REGISTRY
from projectionist.kit.tracing import Kind, Span, entered, parent_of

ENDED = REGISTRY.counter(
    "projectionist_jobs_ended_total", "Jobs that ended; state is done, failed or cancelled.", "kind", "state"
)

_ELSEWHERE = timedelta(seconds=2)
_LONGEST_BACKOFF_S = 600.0
_NOBODY_AFTER = timedelta(minutes=2)
_ERROR = 1000
_NOW = 300

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Again:
    """It is to be done again, from then on."""

    values: Mapping[str, Any]
    not_before: datetime | None = None


@dataclass(slots=True)
class _Held:
    """A job that this process has in hand."""

    run: Run
    row: JobRow
    began: Change | None = None

    @property
    def is_lost(self) -> bool:
        """Whether it was over, or somebody else's, before it could begin here."""
        return self.began is not None and self.began.dropped


class Carrier:
    """Runs jobs in this process, one thread each."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, JobKind],
        process: str,
        node: str,
        writer: Writer,
        desk: Desk,
        nobody_after: timedelta = _NOBODY_AFTER,
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._process = process
        self._node = node
        self._writer = writer
        self._desk = desk
        self._nobody_after = nobody_after
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._stopping = False

    def carry(self, job_id: str, workflow_id: str) -> None:
        """Do a job, unless it is over or another workflow has it.

        Raises DatabaseUnusable where the database failed before the job began or could be put back: then its
        workflow ends, and who leads the jobs finds it and queues it again.
        """
        with self._database.read() as session:
            found = queries.job_to_do(session, job_id)
        if found is None:
            return
        row, paused = found
        if row.workflow_id != workflow_id or JobState(row.state).is_over:
            return
        kind = self._kinds.get(row.kind)
        if self._stopping or paused:
            self._again(row, _Again({"state": JobState.QUEUED.value}, datetime.now(UTC) + _ELSEWHERE))
        elif row.cancelling:
            self._end(_Held(Run(row.id, row.attempt), row), {"state": JobState.CANCELLED.value})
        elif kind is None:
            self._send_elsewhere(row)
        else:
            self._run(kind, _Held(Run(row.id, row.attempt + 1), row))

    def look(self, job_id: str) -> None:
        """A job was cancelled in this process: it need not wait for the next look."""
        with self._lock:
            held = self._held.get(job_id)
        if held is not None:
            held.run.cancel()

    def flush(self) -> None:
        """Write how far the jobs are, and hear which of them are to end here."""
        with self._lock:
            every = dict(self._held)
        if not every:
            return
        with self._database.read() as session:
            unwanted = queries.cancelling(session, list(every))
            elsewhere = queries.held_by_others(session, list(every), self._process)
        for job_id, held in every.items():
            if job_id in unwanted:
                held.run.cancel()
            elif job_id in elsewhere or held.is_lost:
                held.run.stop()
            values, lines = held.run.flush()
            if values or lines:
                told = _told(held.row, JobState.RUNNING, values)
                self._writer.hand(Change(job_id, held.row.workflow_id, values, lines, told))

    def stop(self) -> None:
        """Ask everything that runs to stop; it is queued again."""
        self._stopping = True
        with self._lock:
            every = list(self._held.values())
        for held in every:
            held.run.stop()

    def _run(self, kind: JobKind, held: _Held) -> None:
        row = held.row
        with self._lock:
            self._held[row.id] = held
        try:
            with _correlated(row.correlation_id), _traced(held) as span:
                ended = self._outcome(kind, held)
                _describe(span, ended)
        finally:
            with self._lock:
                del self._held[row.id]
        if ended is None:
            self._send_elsewhere(row)
        elif isinstance(ended, _Again):
            self._again(row, ended, held.run)
        else:
            self._end(held, ended)

    def _begin(self, held: _Held) -> None:
        began = {
            "state": JobState.RUNNING.value,
            "node": self._process,
            "attempt": held.run.attempt,
            "started_at": datetime.now(UTC),
            "now": "",
            "error": "",
            "error_code": "",
        }
        told = _told(held.row, JobState.RUNNING, {})
        held.began = self._writer.hand(Change(held.row.id, held.row.workflow_id, began, (), told, takes=True))

    def _outcome(self, kind: JobKind, held: _Held) -> Mapping[str, Any] | _Again | None:
        """What came of it; None where this node cannot do it."""
        run, row = held.run, held.row
        try:
            if not _accepts(kind, row):
                return None
            self._begin(held)
            result = kind.run(run, row.arguments)
            result = None if result is None else json.loads(json.dumps(dict(result), allow_nan=False))
        except JobStopped:
            return _Again({"state": JobState.QUEUED.value, "node": "", "attempt": row.attempt})
        except JobCancelled:
            return {"state": JobState.CANCELLED.value}
        except ProjectionistError as error:
            return _failure(kind, run, error)
        except Exception as error:  # noqa: BLE001 - the job runner: one job's fault never stops the rest
            _log.exception("A job failed in Projectionist itself", extra={"job": row.id, "kind": row.kind})
            run.log(traceback.format_exc(), "error")
            sentence = (
                f"The job met a fault in Projectionist itself ({type(error).__name__}); what was finished before is "
                "kept: its log has the details, please report it."
            )
            return {"state": JobState.FAILED.value, "error": sentence, "error_code": "failed"}
        return {"state": JobState.DONE.value, "result": result}

    def _end(self, held: _Held, values: Mapping[str, Any]) -> None:
        progress, lines = held.run.flush(all_of_it=True)
        row, state = held.row, JobState(values["state"])
        ENDED.add(row.kind, state.value)
        over = {"cancelling": False, "eta_s": None, "now": "", "ended_at": datetime.now(UTC)}
        told = _told(row, state, progress)
        changed = {**progress, **over, **values}
        self._writer.keep(Change(row.id, row.workflow_id, changed, lines, told, takes=held.began is None))

    def _again(self, row: JobRow, again: _Again, run: Run | None = None) -> None:
        if run is not None:
            _, lines = run.flush(all_of_it=True)
            self._writer.keep(Change(row.id, row.workflow_id, {}, lines))
        self._desk.again(row, again.values, again.not_before, process=self._process)

    def _send_elsewhere(self, row: JobRow) -> None:
        """Another node may be able to; where none is, after a while that is said."""
        refused = sorted({*row.refused_by, self._node})
        with self._database.read() as session:
            able = {
                node.host
                for node in queries.nodes(session)
                if not node.left and row.queue in node.queues and node.host not in refused
            }
        now = datetime.now(UTC)
        if not able and now - row.created_at > self._nobody_after:
            failed = {
                "state": JobState.FAILED.value,
                "error_code": "nowhere",
                "error": self._nowhere(row, refused),
            }
            self._end(_Held(Run(row.id, row.attempt), row), failed)
            return
        values = {"state": JobState.QUEUED.value, "refused_by": refused}
        self._again(row, _Again(values, now + _ELSEWHERE))

    def _nowhere(self, row: JobRow, refused: list[str]) -> str:
        asked = ", ".join(refused)
        if row.kind not in self._kinds:
            sentence = (
                f"No machine knows jobs of kind {row.kind} (asked: {asked}); nothing was done: bring every machine "
                "to the same version of Projectionist, then retry."
            )
        else:
            sentence = (
                f"No machine that works on {row.queue} can do this (asked: {asked}); nothing was done: check the path "
                "mappings on the page of servers, and that the disk is mounted, then retry."
            )
        return storable(sentence)[:_ERROR]


def _accepts(kind: JobKind, row: JobRow) -> bool:
    try:
        return kind.accepts(row.arguments)
    except ProjectionistError:
        return False


def _postponed(run: Run, postponed: JobPostponed) -> _Again:
    """Back to the queue, as if it had not been begun, with why."""
    later = datetime.now(UTC) + postponed.after
    why = storable(postponed.message)[:_NOW]
    waiting = {"state": JobState.QUEUED.value, "node": "", "attempt": run.attempt - 1, "now": why}
    return _Again({**waiting, "started_at": None, "not_before": later}, later)


def _failure(kind: JobKind, run: Run, error: ProjectionistError) -> Mapping[str, Any] | _Again:
    """What a job's own error comes to: another time, another try, or the end."""
    if isinstance(error, JobPostponed):
        return _postponed(run, error)
    run.log(error.message, "error")
    failure = {"error": storable(error.message)[:_ERROR], "error_code": error.code}
    if not error.retryable or run.attempt >= kind.attempts:
        return {"state": JobState.FAILED.value, **failure}
    later = datetime.now(UTC) + timedelta(seconds=_backoff(kind.backoff, run.attempt))
    waiting = {"state": JobState.WAITING.value, "node": "", "attempt": run.attempt, "not_before": later}
    return _Again({**failure, **waiting}, later)


def _told(row: JobRow, state: JobState, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "done": "done",
        "total": "total",
        "unit": "unit",
        "now": "now",
        "rate": "rate_per_s",
        "eta": "eta_s",
    }
    progress = {name: values[column] for name, column in names.items() if column in values}
    return {
        "id": row.id,
        "kind": row.kind,
        "queue": row.queue,
        "title": row.title,
        "state": state.value,
        **progress,
    }


def _backoff(first: timedelta, attempt: int) -> float:
    wait_s: float = min(first.total_seconds() * 2 ** (attempt - 1), _LONGEST_BACKOFF_S)
    return wait_s * random.uniform(0.8, 1.2)  # nosec B311 - spreads retries, guards nothing


@contextmanager
def _correlated(correlation_id: str) -> Iterator[None]:
    token = correlation.set(correlation_id)
    try:
        yield
    finally:
        correlation.reset(token)


@contextmanager
def _traced(held: _Held) -> Iterator[Span]:
    """The span of one try, in the trace of the request that asked for the job, be it long over; titles are not told."""
    row = held.row
    with entered(f"job {row.kind}", Kind.CONSUMER, parent_of(row.traceparent or "")) as span:
        span.set("projectionist.job.kind", row.kind)
        span.set("projectionist.job.id", row.id)
        span.set("projectionist.job.queue", row.queue)
        span.set("projectionist.job.attempt", held.run.attempt)
        span.set("projectionist.correlation_id", row.correlation_id)
        yield span


def _describe(span: Span, ended: Mapping[str, Any] | _Again | None) -> None:
    """How the try ended; one that is made again somewhere else has done nothing here."""
    if ended is None:
        span.forget()
        return
    values = ended.values if isinstance(ended, _Again) else ended
    span.set("projectionist.job.state", str(values["state"]))
    if values.get("error_code"):
        span.fail(str(values["error_code"]))
