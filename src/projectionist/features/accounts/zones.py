"""The time zones that somebody can choose."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from projectionist.errors import InputWrong

_REGIONS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


@cache
def time_zones() -> tuple[str, ...]:
    """The zones by place, in order, and UTC."""
    return (*sorted(zone for zone in available_timezones() if zone.startswith(_REGIONS)), "UTC")


def check_time_zone(name: str) -> str:
    """The name, empty for the zone of each browser. Raises InputWrong for one that there is not."""
    name = name.strip()
    if name and name not in available_timezones():
        raise InputWrong("There is no such time zone; they are called like Europe/Vienna.", "time_zone")
    return name
