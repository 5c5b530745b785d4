"""Who may use what: every route of the whole house, as it declares itself and as it behaves."""

from __future__ import annotations

import re

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from projectionist.features.accounts.permissions import AWAITED
from projectionist.web.access import DeclaredRoute, declared_routes
from projectionist.web.ports import Permission, Principal
from tests.api.house import ORIGIN, Open, token_of

OPEN = {
    ("GET", "/api/v1/setup"),
    ("GET", "/favicon.ico"),
    ("GET", "/forgotten-password"),
    ("GET", "/health"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/join"),
    ("GET", "/manifest.webmanifest"),
    ("GET", "/new-password"),
    ("GET", "/offline"),
    ("GET", "/sw.js"),
    ("GET", "/setup"),
    ("GET", "/sign-in"),
    ("GET", "/sign-in/oidc/back"),
    ("GET", "/sign-in/plex"),
    ("GET", "/sign-in/code"),
    ("GET", "/static/{version:str}/{name:path}"),
    ("GET", "/verify-email"),
    ("POST", "/api/v1/forgotten-password"),
    ("POST", "/api/v1/join"),
    ("POST", "/api/v1/new-password"),
    ("POST", "/api/v1/push-subscriptions/renew"),
    ("POST", "/api/v1/sign-in"),
    ("POST", "/api/v1/sign-in/oidc"),
    ("POST", "/api/v1/sign-in/plex"),
    ("POST", "/api/v1/sign-in/plex/look"),
    ("POST", "/api/v1/sign-in/code"),
    ("POST", "/api/v1/verify-email"),
    ("POST", "/forgotten-password"),
    ("POST", "/api/v1/sign-in/passkey"),
    ("POST", "/api/v1/sign-in/passkey/question"),
    ("POST", "/join"),
    ("POST", "/new-password"),
    ("POST", "/setup/administrator"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/oidc"),
    ("POST", "/sign-in/plex"),
    ("POST", "/sign-in/plex/look"),
    ("POST", "/sign-in/code"),
    ("POST", "/sign-out"),
    ("POST", "/verify-email"),
    ("POST", "/webhooks/{sender:str}"),
    ("POST", "/webhooks/{sender:str}/{secret:str}"),
}

BY_SECRET = {("POST", "/webhooks/{sender:str}"), ("POST", "/webhooks/{sender:str}/{secret:str}")}
"""Open to programs that show a secret of their own. No cookie counts there, so that no page can use one."""

BY_ENDPOINT = ("POST", "/api/v1/push-subscriptions/renew")
"""Open to a browser's service worker, which shows the endpoint that it alone knows; no cookie counts there either."""


def address_of(route: DeclaredRoute) -> str:
    return re.sub(r"\{[^}:]+:(int|str|path)\}", lambda kind: "1", route.path)


def closed(house: Open) -> list[DeclaredRoute]:
    return [route for route in declared_routes(house.app) if route.permission is not None]


def ask(client: TestClient[Litestar], route: DeclaredRoute, headers: dict[str, str]) -> int:
    return client.request(route.method, address_of(route), headers=headers, timeout=20).status_code


def test_only_what_must_be_is_open_to_strangers(house: Open) -> None:
    found = {(route.method, route.path) for route in declared_routes(house.app) if route.permission is None}
    assert found - {("HEAD", path) for _, path in OPEN} <= OPEN


def test_the_house_has_the_routes_that_are_tried_here(house: Open) -> None:
    assert len(closed(house)) > 90


def test_a_stranger_is_sent_to_sign_in_by_pages_and_told_so_by_the_api(house: Open) -> None:
    wrong = []
    with house.visitor(signed_in=False) as client:
        headers = token_of(client)
        for route in closed(house):
            answer = client.request(route.method, address_of(route), headers=headers)
            if route.path.startswith(("/api/", "/events", "/metrics")):
                well = (
                    answer.status_code == 401 and answer.headers["content-type"] == "application/problem+json"
                )
            else:
                well = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            if not well:
                wrong.append((route, answer.status_code))
    assert wrong == []


def test_nothing_is_changed_without_the_token_of_our_own_page(house: Open) -> None:
    unsafe = [route for route in declared_routes(house.app) if route.method not in ("GET", "HEAD")]
    with house.visitor() as client:
        token_of(client)
        answers = {(route.method, route.path): ask(client, route, {}) for route in unsafe}
    assert {answers.pop(route) for route in BY_SECRET} == {401}
    assert answers.pop(BY_ENDPOINT) == 400, "nothing is shown"
    assert len(answers) > 50
    assert set(answers.values()) == {403}, answers


def test_nothing_is_changed_for_a_page_of_another_site(house: Open) -> None:
    unsafe = [route for route in declared_routes(house.app) if route.method not in ("GET", "HEAD")]
    with house.visitor() as client:
        headers = {**token_of(client), "origin": "http://evil.example"}
        answers = {(route.method, route.path): ask(client, route, headers) for route in unsafe}
    seldom = ("/new-password", "/forgotten-password")
    asked_often = {("POST", f"{way}{path}") for way in ("", "/api/v1") for path in seldom}
    assert {answers.pop(route) for route in BY_SECRET} == {401}
    assert answers.pop(BY_ENDPOINT) == 400, "nothing is shown"
    assert {status for route, status in answers.items() if route not in asked_often} == {403}, answers


def test_a_permission_is_awaited_as_long_as_nothing_asks_for_it(house: Open) -> None:
    asked = {route.permission for route in closed(house)} | {
        Permission.VIEW_OTHERS_HISTORY
    }  # a page shows more to them
    assert set(Permission) - asked == AWAITED


@pytest.mark.parametrize("held", [frozenset[Permission](), frozenset({Permission.VIEW})])
def test_a_person_is_refused_whatever_needs_more_than_they_may(
    house: Open, held: frozenset[Permission]
) -> None:
    nobody_much = Principal(99, "ben", "guest", held)
    web = house.house.web(identify=lambda request: nobody_much)
    wrong = []
    with TestClient(web, base_url=ORIGIN, raise_server_exceptions=False) as client:
        client.follow_redirects = False
        headers = token_of(client)
        for route in closed(house):
            if route.permission not in held:
                status = ask(client, route, headers)
                if status != 403:
                    wrong.append((route, status))
    assert wrong == []
