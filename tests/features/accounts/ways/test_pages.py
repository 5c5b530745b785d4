"""The pages and the API of signing in by Plex, as a browser without scripts and as a program see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from projectionist.errors import ServerUnreachable
from projectionist.features.accounts.sessions import COOKIE, HANDSHAKE_COOKIE
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import NewServer
from projectionist.media.vocabulary import ServerKind
from tests.features.accounts.house import PASSWORD, PLEX, TOKEN, Browser, House, words
from tests.features.accounts.opened import house, owner
from tests.features.accounts.ways.plex_people import FRIEND, STRANGER
from tests.passwords import ANOTHER

__all__ = ["house", "owner"]


@pytest.fixture
def stranger(house: House, owner: Browser) -> Iterator[Browser]:
    servers.add_server(house.reach, NewServer(ServerKind.PLEX, PLEX, TOKEN))
    with house.browser() as browser:
        yield browser


def look(browser: Browser, troubled: str = "") -> Any:
    """What the page does by itself."""
    return browser.ask("POST", "/sign-in/plex/look", data={"troubled": troubled})


def test_without_a_plex_server_there_is_no_such_way(house: House, owner: Browser) -> None:
    with house.browser() as browser:
        assert "Plex" not in words(browser.get("/sign-in").text)
        answer = browser.post("/sign-in/plex")
        assert answer.status_code == 409
        assert "no Plex server" in words(answer.text)


def test_somebody_signs_in_at_plex_and_goes_on_to_the_page_they_wanted(
    house: House, stranger: Browser
) -> None:
    assert "Use your Plex account" in stranger.get("/sign-in?next=/account").text
    page = stranger.post("/sign-in/plex", next="/account", remember="true")
    assert page.url.path == "/sign-in/plex"
    link = "https://app.plex.tv/auth#?code=code1&amp;forwardUrl=http://127.0.0.1:8480/sign-in/plex"
    assert f'href="{link}"' in page.text
    assert HANDSHAKE_COOKIE in stranger.cookies
    house.clock.forward(seconds=2)
    waits = stranger.post("/sign-in/plex/look")
    assert (waits.status_code, "Waiting until" in waits.text) == (200, True)
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    there = stranger.post("/sign-in/plex/look", follow=False)
    assert (there.status_code, there.headers["location"]) == (303, "/account")
    assert "plex-token-of" not in str(there.headers)
    assert HANDSHAKE_COOKIE not in stranger.cookies
    account = stranger.get("/account")
    assert "farouk" in words(account.text)
    assert "You have no password yet" in account.text
    house.clock.forward(days=20)
    assert stranger.get("/account", follow=False).status_code == 200, "it was to be remembered"


def test_the_page_looks_by_itself_and_goes_on_without_a_hand(house: House, stranger: Browser) -> None:
    page = stranger.post("/sign-in/plex")
    assert 'hx-trigger="every 2s"' in page.text
    stranger.headers = {"hx-request": "true", "x-csrf-token": stranger.csrf()}
    house.clock.forward(seconds=2)
    waits = look(stranger)
    assert (waits.status_code, waits.text) == (204, ""), "nothing new is read out"
    house.plex_tv.failures["claimed"] = ServerUnreachable("plex.tv did not answer.")
    house.clock.forward(seconds=2)
    troubled = look(stranger)
    assert "<html" not in troubled.text
    assert 'hx-trigger="every 2s"' in troubled.text
    assert "plex.tv did not answer. It is asked again." in words(troubled.text)
    house.clock.forward(seconds=2)
    assert look(stranger, "yes").status_code == 204
    house.plex_tv.failures.clear()
    house.clock.forward(seconds=2)
    assert "Waiting until" in look(stranger, "yes").text
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    there = look(stranger)
    assert (there.status_code, there.headers["hx-redirect"], there.text) == (200, "/", "")
    assert COOKIE in stranger.cookies


def test_who_is_not_let_in_is_told_why_and_the_page_asks_no_more(house: House, stranger: Browser) -> None:
    stranger.post("/sign-in/plex")
    house.plex_tv.claim(STRANGER)
    house.clock.forward(seconds=2)
    stranger.headers = {"hx-request": "true", "x-csrf-token": stranger.csrf()}
    answer = look(stranger)
    assert answer.status_code == 200
    assert "not shared with this Plex account" in words(answer.text)
    assert "hx-trigger" not in answer.text
    assert COOKIE not in stranger.cookies
    stranger.headers = {}
    again = stranger.post("/sign-in/plex/look")
    assert again.status_code == 404
    assert "This sign-in is over" in words(again.text)
    assert stranger.get("/sign-in/plex", follow=False).headers["location"] == "/sign-in"


def test_an_open_browser_is_not_enough_to_link_an_account(house: House, owner: Browser) -> None:
    servers.add_server(house.reach, NewServer(ServerKind.PLEX, PLEX, TOKEN))
    shown = owner.get("/account").text
    assert 'id="link_password"' in shown
    for password in ("", "Not hers at all, 1"):
        refused = owner.post("/account/identities/plex", link_password=password)
        assert refused.status_code == 422
        assert 'id="link_password-error"' in refused.text, "beside the field, on her own page"
        program = owner.api("POST", "/me/identities/plex", {"password": password})
        assert (program.status_code, program.json()["errors"][0]["field"]) == (422, "password")
        house.clock.forward(seconds=61)
    assert HANDSHAKE_COOKIE not in owner.cookies
    assert house.plex_tv.asked == []
    assert owner.api("POST", "/me/identities/plex", {"password": PASSWORD}).status_code == 201


def test_a_password_to_link_is_not_guessed_for_long(house: House, owner: Browser) -> None:
    servers.add_server(house.reach, NewServer(ServerKind.PLEX, PLEX, TOKEN))
    answers = [owner.post("/account/identities/plex", link_password="guess") for _ in range(20)]
    assert answers[-1].status_code == 429
    assert owner.post("/account/identities/plex", link_password=PASSWORD).status_code == 429


def test_who_has_no_password_links_within_ten_minutes_of_signing_in(house: House, stranger: Browser) -> None:
    stranger.post("/sign-in/plex")
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    stranger.post("/sign-in/plex/look", follow=False)
    page = stranger.get("/account").text
    assert 'id="link_password"' not in page
    assert "You have no password here, so this can be done within ten minutes of signing in." in words(page)
    assert stranger.post("/account/identities/plex").url.path == "/sign-in/plex"
    house.clock.forward(seconds=601)
    late = stranger.post("/account/identities/plex")
    assert late.status_code == 422
    assert "sign in anew, and do this within ten minutes" in words(late.text)
    assert stranger.api("POST", "/me/identities/plex", {}).status_code == 422


def test_an_account_is_linked_and_unlinked_on_ones_own_page(house: House, owner: Browser) -> None:
    servers.add_server(house.reach, NewServer(ServerKind.PLEX, PLEX, TOKEN))
    page = owner.post("/account/identities/plex", link_password=PASSWORD)
    assert "Link your Plex account" in words(page.text)
    house.plex_tv.claim(STRANGER)
    house.clock.forward(seconds=2)
    account = owner.post("/sign-in/plex/look")
    assert account.url.path == "/account"
    assert "Plex: Eve" in words(account.text)
    listed = owner.api("GET", "/me/identities").json()
    assert [(one["kind"], one["name"]) for one in listed["items"]] == [("plex", "Eve")]
    gone = owner.post(f"/account/identities/{listed['items'][0]['id']}/unlink")
    assert "Plex: Eve" not in words(gone.text)


def test_the_only_way_in_stays_and_it_is_said_why(house: House, stranger: Browser) -> None:
    stranger.post("/sign-in/plex")
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    stranger.post("/sign-in/plex/look", follow=False)
    number = stranger.api("GET", "/me/identities").json()["items"][0]["id"]
    kept = stranger.post(f"/account/identities/{number}/unlink")
    assert kept.status_code == 409
    assert "It is the only way into this account" in words(kept.text)
    assert stranger.api("DELETE", f"/me/identities/{number}").status_code == 409
    chosen = stranger.post("/account/password", password=ANOTHER)
    assert chosen.url.path == "/sign-in"


def test_who_manages_users_sees_what_is_linked_and_unlinks_it(
    house: House, owner: Browser, stranger: Browser
) -> None:
    stranger.post("/sign-in/plex")
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    stranger.post("/sign-in/plex/look", follow=False)
    me = stranger.api("GET", "/me").json()["id"]
    number = stranger.api("GET", "/me/identities").json()["items"][0]["id"]
    address = f"/users/{me}/identities/{number}/unlink"
    assert stranger.post(address).status_code == 403
    page = owner.get(f"/users/{me}")
    assert "Plex: farouk" in words(page.text)
    assert f'action="{address}"' in page.text
    kept = owner.post(address)
    assert kept.status_code == 409
    assert "It is the only way into this account" in words(kept.text)
    assert stranger.get("/account", follow=False).status_code == 200, "nobody was signed out for nothing"
    stranger.post("/account/password", password=ANOTHER)
    gone = owner.post(address)
    assert gone.url.path == f"/users/{me}"
    assert "Plex: farouk" not in words(gone.text)
    assert owner.post(address).status_code == 404
    assert owner.post("/users/99/identities/1/unlink").status_code == 404


def test_a_program_signs_in_by_plex_too(house: House, stranger: Browser) -> None:
    begun = stranger.api("POST", "/sign-in/plex", {"remember": True})
    assert begun.status_code == 201
    assert begun.json()["link"].startswith("https://app.plex.tv/auth#?code=code1")
    house.clock.forward(seconds=2)
    assert stranger.api("POST", "/sign-in/plex/look").json() == {"state": "waiting", "trouble": ""}
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    assert stranger.api("POST", "/sign-in/plex/look").json()["state"] == "signed_in"
    assert stranger.api("GET", "/me").json()["name"] == "farouk"
    house.plex_tv.failures["begin"] = ServerUnreachable("plex.tv did not answer.")
    assert stranger.api("POST", "/me/identities/plex", {}).status_code == 502


def test_signing_in_anew_ends_what_the_browser_was_signed_in_as(house: House, owner: Browser) -> None:
    servers.add_server(house.reach, NewServer(ServerKind.PLEX, PLEX, TOKEN))
    was = owner.cookies[COOKIE]
    owner.post("/sign-in/plex")
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    owner.post("/sign-in/plex/look", follow=False)
    assert "farouk" in words(owner.get("/account").text)
    owner.cookies = {COOKIE: was}
    assert owner.get("/account", follow=False).status_code == 303


def came_by_plex(house: House, browser: Browser) -> None:
    browser.post("/sign-in/plex", next="/account")
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    browser.post("/sign-in/plex/look")


def test_who_has_no_password_leaves_shortly_after_signing_in(house: House, stranger: Browser) -> None:
    came_by_plex(house, stranger)
    page = words(stranger.get("/account/profile").text)
    assert "Current password" not in page
    assert "within ten minutes of signing in" in page
    house.clock.forward(minutes=11)
    late = stranger.post("/account/leave")
    assert (late.status_code, "sign in anew" in words(late.text)) == (422, True)
    came_by_plex(house, stranger)
    assert stranger.post("/account/leave", follow=False).status_code == 303
    assert stranger.get("/account", follow=False).headers["location"].startswith("/sign-in")


def test_who_has_no_password_is_told_to_choose_one_before_a_second_step(
    house: House, stranger: Browser
) -> None:
    came_by_plex(house, stranger)
    told = stranger.post("/account/second-step", password="")
    assert (told.status_code, "choose one on your account page" in words(told.text)) == (422, True)


def test_ones_data_tells_what_is_linked(house: House, stranger: Browser) -> None:
    came_by_plex(house, stranger)
    [linked] = stranger.get("/api/v1/me/export").json()["linked_accounts"]
    assert (linked["service"], linked["name"]) == ("plex", house.plex_tv.names[FRIEND])
