from __future__ import annotations

import pytest

from projectionist.db.engine import Database
from tests.features.library.shelves import Shelves, Wall, add_server


@pytest.fixture
def wall(database: Database) -> Wall:
    """An index with one server, on both databases."""
    return Wall(database, Shelves(), add_server(database))
