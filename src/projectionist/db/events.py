"""Events that cross processes: what one publishes, every other hears within a second.

They are rows, published in the transaction that makes them true, and each process has one thread that looks for
new ones while anybody listens.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from projectionist.db import queries
from projectionist.db.engine import Database
from projectionist.db.subscription import Event, Listener, Subscription
from projectionist.db.tables import EventRow
from projectionist.db.tail import Tail
from projectionist.errors import DatabaseUnusable

__all__ = ["RETENTION", "Event", "Events", "Listener", "Subscription"]

RETENTION = timedelta(minutes=10)

_WAITING = 1000
"""Events kept for one who does not come to fetch them."""
_TROUBLE_S = 1.0

_log = logging.getLogger(__name__)


class Events:
    """Publishes, and hears what any process published, this one too."""

    def __init__(self, database: Database, *, poll_s: float = 0.3) -> None:
        self._database = database
        self._poll_s = poll_s
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def publish(
        self,
        topic: str,
        data: Mapping[str, Any] | None = None,
        *,
        permission: str = "view",
        person: int | None = None,
        session: Session | None = None,
    ) -> None:
        """Say that something happened, in the transaction of `session` where one is given.

        Raises DatabaseUnusable.
        """
        row = EventRow(
            at=datetime.now(UTC), topic=topic, data=dict(data or {}), permission=permission, person=person
        )
        if session is not None:
            session.add(row)
            return
        with self._database.write() as own:
            own.add(row)
        self._wake.set()

    def subscribe(self) -> Subscription:
        """Hear what happens from now on; fetch it with `get`. Raises DatabaseUnusable."""
        return Subscription(self._add, self._remove, _WAITING)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each event from now on; returns what ends it.

        It is called on the thread that looks for events, and must return quickly and raise nothing. Raises
        DatabaseUnusable.
        """
        self._add(listener)
        return lambda: self._remove(listener)

    def since(self, event_id: int) -> Sequence[Event]:
        """What happened after an event, oldest first, as far as it is kept. Raises DatabaseUnusable."""
        with self._database.read() as session:
            return [_event(row) for row in queries.events_after(session, event_id)]

    def prune(self, older_than: timedelta = RETENTION) -> int:
        """Forget what every process has long seen; how many. Raises DatabaseUnusable."""
        with self._database.write() as session:
            return queries.remove_events_before(session, datetime.now(UTC) - older_than)

    def close(self) -> None:
        """Hear no more; closing twice is harmless."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        self._wake.set()
        if thread is not None:
            thread.join()

    def _add(self, listener: Listener) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                tail = Tail(self._database)
                tail.seek_end()
                self._thread = threading.Thread(target=self._hear, args=(tail,), name="events", daemon=True)
                self._thread.start()
            self._listeners = (*self._listeners, listener)

    def _remove(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one != listener)

    def _hear(self, tail: Tail) -> None:
        in_trouble = False
        with contextlib.closing(tail):
            while not self._closed:
                self._wake.wait(_TROUBLE_S if in_trouble else self._poll_s)
                self._wake.clear()
                try:
                    self._pass_on(tail)
                except DatabaseUnusable as error:
                    if not in_trouble:
                        _log.warning("Events are not heard for now: %s", error.message)
                    in_trouble = True
                else:
                    in_trouble = False

    def _pass_on(self, tail: Tail) -> None:
        for row in tail.read():
            event = _event(row)
            for listener in self._listeners:
                listener(event)


def _event(row: EventRow) -> Event:
    return Event(row.id, row.at, row.topic, row.data, row.permission, row.person)
