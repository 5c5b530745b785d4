"""A house in a file, for tests of pages that no other database would answer otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from tests.features.accounts.house import Browser, House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    yield House(database, tmp_path)
    database.close()


@pytest.fixture
def owner(house: House) -> Iterator[Browser]:
    with house.owner() as browser:
        yield browser
