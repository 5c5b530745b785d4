"""The second step in a real browser: an app is connected, and signing in asks for its code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.features.accounts import service
from projectionist.features.accounts.sessions import COOKIE
from tests.e2e.browser import Pages, Scheme, Watched
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.features.accounts.second_factor.apps import App
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
    with served(house.app) as where:
        yield where


def check(watched: Watched) -> None:
    """Readable, and nothing beside the page."""
    page = watched.page
    assert watched.hard_to_use() == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert page.locator("h1").count() == 1, page.url


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_an_app_is_connected_asked_for_and_switched_off(
    address: str, house: House, pages: Pages, size: str, scheme: Scheme
) -> None:
    now = house.clock.now
    token = service.sign_in(house.database, NAME, PASSWORD, now=now, remember=True, address="192.0.2.7").token
    owner = pages.open(address, size=size, scheme=scheme, cookies={COOKIE: token})
    owner.expected = ("a status of 422",)
    owner.go("/account")
    check(owner)
    page = owner.page
    page.get_by_role("link", name="Second step").click()
    check(owner)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("img", name="QR code of the key below")).to_be_visible()
    check(owner)
    app = App(page.locator(".card code").inner_text().replace(" ", ""), house.clock)
    page.get_by_label("Code", exact=True).fill(app.wrong())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator("#code-error")).to_be_visible()
    check(owner)
    page.get_by_label("Code", exact=True).fill(app.code())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    check(owner)
    recovery = page.locator(".codes li").first.inner_text()

    phone = pages.open(address, size=size, scheme=scheme)
    phone.expected = ("a status of 401",)
    phone.go("/sign-in?next=/account/second-step")
    for code in (app.wrong(), recovery):
        if "/sign-in/code" not in phone.page.url:
            phone.page.get_by_label("Name").fill(NAME)
            phone.page.get_by_label("Password").fill(PASSWORD)
            phone.page.get_by_role("button", name="Sign in").click()
            expect(phone.page.locator("h1")).to_have_text("Second step")
            check(phone)
        phone.page.get_by_label("Code").fill(code)
        with phone.page.expect_navigation():
            phone.page.get_by_role("button", name="Sign in").click()
    expect(phone.page.locator("dl.details")).to_contain_text("9")
    check(phone)
    phone.page.get_by_label("Your password").fill(PASSWORD)
    phone.page.get_by_role("button", name="Switch it off").click()
    phone.page.get_by_role("button", name="Do it").click()
    expect(phone.page.get_by_role("button", name="Go on")).to_be_visible()
