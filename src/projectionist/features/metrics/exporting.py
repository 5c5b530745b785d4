"""Sending metrics on to whoever collects them elsewhere, again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Protocol

from projectionist.errors import ProjectionistError
from projectionist.features.metrics.service import Place, families_now
from projectionist.kit.metrics import Family

_PATIENCE_S = 1.0
_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Takes metrics. Raises ServiceError."""

    def send(self, families: Iterable[Family]) -> None:
        """How the families stand now."""

    def close(self) -> None:
        """Give up connections."""


class Exporting:
    """Sends while it is open; that nobody takes them is said once, until somebody does."""

    def __init__(self, place: Place, sink: Sink, *, every_s: float = 60.0) -> None:
        self._place = place
        self._sink = sink
        self._every_s = every_s
        self._is_lost = False
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics to elsewhere", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; who is being told and does not answer is not waited for."""
        self._ends.set()
        self._thread.join(_PATIENCE_S)
        self._sink.close()

    def turn(self) -> None:
        """Send them once."""
        try:
            self._sink.send(families_now(self._place))
        except ProjectionistError as error:
            if not self._is_lost:
                _log.warning("Metrics are not sent on for now: %s", error.message)
            self._is_lost = True
            return
        if self._is_lost:
            _log.info("Metrics are sent on again.")
        self._is_lost = False

    def _work(self) -> None:
        while not self._ends.wait(self._every_s):
            self.turn()
