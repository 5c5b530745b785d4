"""A job while it runs here: what it is handed, its progress, and being told to stop."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from projectionist.errors import JobCancelled

_SMOOTHING = 0.3
_NOW = 300
_UNIT = 40
_LEVEL = 10
_MESSAGE = 4000
_EVERY_S = 1.0


class JobStopped(JobCancelled):
    """The process ends, and the job goes on elsewhere or later; for the job it is the same as being cancelled."""


def storable(words: str) -> str:
    """Words that every database takes: names of files may hold bytes that are no text."""
    return words.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


class Run:
    """The `JobRun` of one job. `flush` gives what is new since the last time, at most once a second."""

    def __init__(self, job_id: str, attempt: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._stopped = threading.Event()
        self._done = 0.0
        self._total: float | None = None
        self._unit = ""
        self._now = ""
        self._dirty = False
        self._rate: float | None = None
        self._seen: tuple[float, float] = (monotonic(), 0.0)
        self._given_at = -_EVERY_S
        self._lines: list[Mapping[str, Any]] = []

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        """Say how far it is; raises JobCancelled."""
        with self._lock:
            self._total, self._unit, self._now = _number(total), storable(unit)[:_UNIT], storable(now)[:_NOW]
            known = _number(done)
            if known is not None:
                if known < self._done:
                    self._seen, self._rate = (self._monotonic(), known), None
                self._done = known
            self._dirty = True
        self.check()

    def check(self) -> None:
        """Raise JobCancelled where the job is to end."""
        if self._cancelled.is_set():
            raise JobCancelled("The job was cancelled; what was finished before is kept.")
        if self._stopped.is_set():
            raise JobStopped("This process ends; the job goes on after the next start.")

    def log(self, message: str, level: str = "info") -> None:
        """Add a line to the job's log."""
        words = storable(message)[:_MESSAGE]
        line = {"job_id": self.job_id, "at": datetime.now(UTC), "level": level[:_LEVEL], "message": words}
        with self._lock:
            self._lines.append(line)

    def cancel(self) -> None:
        """Have it end."""
        self._cancelled.set()

    def stop(self) -> None:
        """Have it end here, to go on elsewhere."""
        self._stopped.set()

    def flush(self, *, all_of_it: bool = False) -> tuple[dict[str, Any], tuple[Mapping[str, Any], ...]]:
        """Columns that have changed, empty where none has, and new lines of the log; `all_of_it` at the end."""
        with self._lock:
            now = self._monotonic()
            if not all_of_it and now - self._given_at < _EVERY_S * 0.9:
                return {}, ()
            self._given_at = now
            lines, self._lines = tuple(self._lines), []
            if not self._dirty:
                return {}, lines
            self._dirty = False
            self._measure()
            left = None if self._total is None else max(0.0, self._total - self._done)
            return {
                "done": self._done,
                "total": self._total,
                "unit": self._unit,
                "now": self._now,
                "rate_per_s": self._rate,
                "eta_s": left / self._rate if left is not None and self._rate else None,
            }, lines

    def _measure(self) -> None:
        then, before = self._seen
        took = self._monotonic() - then
        if took < 0.2:
            return
        rate = max(0.0, (self._done - before) / took)
        self._rate = rate if self._rate is None else self._rate + _SMOOTHING * (rate - self._rate)
        self._seen = (self._monotonic(), self._done)


def _number(value: float | None) -> float | None:
    """What a database takes: not a number, and no end, is not known."""
    return float(value) if value is not None and math.isfinite(value) else None
