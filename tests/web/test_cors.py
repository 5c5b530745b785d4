"""Pages of other sites read nothing, but for the origins that a setting names, and never as who is signed in here."""

from __future__ import annotations

from typing import Any

import pytest

from projectionist.errors import SettingWrong
from projectionist.settings import load_settings
from projectionist.web.config import ShellSettings
from tests.web.house import House
from tests.web.visitors import visitor

FRIEND, STRANGER = "https://dashboard.example.org", "https://evil.example"
LETS_IN = ShellSettings(cors_origins=(FRIEND,))
ASKS = {"access-control-request-method": "PUT", "access-control-request-headers": "authorization"}


def answer(settings: ShellSettings, method: str, path: str, **headers: str) -> Any:
    with visitor(House(settings=settings)) as client:
        return client.request(
            method, path, headers={name.replace("_", "-"): one for name, one in headers.items()}
        )


@pytest.mark.parametrize("origin", [FRIEND, STRANGER, "null", "http://127.0.0.1:8480"])
def test_without_the_setting_no_other_site_is_let_in(origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        told = answer(ShellSettings(), method, "/api/v1/things", origin=origin, **ASKS)
        assert not [name for name in told.headers if name.startswith("access-control")]


def test_an_origin_that_is_named_reads_the_api_and_nothing_else() -> None:
    told = answer(LETS_IN, "GET", "/api/v1/things", origin=FRIEND)
    assert told.headers["access-control-allow-origin"] == FRIEND
    assert "Origin" in told.headers["vary"]
    assert "access-control-allow-origin" not in answer(LETS_IN, "GET", "/", origin=FRIEND).headers


@pytest.mark.parametrize(
    "origin",
    [STRANGER, "null", "*", f"{FRIEND}.evil.example", f"{FRIEND}:444", FRIEND.replace("https", "http")],
)
def test_an_origin_that_only_looks_like_it_is_not_let_in(origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        told = answer(LETS_IN, method, "/api/v1/things", origin=origin, **ASKS)
        assert "access-control-allow-origin" not in told.headers
        assert "Origin" in told.headers["vary"]


def test_what_may_be_asked_is_told_beforehand_and_cookies_are_never_let_along() -> None:
    told = answer(LETS_IN, "OPTIONS", "/api/v1/things", origin=FRIEND, **ASKS)
    assert told.status_code == 204
    assert told.headers["access-control-allow-origin"] == FRIEND
    assert "PUT" in told.headers["access-control-allow-methods"]
    assert "Authorization" in told.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in told.headers
    assert told.headers["x-frame-options"] == "DENY"


def test_a_page_of_an_origin_that_is_let_in_changes_nothing_by_a_cookie() -> None:
    told = answer(LETS_IN, "POST", "/api/v1/things", origin=FRIEND)
    assert told.status_code == 403


@pytest.mark.parametrize(
    "origins",
    ["*", "null", "dashboard.example.org", "https://a.example/", "https://a.example/x", "https://*"],
)
def test_the_setting_takes_whole_origins_only(origins: str) -> None:
    with pytest.raises(SettingWrong, match="origins such as"):
        load_settings({"PROJECTIONIST_DATA": "data", "PROJECTIONIST_CORS_ORIGINS": origins})
