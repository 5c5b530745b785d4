"""When schedules are due: cron lines of five fields, and `every 15m`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from projectionist.errors import InputWrong

_EVERY = re.compile(r"every\s+(\d{1,5})\s*([smhd])", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LEAST = timedelta(seconds=10)


def next_time(when: str, time_zone: str, after: datetime) -> datetime:
    """The first moment after `after`, in UTC. Raises InputWrong, naming the field that cannot be read."""
    every = _EVERY.fullmatch(when.strip())
    if every:
        step = timedelta(**{_UNITS[every[2].lower()]: int(every[1])})
        if step < _LEAST:
            raise InputWrong("A schedule may not ask for more than one job in 10 s.", "when")
        return after + step
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputWrong(f"There is no time zone {time_zone}; one is Europe/Berlin.", "time_zone") from None
    if len(when.split()) != 5:
        raise InputWrong("A schedule is five fields as in cron (30 4 * * *), or “every 15m”.", "when")
    try:
        following: datetime = croniter(when, after.astimezone(zone)).get_next(datetime)
    except (CroniterError, ValueError, KeyError) as error:
        raise InputWrong(f"This schedule cannot be read ({error}); one is 30 4 * * *.", "when") from None
    return following.astimezone(UTC)
