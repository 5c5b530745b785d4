"""How gently files are copied: at what rate, in which hours, and while who watches."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from projectionist.errors import InputWrong

_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_SLICE_S = 0.2
"""Nobody waits longer than this without a look whether the job is to end."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of the day, by this machine's clock, in which nothing is copied; they may go over midnight."""

    begin: time
    end: time

    def left(self, now: datetime) -> timedelta | None:
        """How long they still last; None where it is none of them."""
        local = now.astimezone()
        begin = local.replace(hour=self.begin.hour, minute=self.begin.minute, second=0, microsecond=0)
        end = local.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        if end <= begin:
            if local >= begin:
                end += timedelta(days=1)
            else:
                begin -= timedelta(days=1)
        return end - local if begin <= local < end else None


def quiet_hours(text: str) -> QuietHours | None:
    """Hours such as `22:00-06:30`; None for an empty text. Raises InputWrong."""
    if not text.strip():
        return None
    found = _HOURS.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    except ValueError:
        raise InputWrong(
            f"{text!r} are no hours of the day; write them as 22:00-06:30.", "cache_quiet_hours"
        ) from None
    return QuietHours(begin, end)


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` is in bytes a second for each copy, None for as fast as the disks are."""

    rate: int | None = None
    quiet: QuietHours | None = None
    pauses_for_players: bool = True


class Meter:
    """Lets the bytes of one copy pass at a rate."""

    def __init__(
        self,
        rate: int | None,
        check: Callable[[], None],
        ticks: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._rate = rate
        self._check = check
        self._ticks = ticks
        self._sleep = sleep
        self._begun: float | None = None

    def pass_by(self, done: int) -> None:
        """Wait until `done` bytes are due, looking meanwhile whether the job is to end. Raises as `check`."""
        self._check()
        if self._rate is None:
            return
        if self._begun is None:
            self._begun = self._ticks()
        while (wait := self._begun + done / self._rate - self._ticks()) > 0:
            self._sleep(min(wait, _SLICE_S))
            self._check()

    def paused(self, seconds: float) -> None:
        """Time in which nothing was copied is not made up for."""
        if self._begun is not None:
            self._begun += seconds
