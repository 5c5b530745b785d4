from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from tests.features.library.pages import Browser, Ordering, Reachable, program
from tests.features.library.shelves import Shelves, Wall, add_server


@pytest.fixture
def wall(database: Database) -> Wall:
    """An index with one server, on both databases."""
    return Wall(database, Shelves(), add_server(database))


@pytest.fixture
def quick_wall(tmp_path: Path) -> Iterator[Wall]:
    """An index with one server, on SQLite only, where the database makes no difference."""
    database = Database(sqlite_url(tmp_path / "index.sqlite"))
    Base.metadata.create_all(database.engine)
    yield Wall(database, Shelves(), add_server(database))
    database.close()


@pytest.fixture
def browse(quick_wall: Wall, tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Open the pages as somebody: `browse("ada")` manages everything, `browse("ben")` may look."""
    opened = []

    def browse(who: str = "ada") -> Browser:
        servers, jobs = Reachable(quick_wall), Ordering()
        client = TestClient(
            program(quick_wall, servers, jobs, tmp_path / "pictures"), base_url="http://127.0.0.1:8480"
        )
        client.__enter__()
        opened.append(client)
        client.cookies.set("who", who)
        return Browser(client, jobs, servers)

    yield browse
    for client in opened:
        client.__exit__(None, None, None)
