"""The time, handed to whatever asks for it, so that a test can move it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks in one, because people set the first one back.

    `now` is for what is stored and shown. It may jump, in both directions: a stored moment in the future means
    that the clock was set back, and counts as now; never wait for it. `monotonic` is for how long something takes
    and when to do it again within this process; it never goes back, and means nothing to another process.
    """

    def now(self) -> datetime:
        """The moment it is, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment."""


class SystemClock:
    """The computer's clocks."""

    def now(self) -> datetime:
        """The moment it is, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()
