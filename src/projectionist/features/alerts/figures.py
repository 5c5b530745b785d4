"""The figures that rules look at, out of the samples of the last hour and what jobs tell."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from projectionist.features.alerts.rules import Figures
from projectionist.features.metrics.service import Measures, lately
from projectionist.jobs.ports import JobFilter, Jobs, JobState

_HOUR = timedelta(hours=1)
_FIVE_MINUTES = timedelta(minutes=5)
_ONE_SAMPLE = timedelta(seconds=45)
_FEWEST_REQUESTS = 20
_FEWEST_JOBS = 5
"""Of fewer a share says nothing."""
_BACKUP = "backups.make"


class Recently:
    """The samples of the last five minutes, and how the jobs of the last hour ended, as they came."""

    def __init__(self) -> None:
        self._held: deque[tuple[datetime, Measures]] = deque()
        self._ended: deque[tuple[datetime, float, float]] = deque()

    def add(self, now: datetime, measures: Measures) -> None:
        """Another sample; older ones go, and so do those of a clock that was ahead."""
        latest = lately((measures,))
        self._held.append((now, measures))
        self._ended.append((now, latest.jobs_done, latest.jobs_failed))
        self._held = deque(one for one in self._held if now - _FIVE_MINUTES < one[0] <= now)
        self._ended = deque(one for one in self._ended if now - _HOUR < one[0] <= now)

    def figures(self, now: datetime) -> dict[str, float | None]:
        """What they come to; what too little is known of is not known."""
        answers = lately(measures for _, measures in self._held)
        latest = lately(measures for at, measures in self._held if at > now - _ONE_SAMPLE)
        has_requests = answers.requests >= _FEWEST_REQUESTS
        done, failed = sum(well for _, well, _ in self._ended), sum(ill for _, _, ill in self._ended)
        return {
            "slow_s": answers.slow_s if has_requests else None,
            "error_share": answers.errors / answers.requests if has_requests else None,
            "cpu": latest.cpu,
            "memory": latest.memory,
            "disk": latest.disk,
            "job_success": done / (done + failed) if done + failed >= _FEWEST_JOBS else None,
            "stuck": _stuck(latest.queued, latest.running, latest.jobs_done + latest.jobs_failed),
        }


def of_jobs(jobs: Jobs, now: datetime, founded_at: Callable[[], datetime | None]) -> Figures:
    """What jobs tell: whether somebody does them, and how old the last backup is. Raises DatabaseUnusable.

    Where none was made, it is as old as the house.
    """
    nodes = jobs.nodes()
    lost = sum(not one.alive and bool(one.running) for one in nodes)
    works = any(one.alive and one.queues for one in nodes)
    made = jobs.find(JobFilter((JobState.DONE,), kinds=(_BACKUP,), sort="-ended_at"), size=1).items
    found: Mapping[str, float | None] = {
        "workers_missing": float(lost if works else max(lost, 1)),
        "backup_h": _hours(next((one.ended_at for one in made), None) or founded_at(), now),
    }
    return found


def _hours(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else (now - since).total_seconds() / 3600


def _stuck(queued: float | None, running: float | None, ended: float) -> float | None:
    if queued is None or running is None:
        return None
    return 0.0 if running or ended else queued
