"""The dead man's switch: an address outside is asked for again and again while all is well here.

Whoever listens there tells people when it is not asked for any more, which a house that is down cannot do itself.
"""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from datetime import datetime, timedelta

from projectionist.errors import ProjectionistError
from projectionist.features.alerts import queries
from projectionist.features.alerts.models import HeartbeatRow
from projectionist.features.alerts.workplace import Workplace
from projectionist.features.metrics.service import SAMPLED_EVERY_S
from projectionist.media.messages import MessengerAddress, MessengerKind

_FRESH = timedelta(minutes=2)
"""So long ago it may be that all was well, for another beat."""

_PATIENCE_S = 1.0
_NEXT_CHANCE_S = SAMPLED_EVERY_S - 2.0
"""After about this time at the soonest is the next chance to beat: what would be late then is due now."""

_log = logging.getLogger(__name__)


class Beating:
    """Beats while it is open and hears again and again that all is well; between it sleeps."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._well_at: datetime | None = None
        self._wakes = threading.Event()
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; who is being asked and does not answer is not waited for."""
        self._ends = True
        self._wakes.set()
        self._thread.join(_PATIENCE_S)

    def is_well(self, now: datetime) -> None:
        """All is well now."""
        self._well_at = now
        self._wakes.set()

    def look(self) -> None:
        """Beat where it is time to, and all was well a moment ago. Raises DatabaseUnusable."""
        now = self._place.now()
        if self._well_at is None or abs(now - self._well_at) > _FRESH:
            return
        with self._place.database.read() as session:
            row = queries.heartbeat(session)
        if row is not None and is_due(row, now):
            beat(self._place, row, now)

    def _work(self) -> None:
        while self._wakes.wait() and not self._ends:
            self._wakes.clear()
            try:
                self.look()
            except ProjectionistError as error:
                _log.info("The heart does not beat for now: %s", error.message)


def is_due(row: HeartbeatRow, now: datetime) -> bool:
    """Whether it is time, or will be before the next chance; a clock that was set back delays nothing."""
    return row.tried_at is None or abs(now - row.tried_at).total_seconds() + _NEXT_CHANCE_S > row.every_s


def beat(place: Workplace, row: HeartbeatRow, now: datetime) -> str:
    """Ask for the address, and keep what came of it; what went wrong, empty where nothing did."""
    trouble = ""
    try:
        address = MessengerAddress(MessengerKind.APPRISE_API, place.vault.open(row.address))
        with closing(place.connect(address)) as messenger:
            messenger.beat()
    except ProjectionistError as error:
        trouble = error.message
        _log.warning("The heartbeat was not heard: %s", trouble)
    with place.database.write() as session:
        current = queries.heartbeat(session)
        if current is not None and current.address == row.address:
            current.tried_at, current.error = now, trouble[:1000]
            if not trouble:
                current.heard_at = now
    return trouble
