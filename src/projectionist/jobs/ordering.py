"""Asking for jobs: a row of ours first, then a workflow that carries it; and the same again for another try."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, DatabaseUnusable, InputWrong, ProjectionistError
from projectionist.jobs import queries
from projectionist.jobs.durable import Durable, Work
from projectionist.jobs.ports import Arguments, JobKind, JobState, Order, Ordered, Priority
from projectionist.jobs.running import storable
from projectionist.jobs.tables import JobRow
from projectionist.jobs.writing import Publish
from projectionist.kit.logs import correlation, new_correlation
from projectionist.kit.tracing import traceparent

_GROUP = 200
_TITLE = 300
_KEY = 200
_SHORT = 60
_TRIES = 5
_NOT_BEGUN = (JobState.QUEUED.value, JobState.WAITING.value)

_log = logging.getLogger(__name__)


class Desk:
    """Where jobs are asked for. Without `durable` they are only written down; who leads the jobs queues them."""

    def __init__(self, database: Database, kinds: Mapping[str, JobKind], publish: Publish) -> None:
        self._database = database
        self._kinds = kinds
        self._publish = publish
        self.durable: Durable | None = None

    def order(
        self, orders: Sequence[Order], *, provided: Callable[[Session], bool] | None = None
    ) -> list[Ordered]:
        """Ask for jobs, in few transactions; one that waits already goes forward where this is more urgent.

        With `provided` nothing is asked for unless it says so, in the same transaction as all of them.
        Raises InputWrong, DatabaseUnusable.
        """
        now, thread = datetime.now(UTC), correlation.get()[:_SHORT] or new_correlation()
        rows = [self._values(order, now, thread) for order in orders]
        size = _GROUP if provided is None else max(1, len(rows))
        ordered: list[Ordered] = []
        for start in range(0, len(rows), size):
            ordered += self._order_group(rows[start : start + size], provided)
        return ordered

    def again(
        self,
        row: JobRow,
        values: Mapping[str, Any],
        not_before: datetime | None,
        *,
        process: str | None = None,
        states: Collection[str] = queries.LIVE,
    ) -> bool:
        """Have a job carried out by a new workflow; False where it is not as `row` says any more.

        It must go on under the same workflow, in one of `states`, and with `process` be held by that or by nobody.
        """
        with self._database.write() as session:
            work = self._next(session, row, values, not_before, process, states)
        if work is not None:
            self.enqueue([work])
        return work is not None

    def _next(
        self,
        session: Session,
        row: JobRow,
        values: Mapping[str, Any],
        not_before: datetime | None,
        process: str | None,
        states: Collection[str],
    ) -> Work | None:
        tries = row.tries + 1
        priority, state = int(values.get("priority", row.priority)), str(values.get("state", row.state))
        work = Work(row.id, f"{row.id}.{tries}", row.queue, priority, not_before)
        told = {"id": row.id, "kind": row.kind, "queue": row.queue, "state": state}
        changed = {**values, "workflow_id": work.workflow_id, "tries": tries}
        if not queries.move_on(session, row, changed, process, states):
            return None
        self._publish("job", told, session=session)
        return work

    def _hasten(
        self, session: Session, rows: Sequence[Mapping[str, Any]], ordered: Sequence[Ordered]
    ) -> list[Work]:
        """Bring forward what was there already and less urgent; what is urgent does not wait for its next try."""
        works = []
        for values, one in zip(rows, ordered, strict=True):
            row = None if one.created else queries.job(session, one.job_id)
            if row is None or row.state not in _NOT_BEGUN:
                continue
            priority = min(row.priority, values["priority"])
            retries = row.state == JobState.WAITING.value and priority <= Priority.HIGH
            if priority == row.priority and not retries:
                continue
            changed: dict[str, Any] = {"priority": priority}
            if retries:
                changed |= {"state": JobState.QUEUED.value, "not_before": None}
            works.append(
                self._next(session, row, changed, None if retries else row.not_before, None, _NOT_BEGUN)
            )
        return [work for work in works if work is not None]

    def enqueue(self, works: Sequence[Work]) -> None:
        """Queue what has been written down; what cannot be now is, by who leads the jobs, once it can be."""
        if self.durable is None or not works:
            return
        try:
            self.durable.enqueue(works)
        except DatabaseUnusable as error:
            _log.warning("%s jobs are written down and wait to be queued: %s", len(works), error.message)

    def _order_group(
        self, rows: Sequence[Mapping[str, Any]], provided: Callable[[Session], bool] | None
    ) -> list[Ordered]:
        with self._database.write() as session:
            if provided is not None and not provided(session):
                return []
            ordered = _add(session, rows)
            hastened = self._hasten(session, rows, ordered)
            if added := sum(one.created for one in ordered):
                self._publish("jobs", {"queued": added}, session=session)
        new = [
            Work(
                values["id"], values["workflow_id"], values["queue"], values["priority"], values["not_before"]
            )
            for values, one in zip(rows, ordered, strict=True)
            if one.created
        ]
        self.enqueue([*new, *hastened])
        return ordered

    def _values(self, order: Order, now: datetime, thread: str) -> dict[str, Any]:
        kind = self._kinds.get(order.kind)
        if kind is None:
            raise InputWrong(f"There is no job of kind {order.kind}.", "kind")
        job_id = f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(5)}"
        return {
            "id": job_id,
            "workflow_id": job_id,
            "kind": kind.name,
            "queue": kind.queue,
            "title": title_of(kind, order.arguments),
            "arguments": checked_arguments(order.arguments),
            "state": JobState.QUEUED.value,
            "priority": int(order.priority),
            "key": None if order.key is None else _short_key(order.key),
            "attempt": 0,
            "tries": 0,
            "refused_by": [],
            "done": 0.0,
            "unit": "",
            "now": "",
            "error": "",
            "error_code": "",
            "node": "",
            "asked_by": storable(order.asked_by)[:_SHORT],
            "correlation_id": thread,
            "traceparent": traceparent() or None,
            "cancelling": False,
            "created_at": now,
            "not_before": order.not_before,
        }


def checked_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as JSON holds them. Raises InputWrong where it cannot."""
    try:
        held: dict[str, Any] = json.loads(json.dumps(dict(arguments), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InputWrong(
            f"A job is told JSON values only ({error}); nothing was asked for.", "arguments"
        ) from None
    return held


def _add(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[Ordered]:
    added = queries.add_jobs(session, rows)
    return [
        Ordered(row["id"], created=True) if row["id"] in added else _existing(session, row) for row in rows
    ]


def _existing(session: Session, row: Mapping[str, Any]) -> Ordered:
    for _ in range(_TRIES):
        existing = queries.live_with_key(session, row["kind"], row["key"] or "")
        if existing is not None:
            return Ordered(existing, created=False)
        if queries.add_jobs(session, [row]):  # the other has ended in between
            return Ordered(row["id"], created=True)
    raise Conflict(
        "The same job began and ended again and again at this moment; nothing was asked for: ask again."
    )


def title_of(kind: JobKind, arguments: Arguments) -> str:
    """What a job with these arguments is called: what all of its kind are, where they do not say."""
    try:
        title = kind.title(arguments)
    except (ProjectionistError, LookupError, TypeError, ValueError, AttributeError):
        _log.debug("A job of kind %s cannot be named from what it is told", kind.name, exc_info=True)
        title = kind.label
    return storable(title)[:_TITLE]


def _short_key(key: str) -> str:
    words = storable(key)
    if len(words) <= _KEY:
        return words
    return f"{words[:100]}#{hashlib.sha256(words.encode()).hexdigest()}"
