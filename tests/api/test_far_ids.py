"""Ids in bodies that no database can hold are refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.house import Open, opened, token_of

FAR = 2**63


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with opened(tmp_path_factory.mktemp("house") / "data") as found:
        yield found


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
