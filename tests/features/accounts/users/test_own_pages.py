from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from tests.features.accounts.house import NAME, PASSWORD, Browser, House, words
from tests.features.accounts.users.post import Post, postbox, settings_of
from tests.passwords import ANOTHER
from tests.postbox import Postbox

__all__ = ["postbox"]

ADDRESS = "vera@example.org"


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


@pytest.fixture
def stranger(house: House, owner: Browser) -> Iterator[Browser]:
    with house.browser() as browser:
        yield browser


@pytest.fixture
def post(house: House, postbox: Postbox) -> Post:
    return Post(house.mailroom, house.jobs, postbox)


def have(owner: Browser, post: Post, address: str = ADDRESS) -> None:
    owner.post("/account/email", email=address, current=PASSWORD)
    owner.get(post.one().link)
    assert owner.post("/verify-email").status_code == 200


def test_an_address_is_asked_for_proven_and_shown(owner: Browser, post: Post) -> None:
    asked = owner.post("/account/email", email=ADDRESS, current=PASSWORD)
    assert asked.url.path == "/account/profile"
    assert f"A mail with a link is on its way to {ADDRESS}" in words(asked.text)
    link = post.one().link
    page = owner.get(link)
    assert page.url.path == "/verify-email"
    assert "token" not in str(page.url)
    assert ADDRESS in page.text
    assert owner.api("GET", "/me/email").json()["address"] == "", "following is not yet saying yes"
    done = owner.post("/verify-email")
    assert f"{ADDRESS} is the address of {NAME} now." in words(done.text)
    assert ADDRESS in owner.get("/account").text
    assert owner.get(link).status_code == 403


def test_a_mail_server_that_follows_the_link_proves_nothing(
    owner: Browser, stranger: Browser, post: Post
) -> None:
    owner.post("/account/email", email=ADDRESS, current=PASSWORD)
    link = post.one().link
    stranger.get(link)
    assert owner.api("GET", "/me/email").json()["address"] == ""


def test_an_invitation_is_mailed_and_its_link_shown_to_nobody(
    owner: Browser, stranger: Browser, post: Post
) -> None:
    answer = owner.post("/users/invite", role="user", note="", days="7", email="ben@example.org")
    assert "The invitation is on its way to ben@example.org." in words(answer.text)
    mail = post.one()
    assert mail.link.partition("=")[2] not in answer.text + owner.get("/users").text
    assert "ben@example.org" in owner.get("/users").text
    stranger.get(mail.link)
    stranger.post("/join", name="Ben", password=PASSWORD)
    assert stranger.api("GET", "/me/email").json()["address"] == "ben@example.org"


def test_the_forgotten_password_page_says_the_same_for_every_address(
    owner: Browser, stranger: Browser, post: Post
) -> None:
    have(owner, post)
    assert 'href="/forgotten-password"' in stranger.get("/sign-in").text
    assert stranger.get("/forgotten-password").status_code == 200
    answers = [stranger.post("/forgotten-password", email=one) for one in (ADDRESS, "nobody@example.org")]
    assert {answer.status_code for answer in answers} == {200}
    first, second = (words(answer.text) for answer in answers)
    assert first == second
    assert ADDRESS not in first
    (mail,) = post.deliver()
    stranger.get(mail.link)
    stranger.post("/new-password", password=ANOTHER)
    answer = stranger.post("/sign-in", name=ADDRESS, password=ANOTHER, follow=False)
    assert answer.status_code == 303


def test_a_host_that_a_stranger_names_is_in_no_mail(owner: Browser, stranger: Browser, post: Post) -> None:
    have(owner, post)
    stranger.headers = {"host": "127.0.0.1:9999", "x-forwarded-host": "evil.example"}
    stranger.post("/forgotten-password", email=ADDRESS)
    (mail,) = post.deliver()
    assert "https://films.example.org/new-password?token=" in mail.text
    assert "evil" not in mail.text
    assert "9999" not in mail.text


def test_what_is_wrong_is_told_beside_its_field(owner: Browser, post: Post) -> None:
    for email, current, field in (("ada", PASSWORD, "email"), (ADDRESS, "wrong", "current")):
        answer = owner.post("/account/email", email=email, current=current)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
        assert f'value="{email}"' in answer.text, "nothing that was typed is lost"
    assert 'id="name-error"' in owner.post("/account/name", name="x").text
    assert 'id="password-error"' in owner.post("/account/leave", password="wrong").text
    assert "last administrator" in words(owner.post("/account/leave", password=PASSWORD).text)
    assert post.deliver() == []


def test_one_takes_another_name_by_page_and_api(owner: Browser) -> None:
    owner.post("/account/name", name="Veronika")
    assert owner.api("GET", "/me").json()["name"] == "Veronika"
    changed = owner.api("PATCH", "/me", {"name": "Vera", "time_zone": "Europe/Vienna"}).json()
    assert (changed["name"], changed["time_zone"]) == ("Vera", "Europe/Vienna")
    kept = owner.api("PATCH", "/me", {}).json()
    assert (kept["name"], kept["time_zone"]) == ("Vera", "Europe/Vienna")


def test_ones_data_is_a_file(owner: Browser) -> None:
    answer = owner.api("GET", "/me/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="projectionist-account.json"'
    found = json.loads(answer.text)
    assert found["account"]["name"] == NAME
    assert PASSWORD not in answer.text
    assert owner.cookies["projectionist_session"] not in answer.text


def test_who_leaves_is_signed_out(owner: Browser, stranger: Browser) -> None:
    link = owner.api("POST", "/invitations", {"role": "user"}).json()["link"]
    stranger.api("POST", "/join", {"name": "Ben", "password": PASSWORD, "token": link.split("=")[1]})
    left = stranger.post("/account/leave", password=PASSWORD)
    assert left.url.path == "/sign-in"
    assert stranger.api("GET", "/me").status_code == 401
    assert [one["name"] for one in owner.api("GET", "/users").json()["items"]] == [NAME]


def test_the_api_does_what_the_pages_do(owner: Browser, stranger: Browser, post: Post) -> None:
    asked = owner.api("PUT", "/me/email", {"email": ADDRESS, "password": PASSWORD}).json()
    assert (asked["address"], asked["wanted"]) == ("", ADDRESS)
    token = {"token": post.token()}
    assert stranger.api("POST", "/verify-email", token).status_code == 204
    assert stranger.api("POST", "/verify-email", token).status_code == 403
    assert owner.api("GET", "/me/email").json() == {"address": ADDRESS, "wanted": "", "until": None}
    invited = owner.api("POST", "/invitations", {"role": "guest", "email": "ben@example.org"}).json()
    assert invited["link"] == ""
    assert [one["address"] for one in owner.api("GET", "/invitations").json()["items"]] == ["ben@example.org"]
    assert owner.api("GET", "/users").json()["items"][0]["email"] == ADDRESS
    dropped = owner.api("PUT", "/me/email", {"email": "", "password": PASSWORD})
    assert dropped.json() == {"address": "", "wanted": "", "until": None}
    wrong = owner.api("POST", "/me/leave", {"password": "wrong"})
    assert wrong.status_code == 422


def test_where_nobody_may_join_nobody_is_invited(tmp_path: Path, postbox: Postbox) -> None:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    closed = House(database, tmp_path, mail={**settings_of(postbox), "registration": "closed"})
    with closed.owner() as owner:
        assert 'action="/users/invite"' not in owner.get("/users").text
        for address in ("", "ben@example.org"):
            page = owner.post("/users/invite", role="user", note="", email=address, days="7")
            told = {"role": "user", "note": "", "days": 7, "email": address}
            answer = owner.api("POST", "/invitations", told)
            assert (page.status_code, answer.status_code) == (409, 409)
            for text in (words(page.text), answer.json()["detail"]):
                assert "an invitation would open nothing and none was made" in text
        assert owner.get("/api/v1/invitations").json()["items"] == []
    assert Post(closed.mailroom, closed.jobs, postbox).deliver() == []
    database.close()


def test_without_a_mail_server_pages_say_what_to_do(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    house = House(database, tmp_path)
    with house.owner() as owner:
        assert "No mail server is set here" in words(owner.get("/account/profile").text)
        page: Any = owner.get("/forgotten-password")
        assert "projectionist users password NAME" in words(page.text)
        assert owner.post("/forgotten-password", email=ADDRESS).status_code == 409
        refused = owner.api("PUT", "/me/email", {"email": ADDRESS, "password": PASSWORD})
        assert (refused.status_code, refused.json()["code"]) == (409, "mail_not_set")
        assert owner.post("/users/invite", role="user", days="7", email=ADDRESS).status_code == 409
    database.close()
