"""The language of somebody's pages and mails: as the browser asks for, until they choose one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from tests.features.accounts.house import PASSWORD, Browser, House, words
from tests.features.accounts.users.post import Post, postbox, settings_of
from tests.postbox import Postbox

__all__ = ["postbox"]

GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}
ENGLISH = {"accept-language": "en-GB,en;q=0.9"}


@pytest.fixture
def house(tmp_path: Path, postbox: Postbox) -> Iterator[House]:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    yield House(database, tmp_path, mail=settings_of(postbox))
    database.close()


@pytest.fixture
def owner(house: House) -> Iterator[Browser]:
    with house.owner() as browser:
        yield browser


def seen(browser: Browser, path: str, headers: dict[str, str]) -> Any:
    return browser.ask("GET", path, headers=headers)


def test_before_anybody_signs_in_the_browser_decides(house: House, owner: Browser) -> None:
    with house.browser() as stranger:
        german = seen(stranger, "/sign-in", GERMAN)
        assert "<h1>Anmelden</h1>" in german.text
        assert "Angemeldet bleiben" not in german.text
        assert "30 Tage angemeldet bleiben" in german.text
        assert "<h1>Sign in</h1>" in seen(stranger, "/sign-in", ENGLISH).text
        assert "Passwort vergessen?" in german.text


def test_a_refusal_at_the_door_is_in_the_language_of_the_browser(house: House, owner: Browser) -> None:
    with house.browser() as stranger:
        stranger.get("/sign-in")
        fields = {"name": "ada", "password": "nothing like it", "_csrf_token": stranger.csrf()}
        refused = stranger.ask("POST", "/sign-in", data=fields, headers=GERMAN)
        assert "Name und Passwort gehören nicht zusammen" in refused.text


def test_a_choice_stays_and_is_stronger_than_the_browser(house: House, owner: Browser) -> None:
    page = owner.post("/account/preferences", language="de")
    assert page.url.path == "/account"
    assert '<html lang="de"' in page.text
    assert "Wo du angemeldet bist" in page.text
    assert '<html lang="de"' in seen(owner, "/account", ENGLISH).text
    assert '<html lang="en"' in owner.post("/account/preferences", language="en").text
    assert '<html lang="en"' in seen(owner, "/account", GERMAN).text
    owner.post("/account/preferences", language="")
    assert '<html lang="de"' in seen(owner, "/account", GERMAN).text


def test_pages_that_nobody_serves_are_in_the_chosen_language_too(house: House, owner: Browser) -> None:
    owner.post("/account/preferences", language="de")
    assert "Hier ist nichts" in owner.get("/nothing/like/that").text


def test_a_language_that_there_is_not_is_refused_beside_its_field(house: House, owner: Browser) -> None:
    answer = owner.post("/account/preferences", language="tlh")
    assert answer.status_code == 422
    assert 'id="language-error"' in answer.text
    assert "they are in en (English), de (Deutsch)" in words(answer.text)


def test_a_language_that_is_shipped_no_more_falls_back(house: House, owner: Browser) -> None:
    with house.database.write() as session:
        session.execute(text("UPDATE user_account SET language = 'tlh'"))
    house.clock.forward(seconds=10)
    page = seen(owner, "/account", GERMAN)
    assert page.status_code == 200
    assert '<html lang="de"' in page.text
    assert '<option value="" selected>' in page.text


def test_the_api_changes_the_language_of_who_asks(owner: Browser) -> None:
    assert owner.api("GET", "/me").json()["language"] == ""
    assert owner.api("PATCH", "/me", {"language": "de"}).json()["language"] == "de"
    assert owner.api("PATCH", "/me", {"time_zone": "Europe/Vienna"}).json()["language"] == "de"
    refused = owner.api("PATCH", "/me", {"name": "Somebody", "language": "tlh"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "language")
    assert owner.api("GET", "/me").json()["name"] != "Somebody", "nothing is changed where something is wrong"
    assert owner.api("GET", "/me/export").json()["account"]["language"] == "de"


def test_the_api_speaks_english_to_whoever_chose_another_language(owner: Browser) -> None:
    owner.api("PATCH", "/me", {"language": "de"})
    refused = owner.api("PATCH", "/me", {"time_zone": "Moon/Tycho"})
    assert refused.json()["detail"].startswith("There is no such time zone")


def test_what_is_wrong_with_a_field_is_said_in_the_chosen_language(owner: Browser) -> None:
    owner.post("/account/preferences", language="de")
    answer = owner.post("/account/preferences", time_zone="Moon/Tycho")
    assert "Diese Zeitzone gibt es nicht" in answer.text


def test_mails_are_in_the_language_of_whom_they_go_to(house: House, owner: Browser, postbox: Postbox) -> None:
    post = Post(house.mailroom, house.jobs, postbox)
    owner.post("/account/preferences", language="de")
    owner.post("/account/email", email="vera@example.org", current=PASSWORD)
    proof = post.one()
    assert proof.subject == "Ist das deine Adresse?"
    assert "Wenn du das bist, bestätige es hier" in proof.text
    owner.post("/account/preferences", language="")
    owner.post("/account/email", email="vera@example.net", current=PASSWORD)
    assert post.one().subject == "Is this your address?"
