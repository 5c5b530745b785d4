from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong
from projectionist.features.alerts.quiet import QuietHours, clock_of, minute_of

NIGHT = QuietHours(22 * 60, 7 * 60, "Europe/Vienna")


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)  # Vienna is an hour ahead


def test_the_quiet_end_when_the_night_is_over_where_the_person_is() -> None:
    assert NIGHT.end_after(at(21, 30)) == at(6, day=11)
    assert NIGHT.end_after(at(3)) == at(6)
    assert NIGHT.end_after(at(6)) is None
    assert NIGHT.end_after(at(20, 59)) is None


def test_in_the_hour_that_is_twice_the_quiet_end_at_their_time_in_each() -> None:
    hours = QuietHours(22 * 60, 2 * 60 + 30, "Europe/Berlin")
    first, second = (datetime(2026, 10, 25, hour, 15, tzinfo=UTC) for hour in (0, 1))
    assert hours.end_after(first) == first.replace(minute=30)
    assert hours.end_after(second) == second.replace(minute=30)


def test_the_same_time_twice_is_never() -> None:
    assert QuietHours(600, 600).end_after(at(10)) is None


def test_a_zone_that_is_none_is_utc() -> None:
    assert QuietHours(0, 60, "Nowhere/Land").end_after(at(0, 30)) == at(1)


@given(
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.integers(1577836800, 2051222400).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.sampled_from(["", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_quiet_hours_end_within_a_day_and_not_in_other_quiet_hours(
    begins: int, ends: int, now: datetime, zone: str
) -> None:
    hours = QuietHours(begins, ends, zone)
    end = hours.end_after(now)
    if end is not None:
        assert 0 < (end - now).total_seconds() <= 25 * 3600  # a day may have an hour twice


@given(st.integers(0, 1439))
def test_what_a_clock_shows_is_read_back(minute: int) -> None:
    assert minute_of(clock_of(minute), "from") == minute


@pytest.mark.parametrize("typed", ["", "7", "24:00", "12:60", "a:b", "12:3x", "1:2:3", "²:00", "-1:00"])
def test_what_is_no_time_of_day_is_refused(typed: str) -> None:
    with pytest.raises(InputWrong, match="looks like 22:30"):
        minute_of(typed, "from")
