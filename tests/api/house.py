"""The whole house as `app.py` composes it, over a small index, with who visits it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from projectionist.app import House
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import NewServer
from projectionist.media.lists import ConnectList
from projectionist.media.vocabulary import ListedItem, ServerKind
from projectionist.opening import open_house
from projectionist.settings import load_settings
from tests.databases import prepared_sqlite
from tests.features.library.shelves import Shelves, Wall, movie, show

ORIGIN = "http://127.0.0.1:8480"
NAME, PASSWORD = "ada", "Canary-of-the-password-81f3"
TOKEN = "canary-of-the-token-4c7e"


@dataclass
class Open:
    """An opened house. `session` is the cookie of its administrator, `wall` a server full of films."""

    house: House
    session: str
    wall: Wall

    @cached_property
    def app(self) -> Litestar:
        """The web program; a test may put another one in its place."""
        return self.house.web()

    def visitor(self, *, signed_in: bool = True) -> TestClient[Litestar]:
        """A browser that follows no redirect, in front of a program that answers for its errors."""
        client = TestClient(self.app, base_url=ORIGIN, raise_server_exceptions=False)
        client.follow_redirects = False
        if signed_in:
            client.cookies.set(COOKIE, self.session)
        return client


def token_of(client: TestClient[Litestar]) -> dict[str, str]:
    """The header that proves a request comes from our own page."""
    client.get("/sign-in")
    return {"x-csrf-token": client.cookies["projectionist_csrf"]}


def shelves_of(*items: ListedItem) -> Shelves:
    """A Plex server in memory, which holds two films and a show besides."""
    shelves = Shelves()
    shelves.hold(movie("1"), movie("2"), *show("3", "A show"), *items)
    return shelves


@contextmanager
def opened(
    data: Path, *items: ListedItem, lists: ConnectList | None = None, **overrides: Any
) -> Iterator[Open]:
    """The house on SQLite, founded, with a synced server; jobs are taken and stay queued."""
    unlimited = {"api_rate": "0", "page_rate": "0", "plex_sign_in": "off"}
    settings = load_settings(
        {}, {"data": str(data), "log_file": str(data / "log.txt"), **unlimited, **overrides}
    )
    shelves = shelves_of(*items)
    if not settings.database_url and not data.exists():
        data.mkdir(mode=0o700)
        database = data / "projectionist.sqlite"
        database.touch(mode=0o600)
        database.write_bytes(prepared_sqlite())
    with open_house(settings, exclusive=True, connect=lambda address: shelves, connect_list=lists) as house:
        now = house.clock.now
        house.jobs.start(work=False)
        try:
            added = servers.add_server(
                house.reach, NewServer(ServerKind.PLEX, "http://127.0.0.1:32400", TOKEN)
            )
            wall = Wall(house.database, shelves, added.id)
            wall.sync(at=now())
            accounts.found(house.database, NAME, PASSWORD, now=now)
            signed_in = accounts.sign_in(
                house.database, NAME, PASSWORD, now=now, remember=False, address="127.0.0.1"
            )
            yield Open(house, signed_in.token, wall)
        finally:
            house.jobs.close()
