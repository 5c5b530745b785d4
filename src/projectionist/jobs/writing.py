"""Changes of jobs, written in groups: many short jobs end in one transaction instead of one each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import DatabaseUnusable
from projectionist.jobs import queries

_MOST = 200
_AGAIN_S = 1.0

_log = logging.getLogger(__name__)


class Publish(Protocol):
    """Tells every process that something happened, in the transaction that makes it true."""

    def __call__(self, topic: str, data: Mapping[str, Any], *, session: Session) -> None:
        """Publish an event."""


@dataclass(slots=True)
class Change:
    """What to write of a job: columns, lines of its log, and what to tell; `written` is set once it is kept."""

    job_id: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Mapping[str, Any], ...] = ()
    told: Mapping[str, Any] | None = None
    written: threading.Event = field(default_factory=threading.Event)


class Writer:
    """One thread that writes what the others hand it; they wait for it where they must."""

    def __init__(self, database: Database, publish: Publish) -> None:
        self._database = database
        self._publish = publish
        self._waiting: list[Change] = []
        self._came = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="jobs-writer", daemon=True)
        self._thread.start()

    def hand(self, change: Change) -> Change:
        """Have it written soon, in the order it was handed."""
        with self._came:
            if self._closed:  # a job that did not stop in time; another process does it again
                change.written.set()
                return change
            self._waiting.append(change)
            self._came.notify()
        return change

    def keep(self, change: Change) -> None:
        """Have it written, and wait until it is."""
        self.hand(change).written.wait()

    def close(self) -> None:
        """Write what is left, and end."""
        with self._came:
            self._closed = True
            self._came.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._came:
                self._came.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            self._write_until_kept(batch)

    def _write_until_kept(self, batch: list[Change]) -> None:
        while True:
            try:
                self._write(batch)
            except DatabaseUnusable as error:
                _log.warning("What jobs came to could not be written and is tried again: %s", error.message)
                if self._closed:
                    for change in batch:
                        change.written.set()
                    return
                threading.Event().wait(_AGAIN_S)
            else:
                for change in batch:
                    change.written.set()
                return

    def _write(self, batch: list[Change]) -> None:
        merged: dict[str, dict[str, Any]] = {}
        for change in batch:
            merged.setdefault(change.job_id, {}).update(change.values)
        told = {change.job_id: change.told for change in batch if change.told is not None}
        lines = [line for change in batch for line in change.lines]
        with self._database.write() as session:
            for job_id, values in merged.items():
                if values:  # what is over stays as it is: somebody cancelled the job before it had begun
                    queries.change(session, job_id, values, states=queries.LIVE)
            if lines:
                queries.add_log(session, lines)
            for data in told.values():
                self._publish("job", data, session=session)
