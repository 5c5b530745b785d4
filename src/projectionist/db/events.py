"""Events that every process hears of: rows that each process reads as they come.

An event says that something changed, and little more; who hears of it reads anew what they show. One thread per
process looks every `poll_s` while somebody listens: on SQLite at a counter of the file that changes with every
commit of another connection, without any read of a table; on PostgreSQL at what is above the last number. There,
numbers are given out before their transactions commit, so a number that was passed over is looked for again for a
minute. Rows stay ten minutes, for those who lost the line and name the last number they saw.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import event as hooks
from sqlalchemy.orm import Session

from projectionist.db import queries
from projectionist.db.engine import Database
from projectionist.db.subscription import Event, Listener, Subscription
from projectionist.db.tables import EventRow
from projectionist.db.tail import Tail
from projectionist.errors import DatabaseUnusable

__all__ = ["RETENTION", "Event", "Events", "Listener", "Subscription"]

RETENTION = timedelta(minutes=10)
_PRUNE_EVERY_S = 60.0
_AFTER_FAILURE_S = 2.0
_NOTHING: Mapping[str, Any] = MappingProxyType({})

logger = logging.getLogger(__name__)


class Events:
    """What happens, told to every process on the same database within a second. Safe in threads."""

    def __init__(self, database: Database, *, poll_s: float = 0.3) -> None:
        self._database = database
        self._poll_s = poll_s
        self._tail = Tail(database)
        self._listeners: tuple[Listener, ...] = ()
        self._changing = threading.Lock()
        self._hurry = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._published = False
        self._pruned_at = time.monotonic()

    def publish(
        self,
        topic: str,
        data: Mapping[str, Any] = _NOTHING,
        *,
        permission: str = "view",
        person: int | None = None,
        session: Session | None = None,
    ) -> None:
        """Tell everybody who may know: `permission` is what they need, `person` the only one meant, if any.

        With `session` the event is part of that transaction: heard of where it commits, and only then. Data are
        JSON values, never a secret. Raises DatabaseUnusable.
        """
        row = EventRow(
            at=datetime.now(UTC), topic=topic, data=dict(data), permission=permission, person=person
        )
        if session is None:
            with self._database.write() as own:
                own.add(row)
            self._told()
        else:
            session.add(row)
            hooks.listen(session, "after_commit", lambda _session: self._told(), once=True)

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        """Hear of everything published from now on; leave by `close`, or the end of a `with`.

        At most `limit` events wait for whoever does not get them; then the oldest are dropped and `lost` is true.
        Raises DatabaseUnusable.
        """
        return Subscription(self._add, self._remove, limit)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with each event from now on, from a thread of ours; returns what ends that.

        It must be quick and must not call back in here. From asyncio hand on by `loop.call_soon_threadsafe`; a
        loop that is closed already (RuntimeError) hears no more. Raises DatabaseUnusable.
        """
        self._add(listener)
        return lambda: self._remove(listener)

    def since(self, event_id: int) -> Sequence[Event]:
        """What came after this event, as far as it is kept, oldest first. Raises DatabaseUnusable."""
        with self._database.read() as session:
            return [_event(row) for row in queries.events_after(session, event_id)]

    def reaches_back_to(self, event_id: int) -> bool:
        """Whether `since(event_id)` is all that came; if not, whoever asks has to read everything anew."""
        with self._database.read() as session:
            first, last = queries.first_event_id(session), queries.last_event_id(session)
        return first <= event_id + 1 <= last + 1 if first is not None else False

    def prune(self, older_than: timedelta = RETENTION) -> int:
        """Remove what is older; how many were. Raises DatabaseUnusable."""
        self._pruned_at, self._published = time.monotonic(), False
        with self._database.write() as session:
            return queries.remove_events_before(session, datetime.now(UTC) - older_than)

    def start(self) -> None:
        """Begin to look for events, and to remove old ones now and then; the first listener does this too."""
        with self._changing:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Look for no more; who listens hears nothing further."""
        with self._changing:
            self._closed = True
            thread, self._thread = self._thread, None
        self._hurry.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._tail.close()

    def _add(self, listener: Listener) -> None:
        self.start()
        with self._changing:
            if not self._listeners:
                self._tail.seek_end()
            self._listeners = (*self._listeners, listener)
        self._hurry.set()

    def _remove(self, listener: Listener) -> None:
        with self._changing:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

    def _told(self) -> None:
        self._published = True
        if self._listeners:
            self._hurry.set()

    def _run(self) -> None:
        wait_s = self._poll_s
        failing = False
        while not self._closed:
            self._hurry.wait(wait_s if self._listeners else _PRUNE_EVERY_S)
            self._hurry.clear()
            try:
                self._look()
                if failing:
                    logger.info("Live events go on.")
                failing, wait_s = False, self._poll_s
            except DatabaseUnusable as error:
                if not failing:
                    logger.warning("Live events wait for the database: %s", error.message)
                failing, wait_s = True, _AFTER_FAILURE_S

    def _look(self) -> None:
        if self._closed:
            return
        with self._changing:
            listeners = self._listeners
            rows = self._tail.read() if listeners else ()
        for row in rows:
            event = _event(row)
            for listener in listeners:
                self._tell(listener, event)
        if self._published and time.monotonic() - self._pruned_at > _PRUNE_EVERY_S:
            self.prune()

    def _tell(self, listener: Listener, event: Event) -> None:
        try:
            listener(event)
        except RuntimeError:
            logger.debug("A listener is gone; it hears no more.", exc_info=True)
            self._remove(listener)


def _event(row: EventRow) -> Event:
    return Event(
        id=row.id, at=row.at, topic=row.topic, data=row.data, permission=row.permission, person=row.person
    )
