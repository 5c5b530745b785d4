"""Who visits the shell in tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar.testing import TestClient

from tests.web.house import House

ORIGIN = "http://127.0.0.1:8480"


def visitor(house: House, who: str = "ada") -> TestClient:  # type: ignore[type-arg]
    """A browser of this person, or of nobody; follows no redirect and lets the program answer for its errors."""
    client = TestClient(house.app(), base_url=ORIGIN, raise_server_exceptions=False)
    client.follow_redirects = False
    if who:
        client.cookies.set("who", who)
    return client


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def ada(house: House) -> Iterator[TestClient]:  # type: ignore[type-arg]
    """A browser of an administrator."""
    with visitor(house) as client:
        yield client


def token_of(client: TestClient) -> dict[str, str]:  # type: ignore[type-arg]
    """The header that proves a request comes from our own page."""
    client.get("/")
    return {"x-csrf-token": client.cookies["projectionist_csrf"]}
