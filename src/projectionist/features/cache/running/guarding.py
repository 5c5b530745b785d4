"""Watching over the fast tiers: where one goes, or comes back, that is looked after within seconds, by nobody's hand.

Only the fast disks are looked at for that; the slow ones sleep on.
"""

from __future__ import annotations

import logging
import threading

from projectionist.errors import ProjectionistError
from projectionist.features.cache.running.ordering import LOOK
from projectionist.features.cache.spots import is_mounted
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Jobs, Order, Priority

_EVERY_S = 5.0

_log = logging.getLogger(__name__)


class Guarding:
    """Looks at this node's tiers while it is open."""

    def __init__(self, place: Workplace, jobs: Jobs, *, every_s: float = _EVERY_S) -> None:
        self._place = place
        self._jobs = jobs
        self._every_s = every_s
        self._there: dict[int, bool] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="guarding tiers", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ends.set()
        self._thread.join()

    def look(self) -> None:
        """Ask for whatever came or went to be looked after; at the first look, for what is away."""
        for tier in self._place.places.tiers():
            there = is_mounted(tier.root)
            if self._there.get(tier.id, True) is not there:
                arguments = {"tier_id": tier.id, "name": tier.name}
                self._jobs.order(Order(LOOK, arguments, f"{tier.id} {there}", Priority.NOW))
            self._there[tier.id] = there

    def _work(self) -> None:
        while True:
            try:
                self.look()
            except ProjectionistError as error:
                _log.warning("The fast tiers are not looked at for now: %s", error.message)
            if self._ends.wait(self._every_s):
                return
