"""The shell in a real browser: nothing refused, nothing logged, everything reachable."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Response, expect

from projectionist.web.config import ShellSettings
from tests.e2e.browser import Pages, Scheme, wait_until
from tests.serving import served
from tests.web.house import House

PATHS = ("/", "/jobs", "/libraries", "/settings", "/sign-in", "/api/docs")
ADA = {"who": "ada"}


def is_fragment(answer: Response) -> bool:
    """Whether this is a list that a page loads anew by itself."""
    return answer.url.endswith("/jobs") and "hx-request" in answer.request.headers


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[str]:
    with served(house.app()) as where:
        yield where


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_every_page_is_readable_and_never_scrolls_sideways(
    address: str, pages: Pages, size: str, scheme: Scheme
) -> None:
    watched = pages.open(address, size=size, scheme=scheme, cookies=ADA)
    for path in PATHS:
        page = watched.go(path)
        assert watched.hard_to_use() == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.locator("h1").count() == 1, path


def test_the_keys_open_search_help_and_what_runs(address: str, pages: Pages) -> None:
    page = pages.open(address, cookies=ADA).go("/")
    page.keyboard.press("/")
    expect(page.locator("[data-search-box]")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#drawer")).to_contain_text("Previews of Films")


def test_a_page_is_walked_with_the_tab_key_from_the_skip_link_on(address: str, pages: Pages) -> None:
    page = pages.open(address, cookies=ADA).go("/")
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name"))
    assert seen[0] == "Skip to the content"
    assert {"Home", "Libraries", "Jobs", "q"} <= set(seen)


def test_a_live_event_loads_the_list_anew_and_keeps_what_was_ticked(
    address: str, pages: Pages, house: House
) -> None:
    watched = pages.open(address, cookies=ADA)
    page = watched.page
    with page.expect_response(is_fragment):  # the stream is open: the list has caught up with it
        watched.go("/jobs")
    page.locator("[data-bulk-one]").first.click()
    expect(page.locator("[data-bulk-count]")).to_have_text("1 selected")
    page.evaluate(
        "document.addEventListener('htmx:afterSwap', () => { document.body.dataset.tickedAtOnce = "
        "document.querySelectorAll('[data-bulk-one]:checked').length; })"
    )
    with page.expect_response(is_fragment) as loaded:
        house.events.publish("jobs", {"id": "j1"})
    assert loaded.value.status == 200
    expect(page.locator("body")).to_have_attribute("data-ticked-at-once", "1")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 selected")
    assert page.locator("[data-bulk-one]").first.is_checked()


def test_a_list_with_an_open_menu_waits_until_it_is_closed(address: str, pages: Pages, house: House) -> None:
    watched = pages.open(address, cookies=ADA)
    page = watched.page
    with page.expect_response(is_fragment):
        watched.go("/jobs")
    menu = page.locator("tbody details.menu").first
    menu.locator("summary").click()
    with page.expect_response(lambda answer: answer.url.endswith("/frame/ring")):
        house.events.publish("jobs", {"id": "j1"})
    expect(menu.locator(".menu-list")).to_be_visible()
    with page.expect_response(is_fragment):
        page.keyboard.press("Escape")


def test_two_tabs_share_one_event_stream(address: str, pages: Pages, house: House) -> None:
    first = pages.open(address, cookies=ADA)
    first.go("/")
    second = first.page.context.new_page()
    second.goto(f"{address}/jobs")
    with second.expect_response(lambda answer: answer.url.endswith("/frame/ring")):
        house.events.publish("alerts")
    streams = house.shell().live
    assert streams.open_streams == 1


@pytest.mark.slow
def test_a_page_whose_stream_was_refused_becomes_live_once_there_is_room(pages: Pages) -> None:
    house = House(settings=ShellSettings(version="1.2.3", event_streams=1))
    with (
        served(house.app()) as where,
        httpx2.stream("GET", f"{where}/events", cookies={"who": "ben"}) as bens,
    ):
        page = pages.open(where, cookies=ADA).go("/")
        expect(page.locator(".toast.bad")).to_be_visible()
        bens.close()
        with page.expect_event("framenavigated", timeout=100_000):
            page.evaluate("document.body.addEventListener('live:open', () => location.assign('/jobs'))")


def test_a_dangerous_act_is_asked_about_first(address: str, pages: Pages, house: House) -> None:
    watched = pages.open(address, cookies=ADA)
    page = watched.page
    with page.expect_response(is_fragment):  # the stream is open: the list has caught up with it
        watched.go("/jobs")
    page.locator("[data-bulk-one]").first.click()
    expect(page.locator("[data-bulk-one]").first).to_be_checked()
    page.locator("[data-bulk-bar] button[type=submit]").click()
    expect(page.locator("#confirm")).to_contain_text("Cancel these jobs?")
    page.get_by_role("button", name="Keep things as they are").click()
    assert house.done == []
    page.locator("[data-bulk-bar] button[type=submit]").click()
    page.get_by_role("button", name="Do it").click()
    page.wait_for_url("**/things/done")
    assert house.done == ["thing"]


def test_the_theme_that_somebody_chose_stays(address: str, pages: Pages) -> None:
    page = pages.open(address, scheme="light", cookies=ADA).go("/")
    page.locator(".person summary").click()
    page.locator("[data-theme-next]").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(236, 232, 241)"


def test_filters_live_in_the_address_and_change_the_list_in_place(address: str, pages: Pages) -> None:
    page = pages.open(address, cookies=ADA).go("/jobs")
    page.get_by_role("link", name="Failed").click()
    page.wait_for_url("**/jobs?state=failed")
    later = page.get_by_role("link", name="Later")
    expect(later).to_have_attribute("href", re.compile("state=failed"))  # the list of before is gone
    expect(page.locator("tbody tr")).to_have_count(5)
    later.click()
    page.wait_for_url("**/jobs?state=failed&offset=20")
    expect(page.locator(".paging")).to_contain_text("Page 2 of 12")


def test_without_the_server_the_offline_page_is_shown(pages: Pages) -> None:
    with served(House().app()) as where:
        watched = pages.open(where, cookies=ADA)
        watched.expected = ("Failed to load resource", "net::ERR", "htmx:")
        page = watched.go("/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        wait_until(page, "navigator.serviceWorker.controller !== null")
        page.context.set_offline(True)
        page.goto(f"{where}/jobs")
        expect(page.locator("h1")).to_have_text("Projectionist does not answer")
        kept = page.evaluate(
            "caches.keys().then((names) => caches.open(names[0])).then((cache) => cache.keys())"
            ".then((requests) => requests.map((request) => new URL(request.url).pathname))"
        )
        assert all(path == "/offline" or path.startswith("/static/") for path in kept)
