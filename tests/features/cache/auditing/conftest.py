from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.features.cache.models import Layout
from projectionist.features.cache.tiers.marking import mark_tier
from tests.features.cache.auditing.ward import Ward
from tests.features.cache.stage import Stage


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as it is at first."""
    stage = Stage(tmp_path_factory.mktemp("prepared"))
    stage.close()
    return stage.home / "projectionist.sqlite"


def opened(home: Path, prepared: Path) -> Stage:
    """A stage on empty tiers."""
    home.mkdir(exist_ok=True)
    for root in (home / "slow", home / "fast"):
        root.mkdir()
        mark_tier(root)
    shutil.copy(prepared, home)
    return Stage(home, fresh=False)


@pytest.fixture(params=list(Layout))
def ward(tmp_path: Path, prepared: Path, request: pytest.FixtureRequest) -> Iterator[Ward]:
    """Both layouts."""
    stage = opened(tmp_path / "stage", prepared)
    yield Ward(stage, request.param)
    stage.close()


@pytest.fixture(params=list(Layout))
def anywhere(tmp_path: Path, database: Database, request: pytest.FixtureRequest) -> Ward:
    """Both layouts, on SQLite and on PostgreSQL."""
    return Ward(Stage(tmp_path / "stage", database=database), request.param)


@pytest.fixture
def linked(tmp_path: Path, prepared: Path) -> Iterator[Ward]:
    """A place of links."""
    stage = opened(tmp_path / "stage", prepared)
    yield Ward(stage, Layout.SYMLINK)
    stage.close()


@pytest.fixture
def union(tmp_path: Path, prepared: Path) -> Iterator[Ward]:
    """The branches of a union."""
    stage = opened(tmp_path / "stage", prepared)
    yield Ward(stage, Layout.UNION)
    stage.close()
