"""Ids that no database can hold, in addresses and in bodies, are answered in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from projectionist.web.access import declared_routes
from tests.api.house import Open, opened, token_of
from tests.databases import ENGINES, drop_postgres, new_postgres

FAR = 2**63


@pytest.fixture(scope="module", params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    data = tmp_path_factory.mktemp("house") / "data"
    if request.param == "sqlite":
        with opened(data) as found:
            yield found
        return
    server = request.getfixturevalue("postgres")
    url = new_postgres(server)
    with opened(data, database_url=url) as found:
        yield found
    drop_postgres(server, url)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("previews/make", {"library_id": FAR}),
        ("previews/make", {"part_ids": [1, FAR]}),
        ("previews/make", {"library_id": -FAR - 1}),
        ("cache/files/return", {"ids": [FAR]}),
    ],
)
def test_an_id_that_no_database_holds_is_refused(house: Open, path: str, body: dict[str, Any]) -> None:
    with house.visitor() as client:
        answer = client.post(f"/api/v1/{path}", json=body, headers=token_of(client))
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("far", [FAR, 2**40])
def test_no_address_with_such_an_id_fails_inside(house: Open, far: int) -> None:
    failed: list[str] = []
    tried = 0
    with house.visitor() as client:
        for route in declared_routes(house.app):
            if ":int}" not in route.path:
                continue
            tried += 1
            path = re.sub(r"{\w+:\w+}", "x", re.sub(r"{\w+:int}", str(far), route.path))
            body: dict[str, Any] | None = {} if path.startswith("/api") and route.method != "GET" else None
            answer = client.request(route.method, path, headers=token_of(client), json=body)
            if answer.status_code >= 500:
                failed.append(f"{route.method} {path} gave {answer.status_code}")
    assert not failed, failed
    assert tried > 30
