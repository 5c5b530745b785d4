"""When schedules are due, above all on the days on which clocks are changed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projectionist.errors import InputWrong
from projectionist.jobs.timing import next_time

CHANGING = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # by half an hour
    "America/Havana",  # at midnight
    "America/Santiago",  # back into the day before
    "Africa/Casablanca",  # for a month, by another calendar
]
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=3650)).map(
    lambda ago: datetime(2034, 12, 31, tzinfo=UTC) - ago
)
HOURS = st.sampled_from(["*", "0", "2", "23", "2,3", "0-22", "*/2", "1-4"])
LINES = st.builds(
    lambda minute, hour, day, weekday: f"{minute} {hour} {day} * {weekday}",
    st.sampled_from(["0", "30", "59", "*/20", "*", "5,45"]),
    HOURS,
    st.sampled_from(["*", "1", "*/7", "31"]),
    st.sampled_from(["*", "0", "1-5"]),
)


def turns(when: str, zone: str, day: str, days: int = 1) -> list[str]:
    """When it is due from this local day on, as the clock shows it with what it is ahead of UTC."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    end = (start + timedelta(days=days)).astimezone(UTC)
    found = []
    moment = next_time(when, zone, start.astimezone(UTC) - timedelta(microseconds=1))
    while moment < end:
        found.append(f"{moment.astimezone(ZoneInfo(zone)):%H:%M%z}")
        moment = next_time(when, zone, moment)
    return found


@pytest.mark.parametrize(
    ("when", "zone", "day", "due"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-28", ["02:30+0100"]),
        ("30 2 * * *", "Europe/Berlin", "2026-03-29", ["03:00+0200"]),
        ("30 2 * * *", "Europe/Berlin", "2026-03-30", ["02:30+0200"]),
        ("30 2 * * *", "America/New_York", "2026-03-08", ["03:00-0400"]),
        ("*/20 2 * * *", "Europe/Berlin", "2026-03-29", ["03:00+0200"]),
        ("30 2,3 * * *", "Europe/Berlin", "2026-03-29", ["03:00+0200", "03:30+0200"]),
        ("0 2,3 * * *", "Europe/Berlin", "2026-03-29", ["03:00+0200"]),
        ("30 3 * * *", "Europe/Berlin", "2026-03-29", ["03:30+0200"]),
        ("10 2 * * *", "Australia/Lord_Howe", "2026-10-04", ["02:30+1100"]),
        ("30 0 * * *", "America/Havana", "2026-03-08", ["01:00-0400"]),
    ],
)
def test_a_time_in_the_gap_is_due_once_right_after_it(when: str, zone: str, day: str, due: list[str]) -> None:
    assert turns(when, zone, day) == due


@pytest.mark.parametrize(
    ("when", "zone", "day", "due"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-10-25", ["02:30+0200"]),
        ("30 1 * * *", "America/New_York", "2026-11-01", ["01:30-0400"]),
        ("*/20 2 * * *", "Europe/Berlin", "2026-10-25", ["02:00+0200", "02:20+0200", "02:40+0200"]),
        ("0 2,3 * * *", "Europe/Berlin", "2026-10-25", ["02:00+0200", "03:00+0100"]),
        ("30 23 * * *", "America/Santiago", "2026-04-04", ["23:30-0300"]),
    ],
)
def test_a_time_that_comes_twice_is_due_the_first_time_only(
    when: str, zone: str, day: str, due: list[str]
) -> None:
    assert turns(when, zone, day) == due


def test_one_who_asks_in_the_repeated_hour_is_told_the_next_day() -> None:
    again = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 02:15 in Berlin, the second time
    assert next_time("30 2 * * *", "Europe/Berlin", again) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
    ],
)
def test_every_hour_is_every_hour_that_passes(zone: str, day: str, hours: int) -> None:
    shown = turns("30 * * * *", zone, day)
    assert len(shown) == len(set(shown)) == hours


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("month", [3, 10, 11])
def test_an_interval_goes_by_the_time_that_passes(zone: str, month: int) -> None:
    for day in range(1, 31):
        before = datetime(2026, month, day, 23, tzinfo=ZoneInfo(zone))
        following = next_time("every 1d", zone, before)
        assert following.tzinfo is UTC
        assert following - before.astimezone(UTC) == timedelta(hours=24)


@given(LINES, st.sampled_from(CHANGING), MOMENTS)
@settings(max_examples=300, deadline=None)
def test_the_next_time_is_always_later(when: str, zone: str, now: datetime) -> None:
    following = next_time(when, zone, now)
    assert following > now
    assert following.tzinfo is UTC
    assert next_time(when, zone, following - timedelta(seconds=1)) == following


@given(
    st.sampled_from([0, 1, 2, 23]) | st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(CHANGING),
    st.integers(2024, 2034),
)
@settings(max_examples=25, deadline=None)
def test_no_day_of_a_year_has_none_or_two_turns_of_a_daily_schedule(
    hour: int, minute: int, zone: str, year: int
) -> None:
    here = ZoneInfo(zone)
    end = datetime(year + 1, 1, 1, tzinfo=here).astimezone(UTC)
    moment = datetime(year, 1, 1, tzinfo=here).astimezone(UTC) - timedelta(microseconds=1)
    due: Counter[date] = Counter()
    while (moment := next_time(f"{minute} {hour} * * *", zone, moment)) < end:
        due[moment.astimezone(here).date()] += 1
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    assert set(due) == {date(year, 1, 1) + timedelta(days=day) for day in range(days)}
    assert set(due.values()) == {1}


@pytest.mark.parametrize(
    ("when", "zone", "field"),
    [
        ("30 2 * *", "UTC", "when"),
        ("61 2 * * *", "UTC", "when"),
        ("0 0 30 2 *", "UTC", "when"),
        ("every 9s", "UTC", "when"),
        ("30 2 * * *", "Europe/Nowhere", "time_zone"),
        ("30 2 * * *", "../etc", "time_zone"),
        ("every 15m", "Europe/Nowhere", "time_zone"),
        ("every 15m" + " " * 100, "UTC", "when"),
        (",".join(map(str, range(60))) + " 2 * * *", "UTC", "when"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_field(when: str, zone: str, field: str) -> None:
    with pytest.raises(InputWrong) as refused:
        next_time(when, zone, datetime(2026, 1, 1, tzinfo=UTC))
    assert refused.value.field == field
