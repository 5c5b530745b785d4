from __future__ import annotations

import re

import pytest

from tests.features.accounts.house import NAME, PASSWORD, Browser, House
from tests.features.accounts.opened import house, owner
from tests.passwords import ANOTHER

__all__ = ["house", "owner"]


def sign_in(browser: Browser, **more: str) -> None:
    asked = {"name": NAME, "password": PASSWORD} | more
    assert browser.post("/sign-in", follow=False, **asked).status_code == 303


def cookie_of(answer: object) -> str:
    cookies: list[str] = answer.headers.get_list("set-cookie")  # type: ignore[attr-defined]
    return next(one for one in cookies if one.startswith("projectionist_session="))


def test_a_page_asks_to_sign_in_and_leads_back(house: House, owner: Browser) -> None:
    with house.browser() as other:
        asked = other.get("/jobs?state=failed")
        assert asked.url.path == "/sign-in"
        answer = other.post("/sign-in", follow=False, name=NAME, password=PASSWORD, next="/jobs?state=failed")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/jobs?state=failed"


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_site(house: House, owner: Browser, elsewhere: str) -> None:
    with house.browser() as other:
        answer = other.post("/sign-in", follow=False, name=NAME, password=PASSWORD, next=elsewhere)
        location = answer.headers["location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert "javascript" not in location


def test_the_session_cookie_is_out_of_reach_and_ends_with_the_browser(house: House, owner: Browser) -> None:
    with house.browser() as other:
        cookie = cookie_of(other.post("/sign-in", follow=False, name=NAME, password=PASSWORD)).lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "max-age" not in cookie
        assert "secure" not in cookie


def test_a_remembered_session_stays_thirty_days(house: House, owner: Browser) -> None:
    with house.browser() as other:
        answer = other.post("/sign-in", follow=False, name=NAME, password=PASSWORD, remember="true")
        assert f"max-age={30 * 24 * 3600}" in cookie_of(answer).lower()


def test_a_wrong_password_is_told_in_words_and_never_repeated(house: House, owner: Browser) -> None:
    with house.browser() as other:
        answer = other.post("/sign-in", name=NAME, password="not the password")
        assert answer.status_code == 401
        assert "do not belong together" in answer.text
        assert NAME in answer.text
        assert "not the password" not in answer.text


def test_after_three_wrong_passwords_for_one_name_one_waits(house: House, owner: Browser) -> None:
    with house.browser() as other:
        for _ in range(3):
            assert other.post("/sign-in", name=NAME, password="wrong wrong").status_code == 401
        answer = other.post("/sign-in", name=NAME, password=PASSWORD)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("3", "0")
        assert "Too many attempts" in answer.text


def test_a_form_of_another_site_signs_nobody_in(house: House, owner: Browser) -> None:
    with house.browser() as other:
        form = {"name": NAME, "password": PASSWORD}
        assert other.ask("POST", "/sign-in", data=form, follow_redirects=False).status_code == 403


def test_signing_out_ends_the_session_on_the_server_too(house: House, owner: Browser) -> None:
    kept = owner.cookies["projectionist_session"]
    assert owner.post("/sign-out").url.path == "/sign-in"
    owner.cookies["projectionist_session"] = kept
    assert owner.get("/account").url.path == "/sign-in"


def test_signing_in_again_ends_the_session_before(house: House, owner: Browser) -> None:
    before = owner.cookies["projectionist_session"]
    sign_in(owner)
    assert owner.cookies["projectionist_session"] != before
    house.clock.forward(seconds=3)
    with house.browser() as thief:
        thief.cookies["projectionist_session"] = before
        assert thief.get("/account").url.path == "/sign-in"


def test_another_browser_is_signed_out_from_the_account_page(house: House, owner: Browser) -> None:
    with house.browser() as phone:
        phone.headers["user-agent"] = "A phone"
        sign_in(phone)
        page = owner.get("/account")
        assert "A phone" in page.text
        action = page.text.partition("/account/sign-ins/")[2].partition('"')[0]
        assert owner.post(f"/account/sign-ins/{action}").status_code == 200
        house.clock.forward(seconds=3)
        assert phone.get("/account").url.path == "/sign-in"
        assert owner.get("/account").url.path == "/account"


def test_a_changed_password_signs_out_everywhere(house: House, owner: Browser) -> None:
    with house.browser() as phone:
        sign_in(phone)
        answer = owner.post("/account/password", current=PASSWORD, password=ANOTHER)
        assert answer.url.path == "/sign-in"
        house.clock.forward(seconds=3)
        assert phone.get("/account").url.path == "/sign-in"
        sign_in(phone, password=ANOTHER)


def test_times_are_shown_in_the_zone_that_somebody_chose(house: House, owner: Browser) -> None:
    assert "data-time-zone" not in owner.get("/account").text
    page = owner.post("/account/preferences", time_zone="Pacific/Auckland")
    assert page.url.path == "/account"
    assert 'data-time-zone="Pacific/Auckland"' in page.text
    assert re.search(r'<time datetime="[^"]+" title="[^"]+ NZ[DS]T"', page.text)
    assert "data-time-zone" not in owner.post("/account/preferences", time_zone="").text


def test_a_time_zone_that_there_is_not_is_refused_beside_its_field(house: House, owner: Browser) -> None:
    answer = owner.post("/account/preferences", time_zone="Moon/Tycho")
    assert answer.status_code == 422
    assert 'id="time_zone-error"' in answer.text


def test_the_api_changes_the_time_zone_of_who_asks(house: House, owner: Browser) -> None:
    with house.browser() as program:
        program.api("POST", "/sign-in", {"name": NAME, "password": PASSWORD})
        assert (
            program.api("PATCH", "/me", {"time_zone": "Europe/Vienna"}).json()["time_zone"] == "Europe/Vienna"
        )
        assert program.api("GET", "/me").json()["time_zone"] == "Europe/Vienna"
        refused = program.api("PATCH", "/me", {"time_zone": "../etc/passwd"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "time_zone")
        assert program.api("GET", "/me").json()["time_zone"] == "Europe/Vienna"


def test_every_page_leads_to_ones_account(house: House, owner: Browser) -> None:
    page = owner.get("/jobs").text
    assert '<a class="rail-person" href="/account"' in page
    assert '<a class="menu-item" href="/account"' in page


def test_a_short_new_password_is_refused_beside_its_field(house: House, owner: Browser) -> None:
    answer = owner.post("/account/password", current=PASSWORD, password="short")
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.text


def test_the_api_signs_in_and_tells_who_one_is(house: House, owner: Browser) -> None:
    with house.browser() as program:
        answer = program.api("POST", "/sign-in", {"name": NAME, "password": PASSWORD})
        assert answer.status_code == 200
        me = program.api("GET", "/me").json()
        assert (me["name"], me["role"]) == (NAME, "administrator")
        assert "manage_servers" in me["permissions"]
        assert [one["is_this"] for one in program.api("GET", "/me/sign-ins").json()["items"]].count(True) == 1
        assert program.api("POST", "/sign-out").status_code == 204
        assert program.api("GET", "/me").status_code == 401


def test_the_api_tells_a_wrong_password_as_a_problem(house: House, owner: Browser) -> None:
    with house.browser() as program:
        answer = program.api("POST", "/sign-in", {"name": "nobody", "password": "wrong wrong"})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "sign_in_needed"


def test_below_a_base_path_cookie_and_redirects_stay_there(house: House) -> None:
    house.base_path = "/cinema"
    link = house.link()
    with house.browser() as browser:
        browser.get(f"/cinema{link}")
        answer = browser.post("/cinema/setup/administrator", follow=False, name=NAME, password=PASSWORD)
        assert answer.headers["location"] == "/cinema/setup"
        assert "path=/cinema" in cookie_of(answer).lower()
