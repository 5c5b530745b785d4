"""A household for the tests of previews."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from tests.e2e.browser import browser, pages
from tests.features.previews.household import Household
from tests.films import Film

__all__ = ["browser", "house", "pages"]


@pytest.fixture
def house(database: Database, tmp_path: Path, film: Callable[..., Film]) -> Household:
    """A household on SQLite, and then on PostgreSQL."""
    return Household(database, tmp_path, film().path)
