"""Whatever is asked, and whatever goes wrong inside: every answer is strict with the browser and tells no internals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from sqlalchemy.exc import OperationalError

from projectionist.web.access import DeclaredRoute, declared_routes
from tests.api.house import Open, opened, token_of

CANARY = "canary-of-the-inside-7d1e"
STRICT = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "x-xss-protection": "0",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
FAILURES = (
    RuntimeError(CANARY),
    KeyError(CANARY),
    FileNotFoundError(2, "No such file", f"/srv/{CANARY}"),
    OperationalError(f"SELECT {CANARY}", {}, Exception(f"password={CANARY}")),
    AssertionError(CANARY),
    RecursionError(CANARY),
    UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
)


def routes(house: Open) -> Iterator[tuple[DeclaredRoute, str]]:
    """Every route but the stream that never ends, with an address of it."""
    for route in declared_routes(house.app):
        if route.path != "/events":
            yield route, re.sub(r"\{[^}]+\}", "1", route.path)


def lacking(headers: Any) -> list[str]:
    """Which headers an answer lacks, or has too weak."""
    wrong = [name for name, value in STRICT.items() if headers.get(name) != value]
    policy = headers.get("content-security-policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy or "unsafe" in policy:
        wrong.append("content-security-policy")
    wrong += [
        name for name in ("referrer-policy", "permissions-policy", "x-request-id") if not headers.get(name)
    ]
    if "cache-control" not in headers:
        wrong.append("cache-control")
    if "server" in headers or "x-powered-by" in headers:
        wrong.append("tells what serves it")
    return wrong


def test_every_route_answers_with_strict_headers(tmp_path: Path) -> None:
    wrong, tried = [], 0
    with opened(tmp_path) as house, house.visitor() as client:
        headers = token_of(client)
        for route, address in routes(house):
            sent = {} if route.method in ("GET", "HEAD") else headers
            answer = client.request(route.method, address, headers=sent)
            tried += 1
            if found := lacking(answer.headers):
                wrong.append((route.method, route.path, answer.status_code, found))
    assert wrong == []
    assert tried > 120


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/nowhere", {}),
        ("GET", "/api/v1/nowhere", {}),
        ("GET", "/static/x/nothing.js", {}),
        ("TRACE", "/", {}),
        ("PUT", "/", {}),
        ("GET", "/", {"host": "evil.example"}),
        ("GET", "/?q=%00", {}),
        ("POST", "/api/v1/sign-in", {"content-length": "99999999999"}),
        ("GET", "/api/v1/me", {"cookie": "projectionist_session=nonsense"}),
        ("GET", "/api/v1/me", {"authorization": "Bearer nonsense-nonsense-nonsense"}),
    ],
)
def test_errors_have_strict_headers_too(house: Open, method: str, path: str, headers: dict[str, str]) -> None:
    with house.visitor(signed_in=False) as client:
        answer = client.request(method, path, headers=headers)
    assert answer.status_code >= 300
    assert lacking(answer.headers) == []


def test_no_handler_tells_its_internals_where_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, tried = [], 0
    with opened(tmp_path) as house, house.visitor() as client:
        headers = token_of(client)
        failure: Exception = RuntimeError(CANARY)

        async def fails(*_arguments: Any, **_named: Any) -> None:
            raise failure

        monkeypatch.setattr(HTTPRoute, "_call_handler_function", fails)
        for number, (route, address) in enumerate(routes(house)):
            failure = FAILURES[number % len(FAILURES)]
            sent = {} if route.method in ("GET", "HEAD") else headers
            answer = client.request(route.method, address, headers=sent)
            tried += 1
            told = answer.text + repr(answer.headers)
            internals = CANARY in told or "Traceback" in told or 'File "' in told or "sqlalchemy" in told
            if answer.status_code != 500 or internals or lacking(answer.headers):
                wrong.append((route.method, route.path, answer.status_code, answer.text[:200]))
            if route.path.startswith("/api/v1") and answer.json()["code"] != "internal":
                wrong.append((route.method, route.path, answer.json()["code"], ""))
        log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert wrong == []
    assert tried > 120
    assert CANARY in log, "whoever runs this finds in the log what happened"


def test_no_route_takes_more_than_ten_megabytes_and_most_take_one(house: Open) -> None:
    with house.visitor() as client:
        headers = {**token_of(client), "content-type": "application/json"}
        sizes = {}
        for route, address in routes(house):
            if route.method in ("POST", "PUT", "PATCH") and route.path.startswith("/api/"):
                for size in (1_000_001, 10_000_001):
                    told = client.request(
                        route.method, address, headers={**headers, "content-length": str(size)}, content=b""
                    )
                    sizes[route.method, route.path, size] = told.status_code
    assert {status for (*_, size), status in sizes.items() if size > 10_000_000} == {413}
    more = {(method, path) for (method, path, size), status in sizes.items() if status != 413}
    assert more == {("POST", "/api/v1/cache/lists"), ("PUT", "/api/v1/cache/lists/{list_id:int}")}
