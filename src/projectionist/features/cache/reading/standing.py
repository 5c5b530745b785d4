"""How the cache stands now: its tiers, what is being moved, what is in the way, and when it looks again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from projectionist.errors import NotFound
from projectionist.features.cache.reading import queries
from projectionist.features.cache.reading.films import NOTHING
from projectionist.features.cache.reading.plainly import plainly
from projectionist.features.cache.reading.queries import Held
from projectionist.features.cache.running import queries as running_queries
from projectionist.features.cache.running.ordering import BACK, IN, NOW, RESTORE, RUN, SCHEDULE
from projectionist.features.cache.traffic.disks import Room
from projectionist.features.cache.workplace import Workplace
from projectionist.features.library.service import viewers
from projectionist.jobs.ports import Job, JobFilter, Jobs, JobState

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class TierNow:
    """A fast tier of this node; `room` is None where its drive is not there."""

    id: int
    name: str
    root: Path
    room: Room | None
    held: Held


@dataclass(frozen=True, slots=True)
class Silent:
    """A source that does not answer: whose, since when and why, and how many titles it named before.

    `account` is empty where it is asked for everybody.
    """

    source: str
    server: str
    account: str
    since: datetime
    reason: str
    kept: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How the cache stands.

    `moving` is what runs now, `waiting` how many moves were asked for and have not begun. `confirmed` says whether
    files are moved without being asked for; `next_at` is when it is looked next what to move, None where it is not.
    `elsewhere` are other nodes that have fast tiers. `failed` is the last look at what to move, where it failed.
    """

    tiers: tuple[TierNow, ...]
    moving: tuple[Job, ...]
    waiting: int
    silent: tuple[Silent, ...]
    confirmed: bool
    rests: bool
    next_at: datetime | None
    elsewhere: tuple[str, ...]
    failed: Job | None = None


def standing(place: Workplace, jobs: Jobs) -> Standing:
    """How the cache stands; nothing on a slow disk is looked at."""
    schedule = next((one for one in jobs.schedules() if one.name == SCHEDULE), None)
    with place.database.read() as session:
        nodes = running_queries.nodes(session)
    return Standing(
        tiers=tuple(tiers_now(place)),
        moving=tuple(moving(jobs)),
        waiting=waiting(jobs),
        silent=tuple(silent_sources(place)),
        confirmed=schedule is not None,
        rests=schedule is not None and schedule.paused,
        next_at=schedule.next_at if schedule is not None and not schedule.paused else None,
        elsewhere=tuple(node for node in nodes if node != place.node),
        failed=failed_run(jobs),
    )


def tiers_now(place: Workplace) -> Sequence[TierNow]:
    """The fast tiers of this node, with what is on each and what it still takes."""
    tiers = place.places.tiers()
    if not tiers:
        return ()
    rooms = {room.tier.id: room for room in place.capacity.rooms()}
    with place.database.read() as session:
        held = queries.held_below(session, [str(tier.root) for tier in tiers], place.node)
    return [
        TierNow(tier.id, tier.name, tier.root, rooms.get(tier.id), held.get(str(tier.root), NOTHING))
        for tier in tiers
    ]


def moving(jobs: Jobs) -> Sequence[Job]:
    """What is being moved or planned now, what began first at the top."""
    running = JobFilter((JobState.RUNNING,), kinds=(IN, NOW, BACK, RESTORE, RUN), sort="started_at")
    return jobs.find(running, size=_SHOWN).items


def failed_run(jobs: Jobs) -> Job | None:
    """The last look at what to move, where it failed."""
    ended = JobFilter((JobState.DONE, JobState.FAILED), kinds=(RUN,), sort="-ended_at")
    last = next(iter(jobs.find(ended, size=1).items), None)
    return last if last is not None and last.state is JobState.FAILED else None


def waiting(jobs: Jobs) -> int:
    """How many moves were asked for and have not begun."""
    states = (JobState.QUEUED, JobState.WAITING)
    return jobs.find(JobFilter(states, kinds=(IN, NOW, BACK)), size=1).total


def silent_sources(place: Workplace) -> Sequence[Silent]:
    """The sources that do not answer; what they named before stays where it is."""
    with place.database.read() as session:
        rows = queries.silent(session)
    if not rows:
        return ()
    names = {one.id: one.name for one in viewers(place.database)}
    return [
        Silent(
            source=row.source,
            server=_server_name(place, row.server_id),
            account=names.get(row.account_id, ""),
            since=row.failing_since,
            reason=plainly(row.reason),
            kept=kept,
        )
        for row, kept in rows
        if row.failing_since is not None
    ]


def _server_name(place: Workplace, server_id: int) -> str:
    try:
        return place.servers.name(server_id)
    except NotFound:
        return ""
