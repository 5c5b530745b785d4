from __future__ import annotations

from datetime import UTC, datetime, timedelta

from projectionist.kit.clock import SystemClock, age_s


def test_the_system_clock_tells_utc_and_never_runs_back() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    moments = [clock.monotonic() for _ in range(100)]
    assert moments == sorted(moments)


def test_a_moment_behind_which_the_clock_was_set_back_is_now() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert age_s(now - timedelta(seconds=90), now) == 90
    assert age_s(now + timedelta(hours=3), now) == 0
