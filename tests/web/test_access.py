"""Who may call what, and what the others are told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from projectionist.web.access import declared_routes
from projectionist.web.config import ShellSettings
from projectionist.web.problems import local_path
from tests.web.house import House
from tests.web.visitors import token_of, visitor

OPEN = {
    "/static/{version:str}/{name:path}",
    "/health/live",
    "/health/ready",
    "/manifest.webmanifest",
    "/sw.js",
    "/offline",
    "/favicon.ico",
    "/sign-in",
    "/sign-out",
}


def test_everything_but_what_is_listed_here_needs_somebody_signed_in(house: House) -> None:
    routes = list(declared_routes(house.app()))
    assert {route.path for route in routes if route.permission is None} == OPEN
    with visitor(house, "") as nobody:
        for route in routes:
            if route.permission is not None and route.method == "GET":
                assert nobody.get(route.path).status_code in (303, 401), route.path


def test_a_page_sends_nobody_to_sign_in_and_back_again(house: House) -> None:
    with visitor(house, "") as nobody:
        answer = nobody.get("/jobs?state=failed&q=a b")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in?next=/jobs%3Fstate%3Dfailed%26q%3Da%2520b",
    )


def test_the_api_tells_nobody_in_json(house: House) -> None:
    with visitor(house, "") as nobody:
        answer = nobody.get("/api/v1/things")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "sign_in_needed"


def test_htmx_is_told_to_load_the_sign_in_page(house: House) -> None:
    with visitor(house, "") as nobody:
        headers = {"hx-request": "true", "hx-current-url": "http://127.0.0.1:8480/jobs?offset=50"}
        answer = nobody.get("/frame/ring", headers=headers)
        by_itself = nobody.get("/frame/ring", headers={**headers, "x-background": "1"})
    assert answer.headers["hx-redirect"] == "/sign-in?next=/jobs%3Foffset%3D50"
    assert by_itself.status_code == 401
    assert "hx-redirect" not in by_itself.headers, "nobody loses a page that was left open"


def test_a_permission_that_somebody_lacks_is_named(house: House) -> None:
    with visitor(house, "ben") as ben:
        assert ben.get("/jobs").status_code == 200
        answer = ben.get("/managers")
    assert answer.status_code == 403
    assert "manage settings" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-csrf-token": "x" * 43},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://elsewhere.example"},
        {"origin": "null"},
    ],
)
def test_a_change_that_another_site_asks_for_is_refused(
    house: House, ada: TestClient[Any], headers: dict[str, str]
) -> None:
    sent = headers if "x-csrf-token" in headers or not headers else {**token_of(ada), **headers}
    if not sent:
        ada.get("/")
    for path, body in (("/things/done", None), ("/api/v1/things", {"name": "a"})):
        answer = ada.post(path, headers=sent, json=body)
        assert answer.status_code == 403, path
    assert house.done == []


def test_a_change_from_our_own_page_is_taken_by_header_and_by_form(
    house: House, ada: TestClient[Any]
) -> None:
    headers = token_of(ada)
    own = {**headers, "origin": "http://127.0.0.1:8480", "sec-fetch-site": "same-origin"}
    assert ada.post("/things/done", headers=own).status_code == 200
    fields = {"_csrf_token": headers["x-csrf-token"], "interval": "7"}
    assert ada.post("/settings", data=fields).status_code == 200
    assert house.done == ["thing", "7"]


def test_a_bearer_token_is_no_proof_of_the_page(house: House, ada: TestClient[Any]) -> None:
    answer = ada.post("/api/v1/things", headers={"authorization": "Bearer abc"}, json={"name": "a"})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")
    assert house.done == []


@given(st.text(max_size=60) | st.text(alphabet="/\\:?#@.ah%\t\n ", max_size=20))
def test_a_way_back_never_leads_to_another_site(address: str) -> None:
    path = local_path(address, ShellSettings(base_path="/projectionist"))
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert not any(character in path for character in "\\\r\n\t ")


def test_a_way_back_leads_to_a_page_without_the_base_path() -> None:
    settings = ShellSettings(base_path="/projectionist")
    assert local_path("https://house.example/projectionist/jobs?q=1#x", settings) == "/jobs?q=1"
    assert local_path("/projectionist", settings) == "/"
    assert local_path("https://house.example//evil.example", settings) == "/"
