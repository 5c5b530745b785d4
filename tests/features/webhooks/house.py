"""Senders over an index with one server, which notes where it is asked to look; jobs are taken and done by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from projectionist.db.counting import Taken
from projectionist.db.engine import Database
from projectionist.features.servers.paths import Mapping, PathMap
from projectionist.features.webhooks import receiving, service
from projectionist.features.webhooks.looking import LOOK
from projectionist.features.webhooks.receiving import Outcome
from projectionist.features.webhooks.service import Sender, Shown
from projectionist.features.webhooks.workplace import Workplace
from projectionist.integrations.senders.reading import read_told
from projectionist.jobs.ports import Job, JobState
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import ListedLibrary, LocalPath, ServerPath
from tests.features.accounts.clocks import Clock
from tests.features.library.shelves import NOW, Shelves, Wall, add_server, movie
from tests.features.operations.fake_jobs import FakeJobs

ADDRESS = "192.0.2.7"


class Looking(Shelves):
    """A server that notes where it is asked to look, and may find something there."""

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[tuple[str, str]] = []

    def refresh_path(self, library: ListedLibrary, path: ServerPath) -> None:
        self.looked.append((library.key, path))


@dataclass
class Reached:
    """The servers as a node reaches them: one, with the path mappings that a test gives."""

    wall: Wall
    mappings: list[Mapping] = field(default_factory=list)

    def connect(self, server_id: int) -> MediaServer:
        return self.wall.server

    def name(self, server_id: int) -> str:
        return "Shelves"

    def known_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        return PathMap(tuple(self.mappings)).local(path, lambda _path: True)

    def server_paths(self, server_id: int, path: Path) -> list[ServerPath]:
        return PathMap(tuple(self.mappings)).servers(path)


class House:
    """The place, its clock, and what was asked for in it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.server = Looking()
        self.server.hold(movie("1"))
        self.wall = Wall(database, self.server, add_server(database))
        self.wall.sync(at=NOW)
        self.jobs = FakeJobs()
        self.servers = Reached(self.wall)
        self.published = 0
        self.found = 0
        self.limits: list[Taken] = []
        self.place = Workplace(
            database,
            self.jobs,
            self.servers,
            read_told,
            self.clock,
            self.publish,
            self._find,
            looks_s=(1.0, 1.0, 1.0),
            rest=self.rest,
        )
        self.slept = 0.0

    def publish(self, session: Session) -> None:
        self.published += 1

    def rest(self, seconds: float) -> None:
        """Time passes, and whoever syncs is done with it."""
        self.slept += seconds
        self.clock.forward(seconds=seconds)
        for job in list(self.jobs.held.values()):
            if job.kind == "library.sync" and not job.state.is_over:
                self.wall.sync(at=NOW + timedelta(seconds=self.slept))
                self.jobs.held[job.id] = replace(job, state=JobState.DONE)

    def add(self, kind: str = "sonarr", name: str = "One") -> Shown:
        return service.add_sender(self.database, name, kind, self.publish, now=self.clock)

    def known(self, named: str, secret: str, *, by_address: bool = False, address: str = ADDRESS) -> Sender:
        return receiving.known_sender(
            self.place, named, secret, address, self.limits.append, by_address=by_address
        )

    def told(self, sender: Sender, body: bytes) -> Outcome:
        return receiving.take(self.place, sender, body, ADDRESS)

    def looks(self) -> list[Job]:
        """What was asked to be looked at."""
        return [job for job in self.jobs.held.values() if job.kind == LOOK]

    def _find(self) -> None:
        self.found += 1
