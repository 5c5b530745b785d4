"""A page that is left open: it warns in time, one click keeps it, and afterwards it says that it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.features.accounts import service
from projectionist.features.accounts.sessions import COOKIE, hash_of
from projectionist.features.audit_log.service import Act, note
from tests.e2e.browser import Pages, Scheme
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.serving import served

ACCOUNT = "/account"


@dataclass
class Left:
    """A page in a browser, left open; time passes there and in the house together."""

    page: Page
    house: House
    token: str

    def forward(self, minutes: float) -> None:
        self.house.clock.forward(minutes=minutes)
        self.page.clock.fast_forward(int(minutes * 60_000))

    def is_signed_in(self) -> bool:
        known = service.known(
            self.house.database, hash_of(self.token), now=self.house.clock.now, active=False
        )
        return known is not None


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    yield House(database, tmp_path)
    database.close()


@pytest.fixture
def left(house: House, pages: Pages) -> Iterator[Left]:
    now = house.clock.now
    service.found(house.database, NAME, PASSWORD, now=now)
    token = service.sign_in(
        house.database, NAME, PASSWORD, now=now, remember=False, address="127.0.0.1"
    ).token
    with served(house.app) as address:
        watched = pages.open(address, cookies={COOKIE: token})
        watched.expected = ("401",)
        watched.page.clock.install(time=house.clock.moment)
        yield Left(watched.go(ACCOUNT), house, token)
        watched.page.context.close()  # before the service goes: a page asks on


def test_in_the_last_ten_minutes_it_warns_and_one_click_keeps_it(left: Left) -> None:
    card = left.page.locator("#leaving .leaving-card")
    left.forward(69)
    expect(card).to_be_hidden()
    left.forward(2)
    expect(card).to_contain_text("you will be signed out at")
    with left.page.expect_response(lambda answer: answer.request.method == "POST") as stayed:
        left.page.get_by_role("button", name="Stay signed in").click()
    assert stayed.value.json() == {"left_s": 80 * 60, "warned_s": 10 * 60}
    expect(card).to_be_hidden()
    left.forward(69)
    assert left.is_signed_in()
    expect(card).to_be_hidden()
    left.forward(2)
    expect(card).to_be_visible()


def test_afterwards_it_says_so_and_leads_back_to_the_page(left: Left) -> None:
    left.forward(81)
    expect(left.page.locator("#leaving")).to_contain_text("You were signed out")
    left.page.get_by_role("link", name="Sign in").click()
    left.page.get_by_label("Name").fill(NAME)
    left.page.get_by_label("Password").fill(PASSWORD)
    left.page.get_by_role("button", name="Sign in").click()
    left.page.wait_for_url(f"**{ACCOUNT}")


def test_what_another_page_does_takes_the_warning_away(left: Left) -> None:
    card = left.page.locator("#leaving .leaving-card")
    left.forward(71)
    expect(card).to_be_visible()
    other = left.page.context.new_page()
    other.goto(left.page.url)
    left.forward(1)
    expect(card).to_be_hidden()


def test_a_page_that_only_stays_open_keeps_nobody_signed_in(left: Left) -> None:
    for _ in range(8):
        left.forward(9)
        with left.page.expect_response("**/frame/ring"):
            left.page.evaluate("document.body.dispatchEvent(new CustomEvent('live:jobs'))")
        with left.page.expect_response("**/frame/ring"):
            left.page.evaluate("htmx.ajax('GET', '/frame/ring', '#frame-ring')")
    assert left.is_signed_in()
    left.forward(9)
    expect(left.page.locator("#leaving")).to_contain_text("You were signed out")
    assert not left.is_signed_in()


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_the_account_and_the_audit_log_are_readable_and_never_scroll_sideways(
    house: House, pages: Pages, size: str, scheme: Scheme
) -> None:
    now = house.clock.now
    service.found(house.database, NAME, PASSWORD, now=now)
    tokens = [
        service.sign_in(house.database, NAME, PASSWORD, now=now, remember=False, address=address).token
        for address in ("192.0.2.7", "2001:db8::1:2:3:4:5")
    ]
    note(
        house.database, Act.SERVER_CHANGED, "x" * 10_000, before={"a": "y" * 10_000}, after={"a": "\u202e\0"}
    )
    with served(house.app) as address, closing(pages):
        watched = pages.open(address, size=size, scheme=scheme, cookies={COOKIE: tokens[0]})
        page = watched.page
        page.clock.install(time=now())
        for path in (ACCOUNT, "/audit-log", "/audit-log?act=signed+in", "/audit-log/verification"):
            watched.go(path)
            assert watched.hard_to_use() == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert page.locator("h1").count() == 1, path
        assert page.locator("a.back").inner_text() == "Audit log"
        house.clock.forward(minutes=71)
        page.clock.fast_forward(71 * 60_000)
        expect(page.locator("#leaving .leaving-card")).to_be_visible()
        assert watched.hard_to_use() == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
