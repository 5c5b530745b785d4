"""Leaving a service alone that fails again and again, so that nobody waits for it and it may recover."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

UNUSED_S: Final = 2 * 86400.0
"""What is known of an address is forgotten when nobody has asked it for so long."""


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


@dataclass(frozen=True, slots=True)
class Circuit:
    """The breaker of an address as it stands; `open` is None where calls pass, `failures` counts those of late."""

    address: str
    open: Open | None
    failures: int


class Breakers:
    """The breakers of a process, one for each address; whom nobody asked for `kept_s` seconds is forgotten.

    Who keeps a client for longer asks here before each call, and not once. Safe to use from any thread.
    """

    def __init__(self, kept_s: float = UNUSED_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept_s = kept_s
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[CircuitBreaker, float]] = {}

    def of(self, address: str) -> CircuitBreaker:
        """The one breaker that all clients of an address share."""
        with self._lock:
            if address not in self._known:
                self._forget_unused()
            breaker = self._known[address][0] if address in self._known else CircuitBreaker()
            self._known[address] = breaker, self._clock()
        return breaker

    def circuits(self) -> list[Circuit]:
        """How they stand, by address."""
        with self._lock:
            self._forget_unused()
            known = sorted(self._known.items())
        return [Circuit(address, *breaker.look()) for address, (breaker, _) in known]

    def _forget_unused(self) -> None:
        before = self._clock() - self._kept_s
        self._known = {address: one for address, one in self._known.items() if one[1] >= before}


_BREAKERS: Final = Breakers()


def breaker_of(address: str) -> CircuitBreaker:
    """The one breaker that all clients of an address in this process share."""
    return _BREAKERS.of(address)


def circuits() -> list[Circuit]:
    """The breakers of this process, by address."""
    return _BREAKERS.circuits()
