"""Users in a real browser: an invitation, what a new user may do, their tokens, a new password, readable throughout."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from tests.e2e.browser import Pages, Scheme, Watched
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.passwords import ANOTHER
from tests.serving import served


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    here = tmp_path_factory.mktemp("house")
    database = Database(sqlite_url(here / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    yield House(database, here)
    database.close()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house.app) as where:
        yield where


def found(watched: Watched, house: House) -> Page:
    """The first administrator, signed in."""
    page = watched.go(house.link())
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD[:7])
    expect(page.locator("#password-strength")).to_contain_text("It still lacks: 8 characters, a digit")
    page.get_by_label("Password").fill(PASSWORD)
    expect(page.locator("#password-strength")).to_contain_text("7/7, strong.")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("h1")).not_to_have_text("Welcome")
    return page


def check(watched: Watched) -> None:
    """Readable, and nothing beside the page."""
    page = watched.page
    assert watched.hard_to_use() == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert page.locator("h1").count() == 1, page.url


def link_on(page: Page, address: str) -> str:
    """The path of the link that is shown once."""
    shown = page.locator(".notice code").inner_text()
    assert shown.startswith(address)
    return shown.removeprefix(address)


def end_the_token(owner: Watched, guest: Watched) -> None:
    """Whoever manages users ends the one that somebody made, and keeps it first."""
    row = owner.page.get_by_role("listitem").filter(has_text="The television's remote")
    for answer, left in (("Keep things as they are", 1), ("Do it", 0)):
        row.get_by_role("button", name="Revoke").click()
        owner.page.get_by_role("dialog").get_by_role("button", name=answer).click()
        expect(row).to_have_count(left)
    expect(owner.page.get_by_text("No program acts for Gran.")).to_be_visible()
    check(owner)
    guest.go("/account/tokens")
    expect(guest.page.get_by_text("The television's remote")).to_have_count(0)


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_somebody_is_invited_joins_and_gets_a_new_password(
    address: str, pages: Pages, house: House, size: str, scheme: Scheme
) -> None:
    owner = pages.open(address, size=size, scheme=scheme)
    page = found(owner, house)
    owner.go("/users")
    check(owner)
    page.get_by_label("For whom").fill("Grandmother")
    page.get_by_role("button", name="Make a link").click()
    check(owner)
    invitation = link_on(page, address)

    guest = pages.open(address, size=size, scheme=scheme)
    # this house has no Home, a link that is over is refused, and a new password ends the open page's sign-in
    guest.expected = ("a status of 404", "a status of 403", "401")
    guest.go(invitation)
    check(guest)
    guest.page.get_by_label("Name").fill("Gran")
    guest.page.get_by_label("Password").fill(ANOTHER)
    guest.page.get_by_role("button", name="Make my account").click()
    guest.go("/account/tokens")
    check(guest)
    guest.page.get_by_label("Name").fill("The television's remote")
    guest.page.get_by_role("button", name="Make the token").click()
    expect(guest.page.locator(".notice code")).to_contain_text("Authorization: Bearer projectionist_")
    check(guest)

    owner.go("/users")
    check(owner)
    page.get_by_role("link", name="Gran").click()
    check(owner)
    end_the_token(owner, guest)
    page.get_by_label("Plan and run the cache").select_option("yes")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Plan and run the cache")).to_have_value("yes")
    page.get_by_role("button", name="Link for a new password").click()
    password = link_on(page, address)
    guest.go(password)
    check(guest)
    guest.page.get_by_label("New password").fill("A third beam of 16 mm")
    guest.page.get_by_role("button", name="Change the password").click()
    expect(guest.page.locator("h1")).to_have_text("Sign in")
    guest.go(password)
    expect(guest.page.locator("h1")).to_have_text("This link opens nothing")
    check(guest)
