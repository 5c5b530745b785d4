"""A household for the tests of previews."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from tests.features.previews.household import Household
from tests.films import Film


@pytest.fixture
def house(database: Database, tmp_path: Path, film: Callable[..., Film]) -> Household:
    """A household on SQLite, and then on PostgreSQL."""
    return Household(database, tmp_path, film().path)
