"""The pages and the API of the library behind the shell, with somebody signed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from projectionist.errors import NotFound, ServerUnreachable
from projectionist.features.home import pages as home
from projectionist.features.item import pages as item
from projectionist.features.library.pictures import Pictures
from projectionist.features.library.playing import Playing
from projectionist.features.library.web import web_feature
from projectionist.jobs.ports import Job, JobFilter, Order, Ordered
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import LocalPath, Page, ServerPath
from projectionist.web.config import ShellSettings
from projectionist.web.shell import create_shell
from tests.features.library.shelves import Wall
from tests.web.house import FakeEvents, People


@dataclass
class Ordering:
    """A job engine that only takes orders."""

    orders: list[Order] = field(default_factory=list)
    active: list[Job] = field(default_factory=list)

    def order(self, order: Order) -> Ordered:
        self.orders.append(order)
        return Ordered(f"job-{len(self.orders)}", created=True)

    def find(self, wanted: JobFilter, *, offset: int = 0, size: int = 50) -> Page[Job]:
        return Page(tuple(self.active), 0, len(self.active))


@dataclass
class Reachable:
    """The servers of a wall; `down` makes them silent, `mounted` says below what this node has their files."""

    wall: Wall
    down: bool = False
    mounted: str = ""
    connected: int = 0

    def connect(self, server_id: int) -> MediaServer:
        self.connected += 1
        if self.down:
            raise ServerUnreachable("Shelves at 127.0.0.1 did not answer in 5 s.")
        return self.wall.server

    def name(self, server_id: int) -> str:
        if server_id != self.wall.server_id:
            raise NotFound("There is no such server.")
        return "Shelves"

    def local_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        return LocalPath(Path(self.mounted + path)) if self.mounted else None


@dataclass
class Browser:
    """Somebody with the pages before them."""

    client: TestClient[Litestar]
    jobs: Ordering
    servers: Reachable

    def see(self, path: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> str:
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.text

    def ask(self, path: str, **query: Any) -> Any:
        answer = self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def token(self) -> dict[str, str]:
        self.client.get("/libraries")
        return {"x-csrf-token": self.client.cookies["projectionist_csrf"]}


def program(wall: Wall, servers: Reachable, jobs: Ordering, folder: Path) -> Litestar:
    """The shell with the library, the item page and Home in it."""
    dependencies: dict[str, Any] = {
        "database": wall.database,
        "jobs": jobs,
        "servers": servers,
        "pictures": Pictures(wall.database, servers, folder),
        "playing": Playing(wall.database, servers, fresh_s=0.0),
    }
    features: Sequence[Any] = (web_feature(wall.database), item.web_feature(), home.web_feature())
    return create_shell(
        features=features,
        identify=People().identify,
        dependencies=dependencies,
        settings=ShellSettings(version="1.0"),
        events=FakeEvents(),
    )
