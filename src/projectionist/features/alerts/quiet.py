"""Quiet hours: times of a day, in somebody's own zone, in which only what is urgent is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from projectionist.errors import InputWrong

_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one minute of a day to another, which may be on the next day; the same twice is never."""

    begins: int = 0
    ends: int = 0
    zone: str = ""

    def end_after(self, now: datetime) -> datetime | None:
        """When the quiet hours end in which a moment is; None where it is in none."""
        if self.begins == self.ends:
            return None
        local = now.astimezone(_zone(self.zone))
        minute = local.hour * 60 + local.minute
        if not self._holds(minute):
            return None
        day = local.date() + timedelta(days=1 if minute >= self.ends else 0)
        # Of an hour that is twice, the same one.
        clock = time(self.ends // 60, self.ends % 60, fold=local.fold)
        ends = datetime.combine(day, clock, local.tzinfo)
        return ends.astimezone(UTC)

    def _holds(self, minute: int) -> bool:
        if self.begins < self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends


def minute_of(text: str, field: str) -> int:
    """The minute of a day out of `22:30`. Raises InputWrong."""
    hours, colon, minutes = text.strip().partition(":")
    known = all(part.isascii() and part.isdecimal() and len(part) <= 2 for part in (hours, minutes))
    if not colon or not known or int(hours) > 23 or int(minutes) > 59:
        raise InputWrong("A time of the day looks like 22:30.", field)
    return int(hours) * 60 + int(minutes)


def clock_of(minute: int) -> str:
    """`22:30` out of the minute of a day."""
    return f"{minute % _DAY // 60:02}:{minute % 60:02}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
