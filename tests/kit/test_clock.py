from __future__ import annotations

from datetime import UTC, datetime, timedelta

from projectionist.kit.clock import SystemClock


def test_the_system_clock_tells_utc_and_never_runs_back() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    moments = [clock.monotonic() for _ in range(100)]
    assert moments == sorted(moments)
