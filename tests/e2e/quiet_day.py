"""A day on which nobody watches: rounds by the hour, and a look after the fast disks every minute; to be traced.

`python -m tests.e2e.quiet_day DATA PLEX_TV_URL`
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from projectionist.features.cache.running.guarding import Guarding
from projectionist.features.cache.running.rounds import recover, run_plan
from projectionist.opening import open_house
from projectionist.settings import Settings

MARK = "the-day-begins"
"""Asked for as a file when the day begins, so that it is seen in the trace."""


@dataclass
class Hours:
    """A clock that is moved by hand."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


class Quiet:
    """A job that nobody follows."""

    job_id = "quiet"
    attempt = 1

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        """Nobody looks."""

    def check(self) -> None:
        """Nobody cancels."""

    def log(self, message: str, level: str = "info") -> None:
        print(level, message)


def main(data: Path, plex_tv_url: str) -> None:
    settings = Settings(data=data, node="here", plex_tv_url=plex_tv_url, cache_retention=timedelta(days=30))
    with open_house(settings, exclusive=False) as house:
        clock = Hours(datetime.now(UTC))
        place = replace(house.cache, clock=clock)
        guarding = Guarding(place, house.jobs)
        Path(MARK).exists()
        recover(place)
        copies = 0
        for minute in range(24 * 60):
            clock.at += timedelta(minutes=1)
            guarding.look()
            if minute % 60 == 0:
                copies += int(run_plan(place, house.jobs, Quiet(), dry=False, asked_by="")["copies"])
        print("copies", copies)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
