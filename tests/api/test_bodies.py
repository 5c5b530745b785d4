"""What is said to a program that changes something without a body, or with one that is none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from projectionist.web.access import declared_routes
from tests.api.house import Open, opened, token_of

BODIES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "an empty one": {"content": b"", "headers": {"content-type": "application/json"}},
    "null": {"content": b"null", "headers": {"content-type": "application/json"}},
    "a list": {"content": b"[]", "headers": {"content-type": "application/json"}},
    "half": {"content": b'{"a": ', "headers": {"content-type": "application/json"}},
}


SELDOM = ("/api/v1/forgotten-password", "/api/v1/join", "/api/v1/new-password")
"""What one address may ask for a few times an hour only."""


def bodies_for(path: str) -> dict[str, dict[str, Any]]:
    return {name: BODIES[name] for name in ("an empty one", "half")} if path in SELDOM else BODIES


def changing(house: Open) -> list[tuple[str, str]]:
    """Every address of the API that changes something, with numbers that nothing has; but the one that signs out."""
    return [
        (route.method, re.sub(r"\{[^}]+\}", "2147483647", route.path))
        for route in declared_routes(house.app)
        if route.method in ("POST", "PUT", "PATCH") and route.path.startswith("/api/")
        if not route.path.endswith("/sign-out")
    ]


def refusals(client: TestClient[Any], method: str, path: str) -> dict[str, Any]:
    """What is answered to each kind of body that is refused as such."""
    found = {}
    for name, sent in bodies_for(path).items():
        headers = {**sent.get("headers", {}), **token_of(client)}
        answer = client.request(method, path, **{**sent, "headers": headers})
        assert answer.status_code < 500, (method, path, name, answer.text[:200])
        assert answer.status_code != 401, (method, path, name)
        if answer.status_code == 400:
            found[name] = answer.json()
    return found


def test_a_body_that_is_missing_or_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    with opened(tmp_path) as house, house.visitor() as client:
        routes = changing(house)
        told = {f"{method} {path}": refusals(client, method, path) for method, path in routes}
    asked = {where: found for where, found in told.items() if found}
    for where, found in asked.items():
        assert set(found) == set(bodies_for(where.partition(" ")[2])), where
        for name, problem in found.items():
            [error] = problem["errors"]
            assert error["field"] == "body", where
            assert "data" not in error["message"], where
            assert error["message"][0].isupper(), where
            assert len(error["message"].split()) > 3, where
            if name in ("nothing", "an empty one"):
                assert "has no body" in error["message"], where
            if name == "half":
                assert "no whole JSON" in error["message"], where
    assert len(routes) > 50, "most of the API is looked at"
    assert len(asked) > 30
