"""What every answer carries, whoever asks for whatever."""

from __future__ import annotations

import gzip
import re
from ipaddress import ip_network
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from litestar.testing import TestClient

from projectionist.web.config import ShellSettings
from projectionist.web.edge import believe_proxy, came_by_https, is_our_host
from tests.web.house import House
from tests.web.visitors import visitor

PLACES = (
    "/",
    "/nowhere",
    "/crash",
    "/health/live",
    "/sw.js",
    "/api/v1/missing",
    "/static/x/app.css",
    "/api/v1/broken",
)


@pytest.mark.parametrize("path", PLACES)
def test_every_answer_is_strict_with_the_browser(ada: TestClient[Any], path: str) -> None:
    headers = ada.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-xss-protection"] == "0"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


def test_a_nonce_is_used_once(ada: TestClient[Any]) -> None:
    nonces = [re.search("nonce-([^']+)", ada.get("/").headers["content-security-policy"]) for _ in range(2)]
    assert len({nonce[1] for nonce in nonces if nonce}) == 2


def test_over_https_browsers_are_told_to_stay_there_and_cookies_too() -> None:
    with visitor(House(settings=ShellSettings(base_url="https://house.example"))) as client:
        answer = client.get("/", headers={"host": "house.example"})
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "; Secure" in answer.headers["set-cookie"]


def test_over_http_nobody_is_told_to_stay_at_https() -> None:
    with visitor(House(settings=ShellSettings(base_url="https://house.example"))) as client:
        answer = client.get("/", headers={"host": "192.0.2.7:8480"})
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(("trusted", "told"), [((), False), (("0.0.0.0/0",), True)])
def test_a_proxy_that_is_trusted_says_that_somebody_came_by_https(
    trusted: tuple[str, ...], told: bool
) -> None:
    scope: Any = {"client": ("192.0.2.9", 5000), "scheme": "http"}
    headers = {b"x-forwarded-proto": "https", b"host": "192.0.2.7"}
    believe_proxy(scope, headers, tuple(ip_network(one) for one in trusted))
    assert came_by_https(scope, headers, ShellSettings()) is told


def test_pages_are_kept_by_nobody_and_static_files_for_ever(house: House, ada: TestClient[Any]) -> None:
    assert ada.get("/").headers["cache-control"] == "no-store"
    assert ada.get("/api/v1/things").headers["cache-control"] == "no-store"
    address = house.shell().assets.url("app.css", house.settings)
    answer = ada.get(address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in answer.headers
    assert ada.get("/static/000000000000/app.css").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/static/x/../shell.py", "/static/x/%2e%2e/shell.py", "/static/x/none.js"])
def test_static_files_are_those_of_the_folder_only(ada: TestClient[Any], path: str) -> None:
    assert ada.get(path).status_code == 404


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8480", True),
        ("[::1]:8480", True),
        ("192.0.2.7", True),
        ("localhost:9", True),
        ("HOUSE.example:8480", True),
        ("nas.local", True),
        ("evil.example", False),
        ("house.example.evil.example", False),
        ("", False),
        ("127.0.0.1.evil.example:8480", False),
    ],
)
def test_a_host_is_ours_by_name_or_in_digits_with_any_port(host: str, ours: bool) -> None:
    settings = ShellSettings(base_url="https://house.example", allowed_hosts=("nas.local",))
    assert is_our_host(host, settings) is ours


def test_a_strange_host_is_told_what_to_do(ada: TestClient[Any]) -> None:
    answer = ada.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "allowed hosts" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_request_keeps_its_id_and_a_strange_one_gets_another(ada: TestClient[Any]) -> None:
    assert ada.get("/", headers={"x-request-id": "abcdef-123456"}).headers["x-request-id"] == "abcdef-123456"
    assert ada.get("/", headers={"x-request-id": 'x"><script>'}).headers["x-request-id"].isalnum()


def test_pages_and_json_shrink_by_brotli_or_gzip(ada: TestClient[Any]) -> None:
    for path in ("/jobs", "/api/v1/things?limit=100"):
        plain = ada.get(path, headers={"accept-encoding": "identity"})
        with ada.stream("GET", path, headers={"accept-encoding": "gzip, br"}) as answer:
            small = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "br"
        assert "Accept-Encoding" in answer.headers["vary"]
        assert len(brotli.decompress(small)) == pytest.approx(len(plain.content), rel=0.02)
        assert len(small) < 0.4 * len(plain.content)
    with ada.stream("GET", "/jobs", headers={"accept-encoding": "gzip, br;q=0"}) as answer:
        assert b"</html>" in gzip.decompress(b"".join(answer.iter_raw()))


def test_under_a_base_path_every_link_and_cookie_stays_below_it() -> None:
    with visitor(House(settings=ShellSettings(base_path="/projectionist"))) as client:
        for prefix in ("/projectionist", ""):  # a proxy may leave the base path on, or take it off
            answer = client.get(f"{prefix}/jobs")
            links = re.findall(
                r'(?:href|src|action|hx-get|hx-post|formaction|data-events)="(/[^"]*)"', answer.text
            )
            assert len(links) > 50
            assert [link for link in links if not link.startswith("/projectionist/")] == []
        assert "Path=/projectionist" in client.get("/projectionist").headers.get(
            "set-cookie", "Path=/projectionist"
        )
        client.cookies.clear()
        assert client.get("/projectionist/jobs").headers["location"] == "/projectionist/sign-in?next=/jobs"


@pytest.mark.parametrize(
    ("peer", "came_by", "client"),
    [
        ("10.0.0.2", "198.51.100.1, 192.0.2.44, 10.0.0.3", "192.0.2.44"),
        ("10.0.0.2", "10.0.0.9", "10.0.0.9"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "192.0.2.44, nonsense", "10.0.0.2"),
        ("10.0.0.2", "192.0.2.44, ::ffff:10.0.0.9", "192.0.2.44"),
        ("10.0.0.2", "::ffff:192.0.2.44", "192.0.2.44"),
        ("::ffff:10.0.0.2", "2001:db8::9", "2001:db8::9"),
        ("203.0.113.9", "192.0.2.44", "203.0.113.9"),
        ("::ffff:203.0.113.9", "192.0.2.44", "203.0.113.9"),
        ("fe80::1%eth0", "192.0.2.44", "fe80::1%eth0"),
    ],
)
def test_only_a_trusted_proxy_says_who_asks_and_how(peer: str, came_by: str, client: str) -> None:
    scope: Any = {"client": (peer, 5000), "scheme": "http"}
    headers = {b"x-forwarded-for": came_by, b"x-forwarded-proto": "https"}
    believe_proxy(scope, headers, (ip_network("10.0.0.0/8"),))
    assert scope["client"][0] == client
    assert scope["scheme"] == ("https" if "10.0.0.2" in peer else "http")
