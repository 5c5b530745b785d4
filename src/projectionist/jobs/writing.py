"""Changes of jobs, written in groups: many short jobs end in one transaction instead of one each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import DatabaseUnusable
from projectionist.jobs import queries

_MOST = 200
_AGAIN_S = 1.0
_LINGER_S = 0.05
_GATHER_S = 0.01

_log = logging.getLogger(__name__)


class Publish(Protocol):
    """Tells every process that something happened, in the transaction that makes it true."""

    def __call__(self, topic: str, data: Mapping[str, Any], *, session: Session) -> None:
        """Publish an event."""


@dataclass(slots=True)
class Change:
    """What to write of a job: columns, lines of its log, and what to tell.

    It is dropped where the job is over, or goes on under another workflow. One that does not `take` the job is
    dropped besides where another process has taken it. `written` is set once it is kept or dropped.
    """

    job_id: str
    workflow_id: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Mapping[str, Any], ...] = ()
    told: Mapping[str, Any] | None = None
    takes: bool = False
    written: threading.Event = field(default_factory=threading.Event)
    dropped: bool = False


class Writer:
    """One thread that writes what the others hand it; they wait for it where they must."""

    def __init__(self, database: Database, publish: Publish, process: str) -> None:
        self._database = database
        self._publish = publish
        self._process = process
        self._waiting: list[Change] = []
        self._came = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs-writer", daemon=True)
        self._thread.start()

    def hand(self, change: Change) -> Change:
        """Have it written soon, in the order it was handed."""
        with self._came:
            if self._closed.is_set():  # a job that did not stop in time; another process does it again
                _drop([change])
                return change
            self._waiting.append(change)
            if not change.takes or len(self._waiting) == 1:
                self._came.notify()
        return change

    def keep(self, change: Change) -> None:
        """Have it written, and wait until it is."""
        self.hand(change).written.wait()

    def close(self) -> None:
        """Write what is left, and end."""
        with self._came:
            self._closed.set()
            self._came.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._came:
                self._came.wait_for(lambda: self._waiting or self._closed.is_set())
                if not self._waiting:
                    return
                if all(change.takes for change in self._waiting):
                    self._came.wait_for(self._is_urgent, _LINGER_S)
            self._closed.wait(_GATHER_S)
            with self._came:
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            self._write_until_kept(batch)

    def _is_urgent(self) -> bool:
        """That a job has begun may be told a little later: where it is short, together with its end."""
        return self._closed.is_set() or not all(change.takes for change in self._waiting)

    def _write_until_kept(self, batch: list[Change]) -> None:
        while True:
            try:
                self._write(batch)
            except DatabaseUnusable as error:
                _log.warning("What jobs came to could not be written and is tried again: %s", error.message)
                if self._closed.is_set():
                    return _drop(batch)
                self._closed.wait(_AGAIN_S)
            except (SQLAlchemyError, TypeError, ValueError):
                if len(batch) > 1:  # one of them is what no database takes; the others are not to suffer
                    for change in batch:
                        self._write_until_kept([change])
                    return None
                _log.exception("A change of a job cannot be written", extra={"job": batch[0].job_id})
                return _drop(batch)
            else:
                for change in batch:
                    change.written.set()
                return None

    def _write(self, batch: Sequence[Change]) -> None:
        groups: dict[tuple[str, str], list[Change]] = {}
        for change in batch:
            groups.setdefault((change.job_id, change.workflow_id), []).append(change)
        with self._database.write() as session:
            for (job_id, workflow_id), changes in groups.items():
                values = {name: value for change in changes for name, value in change.values.items()}
                taken = any(change.takes for change in changes)
                holder = None if taken or not values else self._process
                kept = not values or queries.change_held(session, job_id, workflow_id, holder, values)
                for change in changes:
                    change.dropped = not kept
            lines = [line for change in batch if not change.dropped for line in change.lines]
            if lines:
                queries.add_log(session, lines)
            told = {change.job_id: change.told for change in batch if change.told and not change.dropped}
            for data in told.values():
                self._publish("job", data, session=session)


def _drop(changes: Sequence[Change]) -> None:
    for change in changes:
        change.dropped = True
        change.written.set()
