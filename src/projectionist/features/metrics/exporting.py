"""Sending metrics, and the spans of traces, on to whoever collects them elsewhere, again and again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import Protocol

from projectionist.errors import ProjectionistError
from projectionist.features.metrics.service import Place, families_now
from projectionist.kit.metrics import Family
from projectionist.kit.tracing import SPANS, TRACES, Span

_PATIENCE_S = 1.0
_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Takes metrics and traces. Raises ServiceError."""

    def send(self, families: Iterable[Family]) -> None:
        """How the families stand now."""

    def send_spans(self, spans: Sequence[Span]) -> int:
        """Spans that are over; how many of them it does not take."""

    def close(self) -> None:
        """Give up connections."""


class Exporting:
    """Sends while it is open; that nobody takes them is said once, until somebody does.

    Without a `place` no metrics are sent. `share` is the share of traces that are recorded and sent: within
    `spans_every_s` seconds, or when a whole batch waits. What is not taken at once is not kept.
    """

    def __init__(
        self,
        place: Place | None,
        sink: Sink,
        *,
        every_s: float = 60.0,
        share: float = 0.0,
        spans_every_s: float = 5.0,
    ) -> None:
        self._place = place
        self._sink = sink
        self._every_s = every_s
        self._share = share
        self._spans_every_s = spans_every_s
        self._lost: set[str] = set()
        self._ends = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="telemetry to elsewhere", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._share > 0:
            TRACES.open(self._share, self._wake)
        self._thread.start()

    def close(self) -> None:
        """End; what waits is sent, and who is being told and does not answer is not waited for."""
        if self._share > 0:
            TRACES.close()
        self._ends = True
        self._wake.set()
        self._thread.join(_PATIENCE_S)

    def turn(self) -> None:
        """Send the metrics once."""
        place = self._place
        if place is not None:
            self._told("Metrics", lambda: self._sink.send(families_now(place)))

    def send_spans(self) -> None:
        """Send the spans that wait; after a failure the rest waits for the next time, as far as there is room."""
        while spans := TRACES.take():
            if not self._told("Traces", partial(self._send, spans)):
                SPANS.add("lost", by=len(spans))
                return

    def _send(self, spans: Sequence[Span]) -> None:
        refused = self._sink.send_spans(spans)
        SPANS.add("sent", by=len(spans) - refused)
        if refused:
            SPANS.add("refused", by=refused)

    def _told(self, what: str, send: Callable[[], None]) -> bool:
        try:
            send()
        except ProjectionistError as error:
            if what not in self._lost:
                _log.warning("%s are not sent on for now: %s", what, error.message)
            self._lost.add(what)
            return False
        if what in self._lost:
            _log.info("%s are sent on again.", what)
        self._lost.discard(what)
        return True

    def _work(self) -> None:
        with closing(self._sink):
            due = time.monotonic() + self._every_s
            while not self._ends:
                left = due - time.monotonic()
                self._wake.wait(min(left, self._spans_every_s) if self._share > 0 else max(left, 0.0))
                self._wake.clear()
                if self._share > 0:
                    self.send_spans()
                if not self._ends and time.monotonic() >= due:
                    due = time.monotonic() + self._every_s
                    self.turn()
