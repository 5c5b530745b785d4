"""Sending messages where nobody else does: that no worker lives cannot be told by a job of a worker."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from projectionist.errors import JobPostponed, ProjectionistError
from projectionist.features.alerts import delivering, queries
from projectionist.features.alerts.models import SENDING
from projectionist.features.alerts.workplace import Workplace

PATIENCE = timedelta(minutes=2)
"""So long messages are left to workers: one that is started anew goes on by itself."""
THREAD = "messages that no worker sends"

_AT_ONCE = 500
_FIRST_REST, _LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)

_log = logging.getLogger(__name__)


class StandIn:
    """Sends what is due from this process once nobody has done the jobs of messages for two minutes.

    Each message is taken before it is sent, so that a worker that comes back does not send it too. A queue that
    somebody paused stays paused.
    """

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._since: datetime | None = None
        self._rests: dict[int, tuple[datetime, timedelta]] = {}
        self._thread: threading.Thread | None = None
        self._may_have_left = True

    def look(self, now: datetime, *, is_stuck: bool) -> bool:
        """Whether somebody does the jobs of messages; `is_stuck` says that no job at all is begun or ends.

        Raises DatabaseUnusable.
        """
        place = self._place
        self._let_go()
        name = delivering.QUEUE.name
        is_paused = any(one.paused for one in place.jobs.queues() if one.name == name)
        is_done = any(one.alive and name in one.queues for one in place.jobs.nodes())
        if is_paused or (is_done and not is_stuck):
            self._since = None
            self._rests.clear()
        elif self._since is None:
            self._since = now
            _log.warning(
                "Nobody does the jobs of the queue %s: from %s on messages are sent by the service itself, and its "
                "heart does not beat. Start a worker, or name the queue among those that one does.",
                name,
                now + PATIENCE,
            )
        if self._since is not None and abs(now - self._since) >= PATIENCE:
            self._begin()
        return is_done and not is_paused and not is_stuck

    def _let_go(self) -> None:
        """What was taken and not ended waits again: the process died, or the database was away at that moment."""
        if self._may_have_left and not self._is_at_work():
            with self._place.database.write() as session:
                queries.let_go(session)
            self._may_have_left = False

    def _is_at_work(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _begin(self) -> None:
        if not self._is_at_work():
            self._may_have_left = True
            self._thread = threading.Thread(target=self._work, name=THREAD, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        try:
            now = self._place.now()
            with self._place.database.read() as session:
                due = queries.due(session, now, _AT_ONCE)
            for number in due:
                rests_until, _ = self._rests.get(number, (now, None))
                if rests_until <= now:
                    self._send(number)
        except ProjectionistError as error:
            _log.warning("Messages wait for now: %s", error.message)

    def _send(self, number: int) -> None:
        with self._place.database.write() as session:
            if not queries.take(session, number, SENDING):
                return
        try:
            delivering.deliver(self._place, number, is_last=False, is_taken=True)
        except JobPostponed as error:
            self._rest(number, error.after)
        except ProjectionistError as error:
            _log.warning("A message was not sent: %s", error.message)
            _, before = self._rests.get(number, (None, _FIRST_REST / 2))
            self._rest(number, min(2 * before, _LONGEST_REST))

    def _rest(self, number: int, rest: timedelta) -> None:
        self._rests[number] = (self._place.now() + rest, rest)
