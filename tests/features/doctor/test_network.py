"""The checks of how people reach the pages, and of the answers they get, each in every state it can be in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from projectionist.errors import ServerUnreachable
from projectionist.features.doctor.checks import Status
from projectionist.features.doctor.ground import Ground, Running
from projectionist.features.doctor.subjects import answers, network
from projectionist.kit.probing import Probed
from projectionist.web.headers import security_headers
from tests.features.doctor.grounds import ADDRESS, bare, found, running

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN
NOTHING: Mapping[str, str] = {}
GOOD = {
    **dict(security_headers("nonce", https=False)),
    "set-cookie": "projectionist_csrf=x; Path=/; SameSite=Lax; HttpOnly",
}


def page(status: int = 200, body: str = "", changed: Mapping[str, str] = NOTHING) -> Probed:
    """An answer with these headers changed; an empty one is left out."""
    headers = {**GOOD, **changed}
    return Probed(status, {name: value for name, value in headers.items() if value}, body)


@pytest.mark.parametrize(
    ("host", "base_url", "status"),
    [
        ("127.0.0.1", "", PASS),
        ("0.0.0.0", "", WARN),
        ("0.0.0.0", "https://films.example.org", PASS),
        ("127.0.0.1", "http://films.lan", FAIL),
        ("127.0.0.1", "http://localhost:8480", PASS),
    ],
)
def test_people_come_by_https(host: str, base_url: str, status: Status) -> None:
    assert network.judge_tls(host, base_url).status is status


@pytest.mark.parametrize(
    ("networks", "status"),
    [
        ((), PASS),
        (("172.18.0.0/16",), PASS),
        (("203.0.113.7/32",), PASS),
        (("8.0.0.0/9",), WARN),
        (("0.0.0.0/0",), FAIL),
        (("::/0",), FAIL),
    ],
)
def test_few_are_believed(networks: tuple[str, ...], status: Status) -> None:
    assert network.judge_proxies(networks).status is status


def test_visitors_behind_a_proxy_keep_their_addresses(tmp_path: Path) -> None:
    named = {"base_url": "https://films.example.org"}
    assert found(bare(tmp_path), "visitor-addresses").status is PASS
    assert found(bare(tmp_path, **named), "visitor-addresses").status is WARN
    trusted = bare(tmp_path, **named, trusted_proxies="172.18.0.2")
    assert found(trusted, "visitor-addresses").status is PASS


def test_the_settings_are_what_is_judged(tmp_path: Path) -> None:
    ground = bare(tmp_path, base_url="http://films.lan/house", trusted_proxies="0.0.0.0/0", allowed_hosts="*")
    names = ("https", "trusted-proxies", "host-names", "base-path")
    assert {name: found(ground, name).status for name in names} == dict.fromkeys(names, FAIL)
    assert {found(bare(tmp_path), name).status for name in names} == {PASS}


def test_a_base_url_and_a_base_path_fit_together() -> None:
    assert network.judge_base_url("https://films.example.org/house/", "/house").status is PASS
    assert network.judge_base_url("https://films.example.org", "/house").status is FAIL


SELF = ("headers", "content-policy", "other-origins", "foreign-host", "cookies", "errors", "ready", "outside")


def test_nobody_is_asked_where_no_service_runs(tmp_path: Path) -> None:
    assert {found(bare(tmp_path), name).status for name in SELF} == {UNKNOWN}


def test_a_service_that_stopped_answering_is_unknown(tmp_path: Path) -> None:
    def gone(url: str, headers: Mapping[str, str] | None = None) -> Probed:
        raise ServerUnreachable("Nobody answers there.")

    ground = Ground(bare(tmp_path).settings, bare(tmp_path).now, running=Running(ADDRESS, gone))
    assert {found(ground, name).status for name in SELF if name != "outside"} == {UNKNOWN}


@pytest.mark.parametrize("name", sorted(answers._WANTED))
def test_each_header_that_a_proxy_takes_away_is_told(tmp_path: Path, name: str) -> None:
    assert found(running(tmp_path, page()), "headers").status is PASS
    came = found(running(tmp_path, page(changed={name: ""})), "headers")
    assert (came.status, name in came.evidence) == (FAIL, True)
    assert (
        found(running(tmp_path, page(changed={"x-content-type-options": "sniff"})), "headers").status is FAIL
    )


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        (GOOD["content-security-policy"], PASS),
        ("", FAIL),
        (GOOD["content-security-policy"] + "; style-src 'unsafe-inline'", FAIL),
        ("default-src 'self'", FAIL),
    ],
)
def test_a_weakened_policy_is_told(tmp_path: Path, policy: str, status: Status) -> None:
    answer = page(changed={"content-security-policy": policy})
    assert found(running(tmp_path, answer), "content-policy").status is status


@pytest.mark.parametrize(
    ("allowed", "status"),
    [("", PASS), ("https://films.example.org", PASS), ("*", FAIL), (answers.STRANGER, FAIL)],
)
def test_strangers_pages_read_nothing(tmp_path: Path, allowed: str, status: Status) -> None:
    answer = page(changed={"access-control-allow-origin": allowed})
    assert found(running(tmp_path, answer), "other-origins").status is status


@pytest.mark.parametrize(("code", "status"), [(400, PASS), (421, PASS), (200, FAIL), (302, FAIL)])
def test_foreign_names_are_refused(tmp_path: Path, code: int, status: Status) -> None:
    assert found(running(tmp_path, page(code)), "foreign-host").status is status


@pytest.mark.parametrize(
    ("cookie", "status"),
    [
        ("a=b; SameSite=Lax", PASS),
        ("a=b; SameSite=None; Secure", FAIL),
        ("a=b; HttpOnly", FAIL),
        ("", UNKNOWN),
    ],
)
def test_cookies_stay_at_home(tmp_path: Path, cookie: str, status: Status) -> None:
    assert found(running(tmp_path, page(changed={"set-cookie": cookie})), "cookies").status is status


@pytest.mark.parametrize(
    ("code", "body", "status"),
    [
        (401, '{"title": "Sign in"}', PASS),
        (404, '{"title": "Nothing here"}', PASS),
        (200, "", FAIL),
        (500, "Traceback (most recent call last):", FAIL),
        (500, 'File "/opt/house/app.py"', FAIL),
    ],
)
def test_errors_tell_nothing_of_the_inside(tmp_path: Path, code: int, body: str, status: Status) -> None:
    assert found(running(tmp_path, page(code, body)), "errors").status is status


def test_the_services_own_word_counts(tmp_path: Path) -> None:
    assert found(running(tmp_path, page(200)), "ready").status is PASS
    assert found(running(tmp_path, page(503, "database")), "ready").status is FAIL


def test_the_base_url_leads_here(tmp_path: Path) -> None:
    outside = "https://films.example.org"
    alive = {f"{outside}/health/live": page(200, '{"status":"ok"}')}
    assert found(running(tmp_path, page()), "outside").status is PASS
    assert found(running(tmp_path, page(404), alive, base_url=outside), "outside").status is PASS
    assert found(running(tmp_path, page(200, "welcome"), base_url=outside), "outside").status is FAIL
    gone = running(tmp_path, page(), base_url="http://127.0.0.1:1")
    assert gone.running is not None

    def refuse(url: str, headers: Mapping[str, str] | None = None) -> Probed:
        raise ServerUnreachable("Nobody answers there.")

    ground = Ground(gone.settings, gone.now, running=Running(ADDRESS, refuse))
    assert found(ground, "outside").status is WARN
