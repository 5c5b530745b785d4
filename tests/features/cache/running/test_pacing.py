"""How gently files are copied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong, JobCancelled
from projectionist.features.cache.traffic.pacing import Meter, quiet_hours
from projectionist.settings.values import hours

SPRING, WINTER = datetime(2026, 1, 1), datetime(2026, 12, 31)  # noqa: DTZ001 - hypothesis adds the zone
MOMENTS = st.datetimes(SPRING, WINTER, timezones=st.just(UTC))
TIMES = st.tuples(st.integers(0, 23), st.integers(0, 59))


class Ticks:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = 100.0
        self.slept: list[float] = []

    def ticks(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@given(MOMENTS, TIMES, TIMES)
def test_quiet_hours_end_when_they_say_also_over_midnight(
    now: datetime, begin: tuple[int, int], end: tuple[int, int]
) -> None:
    quiet = quiet_hours(f"{begin[0]:02}:{begin[1]:02}-{end[0]:02}:{end[1]:02}")
    assert quiet is not None
    left = quiet.left(now)
    local = now.astimezone()
    minute = local.hour * 60 + local.minute
    first, last = begin[0] * 60 + begin[1], end[0] * 60 + end[1]
    inside = first <= minute < last if first < last else minute >= first or minute < last
    assert (left is not None) == inside
    if left is not None:
        over = (local + left).replace(second=0, microsecond=0)
        assert timedelta(0) < left <= timedelta(days=1)
        assert (over.hour, over.minute) == end


@pytest.mark.parametrize("text", ["22-6", "25:00-06:00", "22:60-06:00", "22:00", "late"])
def test_what_are_no_hours_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputWrong, match="22:00-06:30"):
        quiet_hours(text)
    with pytest.raises(ValueError, match="22:00-06:30"):
        hours(text)


def test_no_hours_are_none_and_a_setting_is_written_one_way() -> None:
    assert quiet_hours(" ") is None
    assert hours("7:05 - 23:00") == "07:05-23:00"


def test_bytes_pass_at_their_rate_and_no_pause_is_made_up_for() -> None:
    clock = Ticks()
    meter = Meter(1000, lambda: None, clock.ticks, clock.sleep)
    meter.pass_by(500)
    meter.pass_by(2000)
    assert clock.at == pytest.approx(102.0)
    clock.at += 50
    meter.paused(50)
    meter.pass_by(3000)
    assert clock.at == pytest.approx(153.0)
    assert max(clock.slept) <= 0.2


def test_who_waits_for_the_rate_ends_when_the_job_does() -> None:
    clock = Ticks()

    def check() -> None:
        if clock.at > 100.5:
            raise JobCancelled("It was cancelled.")

    meter = Meter(1, check, clock.ticks, clock.sleep)
    with pytest.raises(JobCancelled):
        meter.pass_by(1_000_000)
    assert clock.at < 101


def test_without_a_rate_nobody_waits() -> None:
    clock = Ticks()
    Meter(None, lambda: None, clock.ticks, clock.sleep).pass_by(10**12)
    assert clock.slept == []
