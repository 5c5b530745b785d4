"""Leaving a service alone that fails again and again, so that nobody waits for it and it may recover."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Open:
    """The circuit is open: since when (in UTC), and in how many seconds the service is tried again."""

    since: datetime
    retry_in_s: float


class CircuitBreaker:
    """Opens after `failures` failed calls within `window_s` seconds, for `open_s` seconds; then one call may try.

    If that one succeeds the circuit closes, else it is open for as long again. Safe to use from any thread.
    `clock` counts seconds.
    """

    def __init__(
        self,
        failures: int = 5,
        window_s: float = 60.0,
        open_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._window_s = window_s
        self._open_s = open_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_at: deque[float] = deque(maxlen=failures)
        self._opened_at: float | None = None
        self._since = datetime.now(UTC)
        self._probing = False

    def enter(self) -> Open | None:
        """Ask to make a call; None grants it, and then `leave` must follow."""
        with self._lock:
            if self._opened_at is None:
                return None
            left = self._opened_at + self._open_s - self._clock()
            if left > 0 or self._probing:
                return Open(self._since, max(left, 1.0))
            self._probing = True
            return None

    def look(self) -> tuple[Open | None, int]:
        """Whether it is open, and how many calls failed lately; nothing is asked for by it."""
        with self._lock:
            now = self._clock()
            lately = sum(now - at <= self._window_s for at in self._failed_at)
            if self._opened_at is None:
                return None, lately
            return Open(self._since, max(self._opened_at + self._open_s - now, 0.0)), lately

    def leave(self, failed: bool | None) -> None:
        """Say how a granted call ended; None where that says nothing of the service."""
        with self._lock:
            probed, self._probing = self._probing, False
            if failed is False:
                self._failed_at.clear()
                self._opened_at = None
            elif failed:
                self._count(probed)

    def _count(self, probed: bool) -> None:
        now = self._clock()
        self._failed_at.append(now)
        full = len(self._failed_at) == self._limit and now - self._failed_at[0] <= self._window_s
        if probed or (full and self._opened_at is None):
            if self._opened_at is None:
                self._since = datetime.now(UTC)
            self._opened_at = now


_breakers: dict[str, CircuitBreaker] = {}
_breakers_lock = threading.Lock()


def breaker_of(address: str) -> CircuitBreaker:
    """The one breaker that all clients of an address in this process share."""
    with _breakers_lock:
        return _breakers.setdefault(address, CircuitBreaker())


@dataclass(frozen=True, slots=True)
class Circuit:
    """The breaker of an address as it stands; `open` is None where calls pass, `failures` counts those of late."""

    address: str
    open: Open | None
    failures: int


def circuits() -> list[Circuit]:
    """The breakers of this process, by address."""
    with _breakers_lock:
        known = sorted(_breakers.items())
    return [Circuit(address, *breaker.look()) for address, breaker in known]
