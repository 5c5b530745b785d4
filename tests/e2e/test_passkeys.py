"""Passkeys in a real browser, over an authenticator that the browser simulates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.features.accounts import passwords, service
from projectionist.features.accounts.sessions import COOKIE
from tests.e2e.browser import Pages, Scheme, Watched
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.serving import served


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    opened = House(database, tmp_path)
    service.found(database, NAME, PASSWORD, now=opened.clock.now)
    yield opened
    database.close()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """By a name: browsers take no passkey for a numbered address."""
    with served(house.app) as where:
        yield where.replace("127.0.0.1", "localhost")


def authenticator(page: Page, *, verified: bool = True) -> tuple[CDPSession, str]:
    """A simulated one, of this very computer, that says who is there has been checked, or has not."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


def forget(page: Page) -> None:
    """Take the cookies away, while no page is open that would ask for something without them."""
    page.goto("about:blank")
    page.context.clear_cookies()


def check(watched: Watched) -> None:
    page = watched.page
    assert watched.hard_to_use() == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_a_passkey_is_made_signs_in_and_is_revoked(
    address: str, house: House, pages: Pages, size: str, scheme: Scheme
) -> None:
    now = house.clock.now
    token = service.sign_in(
        house.database, NAME, PASSWORD, now=now, remember=False, address="192.0.2.7"
    ).token
    watched = pages.open(address, size=size, scheme=scheme, cookies={COOKIE: token})
    watched.expected = ("a status of 422", "a status of 401", "a status of 404")
    page = watched.page
    session, device = authenticator(page)
    watched.go("/account/passkeys")
    check(watched)
    page.get_by_label("Name").fill("This computer")
    page.get_by_label("Your password").fill("not the password")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("alert").filter(has_text="That is not your password")).to_be_visible()
    check(watched)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("cell", name="This computer")).to_be_visible()
    check(watched)
    held = session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    assert [(one["rpId"], one["isResidentCredential"]) for one in held] == [("localhost", True)]

    forget(page)
    watched.go("/sign-in?next=/account/passkeys")
    check(watched)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("cell", name="This computer")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("cell", name="This computer")).to_have_count(0)

    forget(page)
    watched.go("/sign-in")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert").filter(has_text="is not known here")).to_be_visible()
    check(watched)


def test_a_browser_that_checks_nobody_lets_nobody_in(address: str, house: House, pages: Pages) -> None:
    watched = pages.open(address)
    authenticator(watched.page, verified=False)
    watched.go("/sign-in")
    watched.page.get_by_role("button", name="Use a passkey").click()
    expect(watched.page.get_by_role("alert").filter(has_text="No passkey was used")).to_be_visible()


def test_how_strong_a_password_is_shows_while_it_is_typed(address: str, house: House, pages: Pages) -> None:
    token = service.sign_in(
        house.database, NAME, PASSWORD, now=house.clock.now, remember=False, address="192.0.2.7"
    ).token
    watched = pages.open(address, cookies={COOKIE: token})
    page = watched.go("/account")
    shown = page.locator("#password-strength")
    expect(shown).to_be_hidden()
    for password, said in (
        ("abc", "1/7, weak. It still lacks: 8 characters, a capital letter, a digit, a space or a sign."),
        ("Abcdefg1", "4/7, fair. It still lacks: a space or a sign."),
        ("Abcdefghij1!", "6/7, good."),
        (PASSWORD, "7/7, strong."),
        ("Ünïcödé 七", "4/7, fair. It still lacks: a digit."),
    ):
        page.get_by_label("New password").fill(password)
        expect(shown.locator("span")).to_have_text(said)
        assert page.evaluate("document.querySelector('#password-strength meter').value") == int(said[0])
        assert passwords.strength(password) == int(said[0])
        assert watched.hard_to_use() == []
