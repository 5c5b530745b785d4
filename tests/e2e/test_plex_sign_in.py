"""Signing in by Plex in a real browser, against the plex.tv of the demo house, as the whole house is put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from projectionist.app import House
from projectionist.features.accounts import service as accounts
from projectionist.features.servers import service as servers
from projectionist.opening import open_house
from projectionist.settings import load_settings
from tests.demo.houses import house_media
from tests.e2e.browser import Pages, Scheme, Watched
from tests.features.accounts.house import NAME, PASSWORD
from tests.serving import served

__all__ = ["house_media"]

pytestmark = pytest.mark.slow


@dataclass
class Opened:
    """A house with the demo's Plex server in it, served."""

    house: House
    address: str


@pytest.fixture
def opened(tmp_path: Path, house_media: Path) -> Iterator[Opened]:
    data = tmp_path / "data"
    (data / "demo-house").mkdir(parents=True)
    (data / "demo-house" / "media").symlink_to(house_media)
    settings = load_settings({}, {"data": str(data), "api_rate": "0", "page_rate": "0"})
    with open_house(settings, exclusive=True) as house:
        house.jobs.start(work=False)
        try:
            servers.add_server(house.reach, house.start_demo().server)
            with served(house.web()) as address:
                yield Opened(house, address)
        finally:
            house.jobs.close()


def check(watched: Watched) -> None:
    """Readable, and nothing beside the page."""
    assert watched.hard_to_use() == [], watched.page.url
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), watched.page.url
    assert watched.page.locator("h1").count() == 1, watched.page.url


def claim(page: Page, person: str) -> Page:
    """Open the page of plex.tv beside this one, and say there who one is."""
    with page.context.expect_page() as beside:
        page.get_by_role("link", name="Open the page of Plex").click()
    plex = beside.value
    plex.get_by_role("button", name=person).click()
    return plex


def come_in(watched: Watched, person: str) -> Page:
    page = watched.go("/sign-in")
    check(watched)
    page.get_by_role("button", name="Use your Plex account").click()
    expect(page.locator("h1")).to_have_text("Sign in with Plex")
    check(watched)
    claim(page, person)
    expect(page.locator("h1")).to_have_text("Home")
    return page


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_the_owner_founds_the_house_and_a_friend_comes_in_and_no_browser_sees_a_token(
    opened: Opened, pages: Pages, size: str, scheme: Scheme
) -> None:
    owner = pages.open(opened.address, size=size, scheme=scheme)
    sent: list[str] = []

    def heard(request: Request) -> None:
        sent.append(f"{request.url} {request.post_data or ''} {request.headers}")

    owner.page.context.on("request", heard)
    come_in(owner, "Marlene")
    demo = opened.house._demo
    assert demo is not None
    told = " ".join(sent) + str(owner.page.context.cookies())
    assert [person.name for person in demo.state.people if person.token in told] == []
    page = owner.go("/account")
    check(owner)
    expect(page.locator("main")).to_contain_text("Plex: Marlene")
    expect(page.locator("main")).to_contain_text("Administrator")

    friend = pages.open(opened.address, size=size, scheme=scheme)
    come_in(friend, "Farouk")
    expect(friend.go("/account").locator("main")).to_contain_text("Plex: Farouk")
    check(friend)


def test_who_has_an_account_links_plex_and_comes_in_by_it(opened: Opened, pages: Pages) -> None:
    accounts.found(opened.house.database, NAME, PASSWORD, now=opened.house.clock.now)
    watched = pages.open(opened.address)
    page = watched.go("/sign-in?next=/account")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    linking = page.locator("form", has=page.get_by_role("button", name="Link a Plex account"))
    linking.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Link a Plex account").click()
    expect(page.locator("h1")).to_have_text("Link your Plex account")
    check(watched)
    claim(page, "Otto")
    expect(page.locator("h1")).not_to_have_text("Link your Plex account")
    expect(watched.go("/account").locator("main")).to_contain_text("Plex: Otto")
    other = pages.open(opened.address)
    come_in(other, "Otto")
    expect(other.go("/account").locator("main")).to_contain_text(NAME)


def test_a_page_that_is_left_asks_plex_no_more(opened: Opened, pages: Pages) -> None:
    watched = pages.open(opened.address)
    page = watched.go("/sign-in")
    page.get_by_role("button", name="Use your Plex account").click()
    with page.expect_response(lambda answer: answer.url.endswith("/sign-in/plex/look")):
        pass
    page.get_by_role("link", name="Leave it").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5_000)
    assert [url for url in asked if "look" in url] == []
