"""When schedules are due: cron lines of five fields, and `every 15m`.

A cron line is read by the clock on the wall of its time zone, also on the days on which that is changed:

- A time that a day does not have (02:30, where 02:00 is followed by 03:00) is due at the first moment after the gap,
  03:00; all times in the gap together are due once.
- A time that a day has twice is due the first time only.
- A line for every hour (`*` in the field of hours) is due in every hour that passes: in the repeated hour again, and
  for the hour that is left out not at all.

Intervals go by the time that passes, whatever the clocks show.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import HOUR_FIELD, CroniterError, croniter

from projectionist.errors import InputWrong

_EVERY = re.compile(r"every\s+(\d{1,5})\s*([smhd])", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = 100
"""How many characters there is room for in the table of schedules."""

_LEAST = timedelta(seconds=10)
_SECOND = timedelta(seconds=1)


def next_time(when: str, time_zone: str, after: datetime) -> datetime:
    """The first moment after `after`, in UTC. Raises InputWrong, naming the field that cannot be read."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputWrong(f"There is no time zone {time_zone}; one is Europe/Berlin.", "time_zone") from None
    if len(when) > LONGEST:
        raise InputWrong(f"A schedule has at most {LONGEST} characters.", "when")
    every = _EVERY.fullmatch(when.strip())
    if every:
        step = timedelta(**{_UNITS[every[2].lower()]: int(every[1])})
        if step < _LEAST:
            raise InputWrong("A schedule may not ask for more than one job in 10 s.", "when")
        return after.astimezone(UTC) + step
    if len(when.split()) != 5:
        raise InputWrong("A schedule is five fields as in cron (30 4 * * *), or “every 15m”.", "when")
    try:
        return _next_turn(when, zone, after)
    except (CroniterError, ValueError, KeyError) as error:
        raise InputWrong(f"This schedule cannot be read ({error}); one is 30 4 * * *.", "when") from None


def _next_turn(line: str, zone: ZoneInfo, after: datetime) -> datetime:
    local = after.astimezone(zone)
    turns = croniter(line, local)
    if turns.expanded[HOUR_FIELD] == ["*"]:
        every_hour: datetime = turns.get_next(datetime)
        return every_hour.astimezone(UTC)
    turns = croniter(line, local.replace(tzinfo=None))  # times on the wall, as if no clock were ever changed
    while (moment := _first_moment(turns.get_next(datetime), zone)) <= after:
        pass  # a time that comes a second time, or that the gap has moved to where we are
    return moment


def _first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a clock of this zone first shows this time, or a later one where it never shows it."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while moment - before > _SECOND:  # the clock is changed after `before`, at the latest at `moment`
        middle = before + (moment - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            moment = middle
    return moment
