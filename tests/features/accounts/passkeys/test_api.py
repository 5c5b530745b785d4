from __future__ import annotations

from typing import Any

import pytest

from tests.features.accounts.house import NAME, PASSWORD, Browser, House
from tests.features.accounts.opened import house, owner
from tests.features.accounts.passkeys.authenticators import Authenticator
from tests.features.accounts.second_factor.apps import App

__all__ = ["house", "owner"]


def fields(told: object) -> dict[str, Any]:
    return {name: getattr(told, name) for name in told.__dataclass_fields__}  # type: ignore[attr-defined]


@pytest.fixture
def phone(owner: Browser) -> Authenticator:
    made = Authenticator()
    asked = owner.api("POST", "/me/passkeys/question", {"password": PASSWORD}).json()
    assert (asked["host"], asked["name"], asked["algorithms"]) == ("127.0.0.1", NAME, [-7, -8, -257])
    answer = owner.api("POST", "/me/passkeys", fields(made.made(asked["challenge"])))
    assert answer.status_code == 201
    return made


def sign_in(browser: Browser, phone: Authenticator, **more: Any) -> Any:
    asked = browser.api("POST", "/sign-in/passkey/question").json()
    return browser.api("POST", "/sign-in/passkey", {**fields(phone.used(asked["challenge"])), **more})


def test_a_passkey_signs_in_and_its_session_is_a_new_one(
    house: House, owner: Browser, phone: Authenticator
) -> None:
    before = owner.cookies["projectionist_session"]
    answer = sign_in(owner, phone, remember=True)
    assert (answer.status_code, answer.json()["name"]) == (200, NAME)
    cookies = [one.lower() for one in answer.headers.get_list("set-cookie") if "projectionist_session" in one]
    assert "httponly" in cookies[0]
    assert "max-age=2592000" in cookies[0]
    assert owner.cookies["projectionist_session"] != before
    house.clock.forward(seconds=3)
    with house.browser() as thief:
        thief.cookies["projectionist_session"] = before
        assert thief.get("/account").url.path == "/sign-in"


def test_a_passkey_answers_in_place_of_the_code(house: House, owner: Browser, phone: Authenticator) -> None:
    begun = owner.api("POST", "/me/second-step", {"password": PASSWORD}).json()
    owner.api("POST", "/me/second-step/confirm", {"code": App(begun["secret"], house.clock).code()})
    with house.browser() as stranger:
        assert "Use a passkey" in stranger.get("/sign-in").text
        asked = stranger.post("/sign-in", name=NAME, password=PASSWORD)
        assert asked.url.path == "/sign-in/code"
        assert "Use a passkey" in asked.text
        assert sign_in(stranger, phone).status_code == 200
        assert stranger.get("/account").url.path == "/account"
        assert "projectionist_step" not in stranger.cookies


def test_a_wrong_answer_is_a_problem(house: House, phone: Authenticator) -> None:
    with house.browser() as stranger:
        answer = sign_in(stranger, phone, signature="AAAA")
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")
        assert "projectionist_session" not in stranger.cookies


def test_passkeys_are_listed_and_revoked_by_page_and_program(
    house: House, owner: Browser, phone: Authenticator
) -> None:
    assert "A phone" in owner.get("/account/passkeys").text
    [listed] = owner.api("GET", "/me/passkeys").json()["items"]
    assert (listed["name"], listed["used_at"]) == ("A phone", None)
    assert owner.api("GET", "/users/1").json()["passkeys"] == 1
    page = owner.post(f"/account/passkeys/{listed['id']}/revoke")
    assert page.url.path == "/account/passkeys"
    assert "A phone" not in page.text
    assert owner.api("DELETE", f"/me/passkeys/{listed['id']}").status_code == 404


def test_an_administrator_revokes_all_on_the_users_page(
    house: House, owner: Browser, phone: Authenticator
) -> None:
    assert "Revoke all passkeys" in owner.get("/users/1").text
    assert "Revoke all passkeys" not in owner.post("/users/1/passkeys/revoke").text
    with house.browser() as stranger:
        assert sign_in(stranger, phone).status_code == 401


def test_a_program_takes_no_passkey_away(house: House, owner: Browser, phone: Authenticator) -> None:
    order = {"name": "A script", "scopes": ["view"], "days": 7}
    shown = owner.api("POST", "/me/tokens", order).json()["shown"]
    number = owner.api("GET", "/me/passkeys").json()["items"][0]["id"]
    with house.browser() as program:
        program.headers["authorization"] = f"Bearer {shown}"
        assert program.api("DELETE", f"/me/passkeys/{number}").status_code == 403
        assert program.post(f"/account/passkeys/{number}/revoke", follow=False).status_code == 403
        assert owner.api("GET", "/me/passkeys").json()["total"] == 1
        assert program.api("POST", "/me/passkeys/question", {"password": "guessed"}).status_code == 422
