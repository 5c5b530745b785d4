"""What attackers send: titles that are code, addresses that lead elsewhere, paths that lead out."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from projectionist.features.accounts.sessions import COOKIE
from projectionist.web.access import declared_routes
from tests.api.house import NAME, PASSWORD, Open, opened, token_of
from tests.features.library.shelves import movie

EVIL = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>'\u202e{{7*7}}"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:////evil.example",
        "/\t/evil.example",
        "/%0d%0aset-cookie:a=b\r\nx: y",
        "javascript:alert(1)",
        "http:evil.example",
        "x://y//evil.example",
    ],
)
def test_signing_in_leads_to_no_other_site(house: Open, wanted: str) -> None:
    with house.visitor() as client:
        answer = client.get(f"/sign-in?next={quote(wanted, safe='')}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")
    assert not re.match(r"/[/\\]", answer.headers["location"])
    assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "a b"]
)
def test_another_host_is_refused(house: Open, host: str) -> None:
    with house.visitor() as client:
        answer = client.get("/", headers={"host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_a_title_that_is_code_is_text_on_every_page(tmp_path: Path) -> None:
    with opened(tmp_path, movie("9", EVIL, summary=EVIL)) as house, house.visitor() as client:
        shown = 0
        for route in declared_routes(house.app):
            if route.method != "GET" or route.path.startswith(("/events", "/api/", "/static")):
                continue
            for number in range(1, 4):
                answer = client.get(re.sub(r"\{[^}]+\}", str(number), route.path), params={"q": EVIL})
                assert "<script>alert" not in answer.text, route.path
                assert "<img src=x" not in answer.text, route.path
                assert ">49<" not in answer.text
                shown += "&lt;script&gt;alert" in answer.text
    assert shown > 3


@pytest.mark.parametrize("typed", ["<b>bold</b>", "100%", "%(who)s", "<a href=//evil.example>50% off</a>"])
def test_what_somebody_typed_is_text_on_the_page_that_refuses_it(house: Open, typed: str) -> None:
    with house.visitor() as client:
        answer = client.get("/about/licence", params={"of": typed})
    assert answer.status_code == 404
    assert escape(typed) in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "/etc",
        "/proc/self/environ",
        "\0",
        "~root",
    ],
)
def test_the_viewer_shows_nothing_outside_the_registered_roots(house: Open, path: str) -> None:
    with house.visitor() as client:
        for address in ("/previews/view", "/api/v1/previews/inspect"):
            answer = client.get(address, params={"path": path})
            assert answer.status_code in (400, 403, 404, 422), (address, answer.status_code)
            assert "root:" not in answer.text


@pytest.mark.parametrize(
    "path", ["../app.py", "..%2f..%2fapp.py", "%2e%2e/%2e%2e/app.py", "/etc/passwd", "a%00b"]
)
def test_static_files_lead_nowhere_else(house: Open, path: str) -> None:
    with house.visitor() as client:
        answer = client.get(f"/static/1/{path}")
    assert answer.status_code in (303, 400, 404)


@pytest.mark.parametrize("way", ["/sign-in", "/api/v1/sign-in"])
def test_signing_in_gives_a_new_session_and_ends_the_old_one(tmp_path: Path, way: str) -> None:
    with opened(tmp_path) as house, house.visitor() as client:
        headers = token_of(client)
        assert client.get("/api/v1/me").status_code == 200
        good = {"name": NAME, "password": PASSWORD}
        sent: dict[str, Any] = {"json": good} if way.startswith("/api") else {"data": good}
        answer = client.post(way, headers=headers, **sent)
        assert answer.status_code in (200, 303)
        new = answer.cookies[COOKIE]
        assert new != house.session
        flags = answer.headers["set-cookie"].lower()
        assert "httponly" in flags
        assert "samesite=lax" in flags
        client.cookies.clear()
        assert client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={house.session}"}).status_code == 401
        assert client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={new}"}).status_code == 200


def test_cookies_are_for_https_alone_behind_a_proxy_that_serves_it(tmp_path: Path) -> None:
    with (
        opened(tmp_path, base_url="https://films.example.org") as house,
        house.visitor(signed_in=False) as client,
    ):
        first = client.get("/sign-in").headers["set-cookie"]
        token = re.search(r"projectionist_csrf=([^;]+)", first)
        assert token
        cookie = f"projectionist_csrf={token[1]}"
        answer = client.post(
            "/sign-in",
            data={"name": NAME, "password": PASSWORD},
            headers={"x-csrf-token": token[1], "cookie": cookie},
        )
    assert answer.status_code == 303
    for header in (first, *answer.headers.get_list("set-cookie")):
        assert "secure" in header.lower()


def test_a_csrf_cookie_that_somebody_planted_is_replaced_unless_it_has_our_shape(house: Open) -> None:
    with house.visitor(signed_in=False) as client:
        client.cookies.set("projectionist_csrf", "planted")
        answer = client.get("/sign-in")
    assert "projectionist_csrf=" in answer.headers["set-cookie"]
    assert "planted" not in answer.headers["set-cookie"]


def test_a_huge_body_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, max_request_bytes="1 kB") as house, house.visitor() as client:
        headers = token_of(client)
        answer = client.post("/api/v1/servers/test", json={"address": "x" * 5000}, headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_says_it_is_something_else_is_refused(house: Open) -> None:
    with house.visitor() as client:
        headers = {**token_of(client), "content-type": "text/plain"}
        answer = client.post("/api/v1/servers/test", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"
