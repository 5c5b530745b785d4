"""The pages of signing in by a provider, against a real one on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.sessions import COOKIE, HANDSHAKE_COOKIE
from projectionist.features.accounts.ways.oidc import OidcWay
from projectionist.integrations.oidc.provider import Client, OidcProvider
from tests.features.accounts.house import NAME, PASSWORD, Browser, House, words
from tests.features.accounts.opened import house as bare_house
from tests.integrations.oidc_provider import CLIENT, SECRET, Provider, back_with

__all__ = ["bare_house"]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(groups=["family"]) as opened:
        yield opened


@pytest.fixture
def house(bare_house: House, provider: Provider) -> House:
    def connect() -> OidcProvider:
        return OidcProvider(Client(provider.url, CLIENT, SECRET))

    bare_house.oidc_way = OidcWay(
        bare_house.database,
        bare_house.reach.vault,
        bare_house.clock.now,
        "the club",
        ("family=user",),
        connect,
    )
    accounts.found(bare_house.database, NAME, PASSWORD, now=bare_house.clock.now)
    return bare_house


@pytest.fixture
def browser(house: House) -> Iterator[Browser]:
    with house.browser() as opened:
        yield opened


def link_of(page: Any) -> str:
    found = re.search(r'href="(http://127\.0\.0\.1:\d+/authorize[^"]*)"', page.text)
    assert found is not None, words(page.text)
    return unescape(found[1])


def test_somebody_signs_in_there_and_goes_on_to_the_page_they_wanted(
    browser: Browser, provider: Provider
) -> None:
    assert "Use the club" in browser.get("/sign-in").text
    page = browser.post("/sign-in/oidc", next="/account")
    link = link_of(page)
    assert page.headers["refresh"] == f"0; url={link}"
    assert SECRET not in page.text
    there = browser.get(f"/sign-in/oidc/back?{back_with(provider.agree(link))}", follow=False)
    assert (there.status_code, there.headers["location"]) == (303, "/account")
    assert HANDSHAKE_COOKIE not in browser.cookies
    assert "Lotte" in words(browser.get("/account").text)
    assert "the club: Lotte" in words(browser.get("/account").text)


def test_an_answer_that_another_browser_began_signs_nobody_in(
    house: House, browser: Browser, provider: Provider
) -> None:
    told = back_with(provider.agree(link_of(browser.post("/sign-in/oidc"))))
    handshake = browser.cookies.pop(HANDSHAKE_COOKIE)
    stray = browser.get(f"/sign-in/oidc/back?{told}")
    assert stray.status_code == 404
    assert COOKIE not in browser.cookies
    browser.post("/sign-in/oidc")
    mixed = browser.get(f"/sign-in/oidc/back?{told}")
    assert mixed.status_code == 403
    assert COOKIE not in browser.cookies
    browser.cookies[HANDSHAKE_COOKIE] = handshake
    assert browser.get(f"/sign-in/oidc/back?{told}", follow=False).status_code == 303


def test_what_goes_wrong_there_is_said_here(browser: Browser, provider: Provider) -> None:
    provider.groups = ["neighbours"]
    link = link_of(browser.post("/sign-in/oidc"))
    refused = browser.get(f"/sign-in/oidc/back?{back_with(provider.agree(link))}")
    assert refused.status_code == 403
    assert "None of your groups lets you in" in words(refused.text)
    provider.claims = {"nonce": "another"}
    link = link_of(browser.post("/sign-in/oidc"))
    wrong = browser.get(f"/sign-in/oidc/back?{back_with(provider.agree(link))}")
    assert wrong.status_code == 502
    assert "answers another request" in words(wrong.text)
    provider.document = {"issuer": "https://evil.example"}
    away = browser.post("/sign-in/oidc")
    assert away.status_code == 502
    assert "refresh" not in away.headers


def test_ones_own_account_is_linked_and_a_program_is_told_where_to(
    browser: Browser, provider: Provider
) -> None:
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    for refused in (
        browser.post("/account/identities/oidc", link_password="Not hers at all, 1"),
        browser.api("POST", "/me/identities/oidc", {}),
    ):
        assert refused.status_code == 422
    link = link_of(browser.post("/account/identities/oidc", link_password=PASSWORD))
    there = browser.get(f"/sign-in/oidc/back?{back_with(provider.agree(link))}", follow=False)
    assert there.headers["location"] == "/account"
    assert "the club: Lotte" in words(browser.get("/account").text)
    begun = browser.api("POST", "/sign-in/oidc", {})
    assert begun.status_code == 201
    assert begun.json()["link"].startswith(f"{provider.url}/authorize?")
