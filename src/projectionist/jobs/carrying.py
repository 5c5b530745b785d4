"""Carrying a job out: from the durable workflow to the feature's own function, and what came of it back."""

from __future__ import annotations

import json
import logging
import random
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from projectionist.db.engine import Database
from projectionist.errors import JobCancelled, ProjectionistError
from projectionist.jobs import queries
from projectionist.jobs.ports import JobKind, JobState
from projectionist.jobs.running import JobStopped, Run, storable
from projectionist.jobs.tables import JobRow
from projectionist.jobs.writing import Change, Writer
from projectionist.kit.logs import correlation

_ELSEWHERE_S = 2.0
_LONGEST_BACKOFF_S = 600.0
_NOBODY_AFTER = timedelta(minutes=2)

_log = logging.getLogger(__name__)


class Requeue(Protocol):
    """Has a job carried out by a new workflow."""

    def __call__(
        self, job_id: str, values: Mapping[str, Any], delay_s: float, *, queue: str, priority: int, tries: int
    ) -> None:
        """Change the job and queue it again."""


class Carrier:
    """Runs jobs in this process, one thread each."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, JobKind],
        process: str,
        node: str,
        writer: Writer,
        requeue: Requeue,
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._process = process
        self._node = node
        self._writer = writer
        self._requeue = requeue
        self._runs: dict[str, tuple[Run, JobRow]] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self.paused: frozenset[str] = frozenset()

    def carry(self, job_id: str, workflow_id: str) -> None:
        """Do a job, unless it is over or another workflow has it. Raises nothing a job could cause."""
        with self._database.read() as session:
            row = queries.job(session, job_id)
        if row is None or row.workflow_id != workflow_id or JobState(row.state).is_over:
            return
        kind = self._kinds.get(row.kind)
        if self._stopping or row.queue in self.paused:
            self._again(row, {"state": JobState.QUEUED.value}, _ELSEWHERE_S)
        elif row.cancelling:
            self._end(row, {"state": JobState.CANCELLED.value})
        elif kind is None or not self._accepts(kind, row):
            self._send_elsewhere(row)
        else:
            self._run(kind, row)

    def look(self, job_id: str) -> None:
        """A job was cancelled in this process: it need not wait for the next look."""
        with self._lock:
            held = self._runs.get(job_id)
        if held is not None:
            held[0].cancel()

    def flush(self) -> None:
        """Write how far the jobs are, and hear which of them somebody wants to end."""
        with self._lock:
            held = dict(self._runs)
        if not held:
            return
        with self._database.read() as session:
            unwanted = queries.cancelling(session, list(held))
        for job_id, (run, row) in held.items():
            if job_id in unwanted:
                run.cancel()
            values, lines = run.flush()
            if values or lines:
                self._writer.hand(Change(job_id, values, lines, _told(row, JobState.RUNNING, values)))

    def stop(self) -> None:
        """Ask everything that runs to stop; it is queued again."""
        self._stopping = True
        with self._lock:
            held = list(self._runs.values())
        for run, _ in held:
            run.stop()

    def _accepts(self, kind: JobKind, row: JobRow) -> bool:
        try:
            return kind.accepts(row.arguments)
        except ProjectionistError:
            return False

    def _run(self, kind: JobKind, row: JobRow) -> None:
        attempt = row.attempt + 1
        run = Run(row.id, attempt)
        began = {
            "state": JobState.RUNNING.value,
            "node": self._process,
            "attempt": attempt,
            "started_at": datetime.now(UTC),
            "now": "",
            "error": "",
            "error_code": "",
        }
        with self._lock:
            self._runs[row.id] = (run, row)
        self._writer.hand(Change(row.id, began, (), _told(row, JobState.RUNNING, {})))
        try:
            with _correlated(row.correlation_id):
                ended = self._outcome(kind, row, run, attempt)
        finally:
            with self._lock:
                del self._runs[row.id]
        if ended is not None:
            self._end(row, ended, run)

    def _outcome(self, kind: JobKind, row: JobRow, run: Run, attempt: int) -> Mapping[str, Any] | None:
        """What came of it; None where it has been queued again."""
        try:
            result = kind.run(run, row.arguments)
            result = None if result is None else json.loads(json.dumps(dict(result), allow_nan=False))
        except JobStopped:
            self._again(row, {"state": JobState.QUEUED.value, "node": "", "attempt": row.attempt}, 0.0, run)
            return None
        except JobCancelled:
            return {"state": JobState.CANCELLED.value}
        except ProjectionistError as error:
            run.log(error.message, "error")
            failure = {"error": storable(error.message)[:1000], "error_code": error.code}
            if error.retryable and attempt < kind.attempts:
                wait_s = _backoff(kind.backoff, attempt)
                later = datetime.now(UTC) + timedelta(seconds=wait_s)
                waiting = {
                    "state": JobState.WAITING.value,
                    "node": "",
                    "attempt": attempt,
                    "not_before": later,
                }
                self._again(row, {**failure, **waiting}, wait_s, run)
                return None
            return {"state": JobState.FAILED.value, **failure}
        except Exception as error:  # noqa: BLE001 - the job runner: one job's fault never stops the rest
            _log.exception("A job failed in Projectionist itself", extra={"job": row.id, "kind": row.kind})
            run.log(traceback.format_exc(), "error")
            sentence = (
                f"The job met a fault in Projectionist itself ({type(error).__name__}); what was finished before is "
                "kept: its log has the details, please report it."
            )
            return {"state": JobState.FAILED.value, "error": sentence, "error_code": "failed"}
        return {"state": JobState.DONE.value, "result": result}

    def _end(self, row: JobRow, values: Mapping[str, Any], run: Run | None = None) -> None:
        progress, lines = run.flush(all_of_it=True) if run is not None else ({}, ())
        state = JobState(values["state"])
        over = {"cancelling": False, "eta_s": None, "now": "", "ended_at": datetime.now(UTC)}
        self._writer.keep(Change(row.id, {**progress, **over, **values}, lines, _told(row, state, progress)))

    def _again(self, row: JobRow, values: Mapping[str, Any], delay_s: float, run: Run | None = None) -> None:
        if run is not None:
            _, lines = run.flush(all_of_it=True)
            self._writer.keep(Change(row.id, {}, lines))
        self._requeue(row.id, values, delay_s, queue=row.queue, priority=row.priority, tries=row.tries)

    def _send_elsewhere(self, row: JobRow) -> None:
        """Another node may be able to; where none is, after a while that is said."""
        refused = sorted({*row.refused_by, self._node})
        with self._database.read() as session:
            able = {
                node.host
                for node in queries.nodes(session)
                if not node.left and row.queue in node.queues and node.host not in refused
            }
        waited = datetime.now(UTC) - row.created_at
        if not able and waited > _NOBODY_AFTER:
            sentence = (
                f"No machine that works on {row.queue} can do this (asked: {', '.join(refused)}): check the path "
                "mappings on the page of servers, and that the disk is mounted; then retry."
            )
            self._end(row, {"state": JobState.FAILED.value, "error": sentence, "error_code": "nowhere"})
            return
        self._again(row, {"state": JobState.QUEUED.value, "refused_by": refused}, _ELSEWHERE_S)


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
    return wait_s * random.uniform(0.8, 1.2)


@contextmanager
def _correlated(correlation_id: str) -> Iterator[None]:
    token = correlation.set(correlation_id)
    try:
        yield
    finally:
        correlation.reset(token)
