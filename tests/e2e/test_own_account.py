"""One's own address and a forgotten password in a real browser, with mails from a real SMTP server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from tests.e2e.browser import Pages, Scheme
from tests.e2e.test_users import check, found
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.features.accounts.users.post import Post, postbox, settings_of
from tests.passwords import ANOTHER
from tests.postbox import Postbox
from tests.serving import served

__all__ = ["postbox"]

ADDRESS = "vera@example.org"


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, postbox: Postbox) -> Iterator[House]:
    here = tmp_path_factory.mktemp("house")
    database = Database(sqlite_url(here / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    yield House(database, here, mail=settings_of(postbox))
    database.close()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house.app) as where:
        yield where


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_somebody_proves_an_address_and_gets_in_again_by_it(
    address: str, pages: Pages, house: House, postbox: Postbox, size: str, scheme: Scheme
) -> None:
    post = Post(house.mailroom, house.jobs, postbox)
    owner = pages.open(address, size=size, scheme=scheme)
    # a link that is over is refused, and so is who is signed in still once the password is a new one
    owner.expected = ("a status of 403", "a status of 401")
    page = found(owner, house)
    owner.go("/account")
    check(owner)
    page.get_by_role("link", name="Change", exact=True).click()
    expect(page.locator("h1")).to_have_text("Name, address and data")
    check(owner)
    page.get_by_role("textbox", name="Your address").fill(ADDRESS)
    page.locator("#current").fill(PASSWORD)
    page.get_by_role("button", name="Change the address").click()
    expect(page.locator(".notice")).to_contain_text(f"A mail with a link is on its way to {ADDRESS}")
    check(owner)
    link = post.one().link
    owner.go(link)
    check(owner)
    page.get_by_role("button", name="Yes, it is mine").click()
    expect(page.locator(".notice")).to_contain_text(f"{ADDRESS} is the address of {NAME} now")
    check(owner)
    owner.go(link)
    expect(page.locator("h1")).to_have_text("This link opens nothing")

    guest = pages.open(address, size=size, scheme=scheme)
    guest.expected = ("a status of 404",)  # this house has no Home
    guest.go("/sign-in")
    guest.page.get_by_role("link", name="Forgot your password?").click()
    expect(guest.page.locator("h1")).to_have_text("Forgotten password")
    check(guest)
    guest.page.get_by_role("textbox", name="E-mail").fill(ADDRESS)
    guest.page.get_by_role("button", name="Send the link").click()
    expect(guest.page.locator(".notice")).to_contain_text("is on its way")
    check(guest)
    guest.go(post.one().link)
    guest.page.get_by_label("New password").fill(ANOTHER)
    guest.page.get_by_role("button", name="Change the password").click()
    expect(guest.page.locator("h1")).to_have_text("Sign in")
    check(guest)
    guest.page.get_by_label("Name or e-mail").fill(ADDRESS)
    guest.page.get_by_label("Password").fill(ANOTHER)
    guest.page.get_by_role("button", name="Sign in").click()
    guest.go("/account")
    expect(guest.page.locator("main")).to_contain_text(ADDRESS)
