from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from tests.features.accounts.house import NAME, PASSWORD, Browser, House


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


@pytest.fixture
def owner(house: House) -> Iterator[Browser]:
    with house.owner() as browser:
        yield browser


def test_a_page_asks_to_sign_in_and_leads_back(house: House, owner: Browser) -> None:
    with house.browser() as other:
        asked = other.get("/jobs?state=failed")
        assert asked.url.path == "/sign-in"
        answer = other.post("/sign-in", follow=False, name=NAME, password=PASSWORD, next="/jobs?state=failed")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/jobs?state=failed"
