from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.kit.swaps import FileCalls
from tests.features.cache.stage import PlainCalls, Stage


@pytest.fixture
def stage(tmp_path: Path, database: Database) -> Stage:
    """Two tiers with a database, on SQLite and on PostgreSQL."""
    return Stage(tmp_path / "stage", database=database)


@pytest.fixture(params=[FileCalls, PlainCalls])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Two tiers on a file system that can exchange names, and on one that cannot."""
    made = Stage(tmp_path / "house", request.param())
    yield made
    made.close()
