from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.features.accounts.queries import is_known_browser
from projectionist.features.accounts.sessions import hash_of
from tests.features.accounts.house import NAME, PASSWORD, Browser, House, words
from tests.features.accounts.opened import house, owner
from tests.passwords import ANOTHER

__all__ = ["house", "owner"]


def link_in(answer: Any) -> str:
    """The link that a page shows once, without the host."""
    found = re.search(r"<code>http://127\.0\.0\.1:8480(/[^<]+)</code>", answer.text)
    assert found is not None, words(answer.text)
    return found[1]


def invite(owner: Browser, role: str = "user", **fields: Any) -> str:
    return link_in(owner.post("/users/invite", role=role, **{"note": "", "days": "7", **fields}))


@pytest.fixture
def stranger(house: House, owner: Browser) -> Iterator[Browser]:
    with house.browser() as browser:
        yield browser


def test_an_invitation_leads_to_an_account_that_is_signed_in(owner: Browser, stranger: Browser) -> None:
    link = invite(owner, note="Grandmother")
    assert "Grandmother" in owner.get("/users").text
    assert link.split("=")[1] not in owner.get("/users").text, "it is shown once"
    page = stranger.get(link)
    assert page.url.path == "/join"
    assert "token" not in str(page.url)
    home = stranger.post("/join", name="Gran", password=PASSWORD, follow=False)
    assert (home.status_code, home.headers["location"]) == (303, "/")
    assert "Gran" in stranger.get("/account").text
    people = words(owner.get("/users").text)
    assert "Gran" in people
    assert "Grandmother" not in people, "the invitation is used up"


def join_by_page(browser: Browser, link: str) -> Any:
    browser.get(link)
    return browser.post("/join", name="Gran", password=PASSWORD, follow=False)


def join_by_api(browser: Browser, link: str) -> Any:
    token = link.partition("token=")[2]
    return browser.api("POST", "/join", {"token": token, "name": "Gran", "password": PASSWORD})


@pytest.mark.parametrize("join", [join_by_page, join_by_api])
def test_who_joins_ends_what_their_browser_was_signed_in_as(
    house: House, owner: Browser, join: Callable[[Browser, str], Any]
) -> None:
    link, former, known = invite(owner), dict(owner.cookies), owner.cookies["projectionist_browser"]
    assert join(owner, link).status_code in (201, 303)
    assert owner.api("GET", "/me").json()["name"] == "Gran"
    with house.browser() as before:
        before.cookies = former
        assert before.api("GET", "/me").status_code == 401
    assert known != owner.cookies["projectionist_browser"]
    with house.database.read() as session:
        shown = hash_of(owner.cookies["projectionist_browser"])
        assert is_known_browser(session, shown, NAME.lower()), "for whom it was known before it still is"
        assert is_known_browser(session, shown, "gran")


@pytest.mark.parametrize("join", [join_by_page, join_by_api])
def test_who_joins_stays_as_long_as_the_settings_say(
    house: House, join: Callable[[Browser, str], Any]
) -> None:
    house.idle = timedelta(hours=8)
    with house.owner() as owner, house.browser() as stranger:
        join(stranger, invite(owner))
        house.clock.forward(hours=7)
        assert stranger.api("GET", "/me").json()["name"] == "Gran"


def test_a_used_link_says_what_to_do(owner: Browser, stranger: Browser) -> None:
    link = invite(owner)
    stranger.get(link)
    stranger.post("/join", name="Gran", password=PASSWORD)
    stranger.cookies.clear()
    again = stranger.get(link)
    assert again.status_code == 403
    assert "Ask an administrator for a new invitation" in words(again.text)
    assert stranger.post("/join", name="Other", password=PASSWORD).status_code == 403


def test_a_name_that_is_taken_is_told_beside_its_field(owner: Browser, stranger: Browser) -> None:
    stranger.get(invite(owner))
    answer = stranger.post("/join", name=NAME, password=PASSWORD)
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert f'value="{NAME}"' in answer.text, "nothing that was typed is lost"


def test_who_may_not_manage_users_sees_none_of_it(owner: Browser, stranger: Browser) -> None:
    stranger.get(invite(owner))
    stranger.post("/join", name="Gran", password=PASSWORD)
    assert stranger.get("/users").status_code == 403
    assert 'href="/users"' not in stranger.get("/account").text
    assert stranger.post("/users/1", role="guest").status_code == 403


def test_a_role_is_changed_and_exceptions_are_made(owner: Browser, stranger: Browser) -> None:
    stranger.get(invite(owner))
    stranger.post("/join", name="Gran", password=PASSWORD)
    changed = owner.post("/users/2", role="moderator", may_manage_cache="no", may_manage_users="yes")
    assert changed.status_code == 200
    assert stranger.api("GET", "/me").json()["permissions"] == [
        "auto_approve",
        "make_tokens",
        "manage_downloads",
        "manage_jobs",
        "manage_previews",
        "manage_requests",
        "manage_users",
        "request",
        "request_4k",
        "view",
        "view_others_history",
    ]
    assert stranger.get("/users").status_code == 200


def test_the_last_administrator_is_told_why_they_stay(owner: Browser) -> None:
    for answer in (owner.post("/users/1", role="user"), owner.post("/users/1/remove")):
        assert answer.status_code == 409
        assert "last administrator" in words(answer.text)


def test_a_password_link_lets_somebody_in_again(owner: Browser, stranger: Browser) -> None:
    stranger.get(invite(owner))
    stranger.post("/join", name="Gran", password=PASSWORD)
    link = link_in(owner.post("/users/2/password-link"))
    assert stranger.get(link).url.path == "/new-password"
    assert stranger.post("/new-password", password="short").status_code == 422
    done = stranger.post("/new-password", password=ANOTHER, follow=False)
    assert done.headers["location"] == "/sign-in"
    assert stranger.get("/account", follow=False).status_code == 303, "every browser is signed out"
    signed_in = stranger.post("/sign-in", name="gran", password=ANOTHER, follow=False)
    assert signed_in.headers["location"] == "/"
    assert stranger.get(link).status_code == 403


def test_a_signed_out_and_a_removed_user_are_gone(owner: Browser, stranger: Browser) -> None:
    stranger.get(invite(owner))
    stranger.post("/join", name="Gran", password=PASSWORD)
    owner.post("/users/2/sign-out")
    assert stranger.get("/account", follow=False).status_code == 303
    stranger.post("/sign-in", name="gran", password=PASSWORD)
    assert stranger.get("/account", follow=False).status_code == 200
    assert owner.post("/users/2/remove").url.path == "/users"
    assert stranger.get("/account", follow=False).status_code == 303
    assert owner.get("/users/2").status_code == 404


def test_an_invitation_is_taken_back(owner: Browser, stranger: Browser) -> None:
    link = invite(owner, note="Nobody after all")
    number = re.search(r"/users/invitations/(\d+)/withdraw", owner.get("/users").text)
    assert number is not None
    owner.post(f"/users/invitations/{number[1]}/withdraw")
    assert "Nobody after all" not in owner.get("/users").text
    assert stranger.get(link).status_code == 403


@pytest.mark.parametrize("days", ["", "0", "31", "x", "-1", "1e3", "9" * 400, "²"])
def test_a_wrong_number_of_days_is_told_beside_its_field(owner: Browser, days: str) -> None:
    answer = owner.post("/users/invite", role="user", note="<b>Ada</b>", days=days)
    assert answer.status_code == 422
    assert 'id="days-error"' in answer.text
    assert "&lt;b&gt;Ada&lt;/b&gt;" in answer.text


def test_without_an_invitation_registration_is_shut(stranger: Browser) -> None:
    assert stranger.get("/join").status_code == 403
    assert stranger.post("/join", name="Gran", password=PASSWORD).status_code == 403
    assert 'href="/join"' not in stranger.get("/sign-in").text


def test_a_token_is_shown_once_and_works_in_a_header_alone(owner: Browser, stranger: Browser) -> None:
    made = owner.post("/account/tokens", name="A script", scopes=["view"], days="30")
    shown = re.search(r"Authorization: Bearer (\S+)</code>", made.text)
    assert shown is not None
    assert shown[1] not in owner.get("/account/tokens").text
    stranger.headers = {"authorization": f"Bearer {shown[1]}"}
    assert stranger.api("GET", "/me").json()["name"] == NAME
    assert stranger.api("GET", "/users").status_code == 403, "it may no more than was chosen"
    stranger.headers = {}
    assert stranger.api("GET", f"/me?token={shown[1]}").status_code == 401
    stranger.cookies["projectionist_session"] = shown[1]
    assert stranger.api("GET", "/me").status_code == 401


def test_a_program_with_a_token_needs_no_token_of_a_page(owner: Browser, stranger: Browser) -> None:
    owner.post("/account/tokens", name="A script", scopes=["view", "manage_users"], days="30")
    made = owner.api("POST", "/me/tokens", {"name": "Another", "scopes": ["view", "manage_users"], "days": 1})
    assert made.status_code == 201
    stranger.headers = {
        "authorization": f"Bearer {made.json()['shown']}",
        "origin": "https://elsewhere.example",
    }
    invited = stranger.ask("POST", "/api/v1/invitations", json={"role": "guest"})
    assert invited.status_code == 201
    assert "/join?token=" in invited.json()["link"]


def test_a_session_shown_as_a_token_and_a_wrong_token_are_refused(owner: Browser, stranger: Browser) -> None:
    session = owner.cookies["projectionist_session"]
    for shown in (session, "", "x", "x" * 40, "projectionist_" + "A" * 43):
        stranger.headers = {"authorization": f"Bearer {shown}"}
        assert stranger.api("GET", "/me").status_code == 401, shown
    owner.headers = {"authorization": "Bearer " + "x" * 40}
    assert owner.api("GET", "/me").status_code == 401, "a wrong token is not made good by a cookie"
    owner.headers = {"authorization": "Basic dmVyYTp4"}
    assert owner.api("GET", "/me").status_code == 200, "another scheme is none of ours"


def test_a_revoked_token_is_refused_at_once(owner: Browser, stranger: Browser) -> None:
    made = owner.api("POST", "/me/tokens", {"name": "A script", "scopes": ["view"]}).json()
    stranger.headers = {"authorization": f"Bearer {made['shown']}"}
    assert stranger.api("GET", "/me").status_code == 200
    assert owner.post(f"/account/tokens/{made['token']['id']}/revoke").url.path == "/account/tokens"
    assert stranger.api("GET", "/me").status_code == 401


def test_what_is_wrong_with_a_token_is_told_beside_its_field(owner: Browser) -> None:
    answer = owner.post("/account/tokens", name="", days="400")
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    nothing = owner.post("/account/tokens", name="A script", days="30")
    assert 'id="scopes-error"' in nothing.text


def test_the_api_does_what_the_pages_do(owner: Browser, stranger: Browser, house: House) -> None:
    link = owner.api("POST", "/invitations", {"role": "user", "note": "Ben", "days": 2}).json()["link"]
    waiting = owner.api("GET", "/invitations").json()
    assert [(one["note"], one["role"]) for one in waiting["items"]] == [("Ben", "user")]
    joined = stranger.api("POST", "/join", {"name": "Ben", "password": PASSWORD, "token": link.split("=")[1]})
    assert joined.status_code == 201
    assert stranger.api("GET", "/me").json()["name"] == "Ben"
    users = owner.api("GET", "/users?text=be").json()
    assert [(one["name"], one["role"], one["sign_ins"]) for one in users["items"]] == [("Ben", "user", 1)]
    number = users["items"][0]["id"]
    changed = owner.api("PATCH", f"/users/{number}", {"exceptions": {"manage_cache": True}})
    assert "manage_cache" in changed.json()["permissions"]
    assert owner.api("DELETE", f"/users/{number}/sign-ins").status_code == 204
    assert stranger.api("GET", "/me").status_code == 401
    again = owner.api("POST", f"/users/{number}/password-link").json()["link"]
    wanted = {"token": again.split("=")[1], "password": ANOTHER}
    assert stranger.api("POST", "/new-password", wanted).status_code == 204
    assert stranger.api("POST", "/new-password", wanted).status_code == 403
    assert owner.api("DELETE", f"/users/{number}").status_code == 204
    assert owner.api("GET", f"/users/{number}").status_code == 404


def test_links_lead_to_the_base_path(tmp_path: Any) -> None:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    with House(database, tmp_path, base_path="/films").owner() as owner:
        made = owner.post("/films/users/invite", role="user", note="", days="7")
        assert "http://127.0.0.1:8480/films/join?token=" in made.text
    database.close()
