from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.features.accounts.house import NAME, PASSWORD, Browser, House
from tests.features.accounts.opened import house, owner
from tests.features.accounts.second_factor.apps import App

__all__ = ["house", "owner"]

PAGE = "/account/second-step"


def secret_in(page: Any) -> str:
    return re.search(r"<code>([A-Z2-7 ]{39})</code>", page.text)[1].replace(" ", "")  # type: ignore[index]


def codes_in(page: Any) -> list[str]:
    return re.findall(r"<li><code>([A-Z0-9-]{19})</code></li>", unescape(page.text))


@pytest.fixture
def app(house: House, owner: Browser) -> App:
    shown = App(secret_in(owner.post(PAGE, password=PASSWORD)), house.clock)
    codes = codes_in(owner.post(f"{PAGE}/confirm", code=shown.code()))
    house.clock.forward(minutes=1)
    return App(shown.secret, house.clock, tuple(codes))


def test_an_app_is_connected_and_the_recovery_codes_are_shown_once(house: House, owner: Browser) -> None:
    assert "Off: who knows your password" in owner.get("/account").text
    begun = owner.post(PAGE, password=PASSWORD)
    assert '<svg class="qr"' in begun.text
    app = App(secret_in(begun), house.clock)
    wrong = owner.post(f"{PAGE}/confirm", code=app.wrong())
    assert wrong.status_code == 422
    assert 'id="code-error"' in wrong.text
    assert secret_in(wrong) == app.secret
    done = owner.post(f"{PAGE}/confirm", code=app.code())
    assert len(codes_in(done)) == 10
    again = owner.get(PAGE)
    assert codes_in(again) == []
    assert app.secret not in again.text
    assert "On: to sign in" in owner.get("/account").text


def test_a_wrong_password_begins_nothing(owner: Browser) -> None:
    answer = owner.post(PAGE, password="guessed")
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.text
    assert "qr" not in answer.text


def test_signing_in_leads_over_the_code_to_the_page_that_was_wanted(house: House, app: App) -> None:
    with house.browser() as phone:
        asked = phone.post("/sign-in", name=NAME, password=PASSWORD, next="/users?role=user", remember="true")
        assert asked.url.path == "/sign-in/code"
        assert "projectionist_session" not in phone.cookies
        assert phone.get("/users", follow=False).status_code == 303
        wrong = phone.post("/sign-in/code", code=app.wrong(), next="/users?role=user")
        assert wrong.status_code == 401
        assert "That code is wrong" in wrong.text
        answer = phone.post("/sign-in/code", follow=False, code=app.code(), next="/users?role=user")
        assert (answer.status_code, answer.headers["location"]) == (303, "/users?role=user")
        cookies = answer.headers.get_list("set-cookie")
        assert any("max-age=2592000" in one.lower() for one in cookies if "projectionist_session" in one)
        assert "projectionist_step" not in phone.cookies
        assert phone.get("/users").url.path == "/users"


def test_the_cookie_between_the_steps_is_out_of_reach_and_opens_nothing(house: House, app: App) -> None:
    with house.browser() as phone:
        answer = phone.post("/sign-in", follow=False, name=NAME, password=PASSWORD)
        cookie = next(
            one for one in answer.headers.get_list("set-cookie") if one.startswith("projectionist_step=")
        ).lower()
        assert ["httponly" in cookie, "samesite=lax" in cookie, "max-age=300" in cookie] == [True] * 3
        phone.cookies["projectionist_session"] = phone.cookies["projectionist_step"]
        assert phone.get("/account").url.path == "/sign-in"


def test_who_comes_to_the_code_without_a_password_is_sent_to_sign_in(house: House, app: App) -> None:
    with house.browser() as stranger:
        assert stranger.get("/sign-in/code").url.path == "/sign-in"
        assert stranger.post("/sign-in/code", code=app.code()).url.path == "/sign-in"


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/\\example.org"])
def test_the_code_leads_to_no_other_site(house: House, app: App, elsewhere: str) -> None:
    with house.browser() as phone:
        phone.post("/sign-in", name=NAME, password=PASSWORD)
        answer = phone.post("/sign-in/code", follow=False, code=app.code(), next=elsewhere)
        assert answer.headers["location"] == "/"


def test_signing_in_again_with_a_code_ends_the_session_before(house: House, owner: Browser, app: App) -> None:
    before = owner.cookies["projectionist_session"]
    owner.post("/sign-in", follow=False, name=NAME, password=PASSWORD)
    owner.post("/sign-in/code", follow=False, code=app.code())
    assert owner.cookies["projectionist_session"] != before
    house.clock.forward(seconds=3)
    with house.browser() as thief:
        thief.cookies["projectionist_session"] = before
        assert thief.get("/account").url.path == "/sign-in"


def test_after_three_codes_one_waits(house: House, app: App) -> None:
    with house.browser() as phone:
        phone.post("/sign-in", name=NAME, password=PASSWORD)
        for _ in range(3):
            assert phone.post("/sign-in/code", code=app.wrong()).status_code == 401
        answer = phone.post("/sign-in/code", code=app.code())
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 61


def test_a_recovery_code_takes_the_place_of_the_app(house: House, app: App) -> None:
    with house.browser() as phone:
        phone.post("/sign-in", name=NAME, password=PASSWORD)
        phone.post("/sign-in/code", follow=False, code=app.codes[0])
        assert ">9<" in phone.get(PAGE).text.replace(" ", "").replace("\n", "")


def test_other_recovery_codes_are_made_and_it_is_switched_off(owner: Browser, app: App) -> None:
    fresh = codes_in(owner.post(f"{PAGE}/recovery-codes", password=PASSWORD))
    assert len(fresh) == 10
    assert set(fresh) & set(app.codes) == set()
    assert owner.post(f"{PAGE}/switch-off", password="guessed").status_code == 422
    assert owner.post(f"{PAGE}/switch-off", password=PASSWORD).url.path == PAGE
    assert "Connect an app" in owner.get(PAGE).text


def test_an_administrator_takes_it_off_on_the_users_page(house: House, owner: Browser, app: App) -> None:
    assert "Take the second step off" in owner.get("/users/1").text
    page = owner.post("/users/1/second-step/take-off")
    assert page.url.path == "/users/1"
    assert "Take the second step off" not in page.text
    assert owner.api("GET", "/users/1").json()["second_step"] is False


def test_the_api_does_all_of_it(house: House, owner: Browser) -> None:
    off = {"is_on": False, "since": None, "codes_left": 0}
    assert owner.api("GET", "/me/second-step").json() == off
    begun = owner.api("POST", "/me/second-step", {"password": PASSWORD}).json()
    assert begun["address"].startswith("otpauth://totp/Projectionist:Vera?secret=")
    app = App(begun["secret"], house.clock)
    refused = owner.api("POST", "/me/second-step/confirm", {"code": app.wrong()})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "code")
    codes = owner.api("POST", "/me/second-step/confirm", {"code": app.code()}).json()["recovery_codes"]
    assert owner.api("GET", "/me/second-step").json()["codes_left"] == len(codes) == 10
    house.clock.forward(minutes=1)
    with house.browser() as program:
        me = {"name": NAME, "password": PASSWORD}
        asked = program.api("POST", "/sign-in", me)
        assert (asked.status_code, asked.json()["code"]) == (401, "second_step_needed")
        assert program.api("POST", "/sign-in", {**me, "code": app.wrong()}).status_code == 401
        assert program.api("GET", "/me").status_code == 401
        assert program.api("POST", "/sign-in", {**me, "code": app.code()}).json()["name"] == NAME
        assert program.api("GET", "/me").json()["name"] == NAME
    house.clock.forward(minutes=1)
    made = owner.api("POST", "/me/second-step/recovery-codes", {"password": PASSWORD}).json()
    assert set(made["recovery_codes"]) & set(codes) == set()
    assert owner.api("POST", "/me/second-step/switch-off", {"password": PASSWORD}).status_code == 204
    assert owner.api("GET", "/me/second-step").json() == off
    assert owner.api("DELETE", "/users/1/second-step").status_code == 409
