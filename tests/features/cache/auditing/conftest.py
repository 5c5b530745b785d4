from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.features.cache.models import Layout
from tests.features.cache.auditing.ward import Ward
from tests.features.cache.stage import Stage


@pytest.fixture(params=list(Layout))
def ward(tmp_path: Path, database: Database, request: pytest.FixtureRequest) -> Ward:
    """Both layouts, on SQLite and on PostgreSQL."""
    return Ward(Stage(tmp_path / "stage", database=database), request.param)


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[Ward]:
    """A place of links."""
    stage = Stage(tmp_path / "stage")
    yield Ward(stage, Layout.SYMLINK)
    stage.close()


@pytest.fixture
def union(tmp_path: Path) -> Iterator[Ward]:
    """The branches of a union."""
    stage = Stage(tmp_path / "stage")
    yield Ward(stage, Layout.UNION)
    stage.close()
