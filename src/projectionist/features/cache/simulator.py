"""The simulator, as its page and the API ask for it: what fast disks of other sizes would have come to here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from projectionist.errors import InputWrong
from projectionist.features.cache.simulating.contest import PolicyName
from projectionist.features.cache.simulating.jobs import SIMULATE
from projectionist.features.cache.simulating.rival_settings import rules_of
from projectionist.features.cache.sizes import typed_size
from projectionist.features.cache.tiers.rules import size_of
from projectionist.jobs.ports import Job, JobFilter, Jobs, JobState, Order, Ordered, Priority

STANDARD_SIZES = "250GB, 500GB, 1TB, 2TB"
STANDARD_POLICIES = (PolicyName.OURS, PolicyName.ONDECK)
MOST_SIZES = 8
_ENOUGH_DAYS = 60
_ENOUGH_PLAYS = 200
_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Line:
    """What one policy would have come to on a disk of one size; rates are from 0 to 1, None where nothing played."""

    size: int
    policy: str
    plays: int
    hits: int
    hit_rate: float | None
    hit_rate_bytes: float | None
    bytes_moved: int
    wakeups: int


@dataclass(frozen=True, slots=True)
class Simulated:
    """The last replay: of how many plays, from when to when, what was left out, and the settings of the rivals."""

    at: datetime | None
    lines: tuple[Line, ...]
    plays: int
    left_out: int
    strangers: int
    since: datetime | None
    until: datetime | None
    rival_settings: Mapping[str, float]

    @property
    def days(self) -> int:
        """How long a history was replayed."""
        if self.since is None or self.until is None:
            return 0
        return int((self.until - self.since).total_seconds() / _DAY_S)

    @property
    def is_short(self) -> bool:
        """Whether the history is too short for its figures to say much."""
        return self.days < _ENOUGH_DAYS or self.plays < _ENOUGH_PLAYS

    @property
    def sizes(self) -> Sequence[int]:
        """Every size, the smallest first."""
        return sorted({one.size for one in self.lines})

    @property
    def policies(self) -> Sequence[str]:
        """Every policy, as it was asked for."""
        return tuple(dict.fromkeys(one.policy for one in self.lines))

    @staticmethod
    def typed(size: int) -> str:
        """A size of a disk as somebody types it, in units of 1024."""
        return typed_size(size)

    def line(self, size: int, policy: str) -> Line | None:
        """What a policy would have come to on a disk of a size."""
        return next((one for one in self.lines if (one.size, one.policy) == (size, policy)), None)


def sizes_in(typed: str) -> Sequence[int]:
    """The sizes that somebody typed, between commas, the smallest first. Raises InputWrong."""
    found = {size_of(one.strip(), "sizes") for one in typed.split(",") if one.strip()}
    sizes = sorted(one for one in found if one is not None)
    if not sizes or len(sizes) > MOST_SIZES:
        raise InputWrong(f"Between 1 and {MOST_SIZES} sizes are tried at once, such as 500GB, 1TB.", "sizes")
    return sizes


def policies_in(given: Sequence[str]) -> Sequence[PolicyName]:
    """The policies that somebody ticked; those that are standard where none. Raises InputWrong."""
    if not set(given) <= set(PolicyName):
        raise InputWrong(f"A policy is one of {', '.join(PolicyName)}.", "policies")
    return [one for one in PolicyName if one in given] or STANDARD_POLICIES


def order_simulation(
    jobs: Jobs,
    sizes: Sequence[int],
    policies: Sequence[PolicyName],
    sources: Sequence[str],
    asked_by: str,
    rival_settings: Mapping[str, float] | None = None,
) -> Ordered:
    """Ask for a replay; one that is under way already is not asked for twice.

    `rival_settings` are those of PlexCache-D by its own names. Raises InputWrong.
    """
    rules_of(rival_settings or {})
    arguments = {
        "sizes": list(sizes),
        "policies": [str(one) for one in policies],
        "sources": list(sources),
        "rival_settings": dict(rival_settings or {}),
    }
    return jobs.order(Order(SIMULATE, arguments, "simulation", Priority.HIGH, asked_by=asked_by))


def under_way(jobs: Jobs) -> Job | None:
    """The replay that waits or runs."""
    wanted = JobFilter((JobState.QUEUED, JobState.RUNNING), kinds=(SIMULATE,))
    return next(iter(jobs.find(wanted, size=1).items), None)


def last_simulated(jobs: Jobs) -> Simulated | None:
    """The last replay that ended well; None before the first."""
    wanted = JobFilter((JobState.DONE,), kinds=(SIMULATE,), sort="-ended_at")
    job = next(iter(jobs.find(wanted, size=1).items), None)
    return None if job is None or job.result is None else _simulated(job.result, job.ended_at)


def last_failed(jobs: Jobs) -> Job | None:
    """The last replay, where it failed."""
    wanted = JobFilter((JobState.DONE, JobState.FAILED), kinds=(SIMULATE,), sort="-ended_at")
    job = next(iter(jobs.find(wanted, size=1).items), None)
    return job if job is not None and job.state is JobState.FAILED else None


def _simulated(result: Mapping[str, Any], at: datetime | None) -> Simulated:
    lines = tuple(
        Line(
            size=one["size"],
            policy=policy["policy"],
            plays=policy["plays"],
            hits=policy["hits"],
            hit_rate=policy["hit_rate_plays"],
            hit_rate_bytes=policy["hit_rate_bytes"],
            bytes_moved=policy["bytes_moved"],
            wakeups=policy["wakeups"],
        )
        for one in result["sizes"]
        for policy in one["policies"]
    )
    return Simulated(
        at,
        lines,
        result["plays"],
        result["left_out"],
        result["strangers"],
        _moment(result["since"]),
        _moment(result["until"]),
        result.get("rival_settings", {}),
    )


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
