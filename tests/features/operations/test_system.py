from __future__ import annotations

import platform
from dataclasses import replace
from typing import Any

from projectionist import __version__
from projectionist.db.saved_settings import saved_settings
from projectionist.settings import Source, describe
from tests.features.accounts.house import Browser, House, words
from tests.features.accounts.opened import house, owner

__all__ = ["house", "owner"]


def editable() -> dict[str, Any]:
    """What a form sends that nobody changed; a switch that is off is not sent."""
    return {info.name: info.default for info in describe() if info.editable and info.default != "false"}


def test_every_setting_is_shown_with_what_it_is_for(owner: Browser) -> None:
    page = words(owner.get("/settings").text)
    for info in describe():
        assert info.about.replace("`", "")[:40] in page.replace("`", "") or info.about[:20] in page
        assert info.editable or info.variable in page


def test_what_is_saved_holds_from_the_next_start(house: House, owner: Browser) -> None:
    page = owner.post("/settings", **editable() | {"job_retention_days": "90"})
    assert "Saved" in words(page.text)
    assert dict(saved_settings(house.database)) == {"job_retention_days": "90"}
    assert "Now: 30." in words(page.text)


def test_a_value_that_cannot_be_is_told_beside_its_field_and_nothing_is_saved(
    house: House, owner: Browser
) -> None:
    wanted = editable() | {"job_retention_days": "some", "preview_width": "200"}
    answer = owner.post("/settings", **wanted)
    assert answer.status_code == 422
    assert 'id="job_retention_days-error"' in answer.text
    assert "some" in answer.text
    assert saved_settings(house.database) == {}


def test_what_the_environment_fixes_is_read_only_and_named(house: House, owner: Browser) -> None:
    other = House(house.database, house.data)
    other.settings = replace(
        other.settings,
        preview_width=480,
        plex_token="a-secret-token",
        sources={"preview_width": Source.ENVIRONMENT, "plex_token": Source.SECRET_FILE},
    )
    with other.browser() as browser:
        browser.cookies = owner.cookies
        page = browser.get("/settings").text
        assert 'name="preview_width"' not in page
        assert "PROJECTIONIST_PREVIEW_WIDTH" in page
        assert "a-secret-token" not in page
        assert "a-secret-token" not in browser.api("GET", "/settings").text
        answer = browser.api("PATCH", "/settings", {"values": {"preview_width": "100"}})
        assert answer.status_code == 409
        assert "the environment" in answer.json()["detail"]


def test_the_api_saves_and_takes_back(house: House, owner: Browser) -> None:
    answer = owner.api("PATCH", "/settings", {"values": {"preview_width": "200"}})
    assert answer.json() == {"changed": ["preview_width"]}
    listed = {one["name"]: one for one in owner.api("GET", "/settings").json()["items"]}
    assert (listed["preview_width"]["saved"], listed["preview_width"]["value"]) == ("200", "320")
    assert owner.api("DELETE", "/settings/preview_width").status_code == 204
    assert saved_settings(house.database) == {}
    assert owner.api("PATCH", "/settings", {"values": {"no_such": "1"}}).status_code == 404
    assert owner.api("PATCH", "/settings", {"values": {"preview_width": "wide"}}).status_code == 422


def test_about_tells_versions_licences_and_that_nothing_is_sent(owner: Browser) -> None:
    page = words(owner.get("/about").text)
    for shown in (__version__, platform.python_version(), "FFmpeg libavcodec", "SQLite", "No telemetry"):
        assert shown in page
    for name in ("litestar", "psycopg-binary", "htmx.org", "argon2-cffi"):
        assert name in page
    assert "pytest" not in page


def test_a_licence_is_read_in_full(owner: Browser) -> None:
    assert "Zero-Clause BSD" in owner.get("/about/licence?of=htmx.org").text
    assert "Permission is hereby granted" in owner.get("/about/licence?of=litestar").text
    assert owner.get("/about/licence?of=../../etc/passwd").status_code == 404


def test_the_api_tells_the_same(owner: Browser) -> None:
    about = owner.api("GET", "/about").json()
    assert {"part": "Projectionist", "version": __version__} in about["versions"]
    assert about["telemetry"] is False
    licences = owner.api("GET", "/about/licences?limit=100").json()
    assert {"name": "htmx.org", "licence": "0BSD"}.items() <= next(
        one for one in licences["items"] if one["name"] == "htmx.org"
    ).items()
