from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from tests.features.cache.wanting.home import Home


@pytest.fixture
def home(database: Database) -> Home:
    """A household, on SQLite and on PostgreSQL."""
    return Home(database)


@pytest.fixture
def quick_home(tmp_path: Path) -> Iterator[Home]:
    """A household, on SQLite only, where the database makes no difference."""
    database = Database(sqlite_url(tmp_path / "home.sqlite"))
    Base.metadata.create_all(database.engine)
    yield Home(database)
    database.close()
