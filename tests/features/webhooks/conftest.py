from __future__ import annotations

import pytest

from projectionist.db.engine import Database
from tests.features.webhooks.house import House


@pytest.fixture
def home(database: Database) -> House:
    return House(database)
