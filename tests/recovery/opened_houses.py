"""The house in this process: all its parts over a data folder, doing jobs, without its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from projectionist.app import House
from projectionist.demo.house import DemoHouse
from projectionist.features.library.service import order_sync
from projectionist.features.servers.service import NewServer, Server, add_server, try_plex_data
from projectionist.jobs.ports import Job, JobFilter, JobState
from projectionist.media.vocabulary import ServerKind
from projectionist.opening import open_house
from projectionist.settings import Settings
from tests.recovery.houses_under_fire import until


@contextmanager
def opened(data: Path, *, work: bool = True, **settings: Any) -> Iterator[House]:
    """The house over this data folder, at work."""
    with open_house(Settings(data=data, node="here", **settings), exclusive=True) as house:
        house.jobs.start(work=work)
        try:
            yield house
        finally:
            house.jobs.close(0)


def connected(house: House, demo: DemoHouse) -> Server:
    """The demo house's server, added, with its data folder."""
    server = add_server(house.reach, NewServer(ServerKind.PLEX, demo.plex_url, demo.plex_token))
    try_plex_data(house.reach, server.id, str(demo.plex_data))
    return server


def sync(house: House, server: Server, *, full: bool = False) -> Job:
    """A sync that was asked for, once it is over or waits for another try."""
    job_id = order_sync(house.jobs, server.id, full=full).job_id
    tried = (JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.WAITING)
    until(lambda: house.jobs.get(job_id).state in tried, 60, lambda: f"The sync ({house.jobs.get(job_id)})")
    return house.jobs.get(job_id)


def settle(house: House, within_s: float = 60) -> None:
    """Wait until no job is left to be done."""
    live = JobFilter((JobState.QUEUED, JobState.RUNNING, JobState.WAITING))
    until(lambda: house.jobs.find(live).total == 0, within_s, lambda: f"{house.jobs.find(live)}")


def log_of(house: House, job: Job) -> str:
    """What a job said."""
    return "\n".join(line.message for line in house.jobs.log_of(job.id).items)


def rows(house: House, statement: str) -> list[tuple[Any, ...]]:
    """What the database holds."""
    with house.database.read() as session:
        return [tuple(row) for row in session.execute(text(statement))]


def items(house: House) -> set[tuple[Any, ...]]:
    """All that is indexed."""
    return set(rows(house, "SELECT id, key, title, library_id FROM item"))


def previews(house: House) -> dict[str, tuple[str, str]]:
    """How each preview stands, and why, by the name of its file."""
    found = rows(house, "SELECT server_path, state, reason FROM preview")
    return {Path(path).name: (str(state), str(reason)) for path, state, reason in found}
