"""The whole house in a browser: a newcomer sets it up, and then looks at and uses every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect

from tests.demo.houses import house_media
from tests.e2e import service
from tests.e2e.browser import Pages, Scheme, Watched
from tests.e2e.proxy import proxied
from tests.e2e.service import Service

__all__ = ["house_media"]

pytestmark = pytest.mark.slow

PLACES = (
    "/",
    "/libraries",
    "/libraries/1",
    "/previews",
    "/previews/settings",
    "/previews/view",
    "/previews/libraries/1",
    "/jobs",
    "/jobs/schedules",
    "/servers",
    "/servers/1",
    "/servers/new",
    "/settings",
    "/system",
    "/alerts",
    "/announcements",
    "/about",
    "/account",
    "/account/profile",
    "/mail",
    "/audit-log",
    "/audit-log/verification",
    "/search?q=quiet",
    "/search?q=zzzz",
    "/api/docs",
)
WIDTHS = (360, 768, 1280)
Cookies = list[dict[str, Any]]


class Home:
    """A service that was set up, the cookies of its administrator, and the page of one of its films."""

    def __init__(self, running: Service, cookies: Cookies, film: str) -> None:
        self.running = running
        self.film = film
        self.cookies = cookies

    @property
    def address(self) -> str:
        """Where it is, without a slash at the end."""
        return self.running.address

    def open(self, pages: Pages, **options: Any) -> Watched:
        """A page of a browser in which the administrator is signed in."""
        state = {"cookies": self.cookies, "origins": []}
        return pages.open(self.running.address, storage_state=state, **options)


def cookies_of(context: BrowserContext) -> Cookies:
    return [dict(one) for one in context.cookies()]


def film_of(page: Page, address: str) -> str:
    """The path of the page of a film."""
    page.goto(f"{address}/search?q=quiet projector")
    poster = page.locator("a.poster", has_text="The Quiet Projector").first
    return "/items/" + (poster.get_attribute("href") or "").rpartition("/")[2]


def order_again(page: Page, address: str, film: str) -> None:
    """Ask for the preview of a film once more."""
    page.goto(f"{address}{film}")
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("Make (again|now)")).first.click()


@pytest.fixture(scope="module")
def home(browser: Browser, house_media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """What a newcomer has after the setup; every page on the way there is looked at too."""
    with service.running(tmp_path_factory.mktemp("home") / "data", media=house_media) as running:
        pages = Pages(browser)
        watched = pages.open(running.address)
        page = watched.page
        page.goto(running.setup_link)
        assert watched.hard_to_use() == []
        service.become_administrator(page)
        expect(page.get_by_role("button", name="Try the demo house")).to_be_visible()
        assert watched.hard_to_use() == []
        service.choose_the_demo_house(page)
        service.wait_for_previews(page, running.address)
        cookies = cookies_of(page.context)
        film = film_of(page, running.address)
        pages.close()
        yield Home(running, cookies, film)
        assert running.stop() == 0


def listen_for_failures(page: Page) -> list[str]:
    """What this page asks for and does not get, from now on; a stream that ends with its page is none."""
    failed: list[str] = []

    def ended(request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):
            failed.append(f"{request.failure} {request.url}")

    def answered(answer: Response) -> None:
        if answer.status >= 400:
            failed.append(f"{answer.status} {answer.url}")

    page.on("requestfailed", ended)
    page.on("response", answered)
    return failed


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_page_is_clean_and_fits_from_phone_to_wide(home: Home, pages: Pages, scheme: Scheme) -> None:
    watched = home.open(pages, scheme=scheme)
    page = watched.page
    failed = listen_for_failures(page)
    wrong: list[str] = []
    for place in (*PLACES, home.film):
        page.set_viewport_size({"width": WIDTHS[-1], "height": 800})
        watched.go(place)
        expect(page.locator("h1")).to_have_count(1)
        wrong += [f"{place}: {found}" for found in watched.hard_to_use()]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                wrong.append(f"{place} is {wide} wide on a screen of {width}")
    assert (wrong, failed) == ([], [])


def test_search_finds_a_film_while_it_is_typed_and_in_spite_of_a_slip(home: Home, pages: Pages) -> None:
    page = home.open(pages).go("/")
    page.keyboard.press("/")
    page.keyboard.type("queit proj", delay=20)
    found = page.locator("#suggestions a").first
    expect(found).to_contain_text("The Quiet Projector")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("The Quiet Projector")


def test_a_poster_shows_the_pictures_of_its_film_under_the_pointer(home: Home, pages: Pages) -> None:
    page = home.open(pages).go("/libraries/1")
    card = page.locator("a.poster[data-frames]").first
    box = card.bounding_box()
    assert box is not None
    frame = card.locator(".poster-frame")
    shown: list[str] = []
    for share in (0.1, 0.9):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + 60)
        expect(frame).to_be_visible()
        expect(frame).not_to_have_attribute("src", shown[-1] if shown else "")
        shown.append(frame.get_attribute("src") or "")
    assert len(set(shown)) == 2
    page.mouse.move(0, 0)
    expect(frame).to_have_count(0)


def test_the_filmstrip_is_walked_with_the_arrow_keys(home: Home, pages: Pages) -> None:
    page = home.open(pages).go(home.film)
    expect(page.locator("[data-filmstrip-said]")).to_be_empty()
    picture, time = page.locator("[data-filmstrip-picture]"), page.locator("[data-filmstrip-time]")
    before = picture.get_attribute("src") or ""
    expect(time).to_have_text("0:00")
    page.locator("[data-filmstrip-range]").focus()
    page.keyboard.press("ArrowRight")
    expect(time).to_have_text("0:10")
    expect(picture).not_to_have_attribute("src", before)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


def test_what_a_job_does_is_seen_without_loading_the_page_anew(home: Home, pages: Pages) -> None:
    page = home.open(pages).go("/jobs")
    queue = page.locator("#queues .queue", has_text="Making previews")
    queue.get_by_role("button", name="Pause").click()
    expect(queue.get_by_role("button", name="Resume")).to_be_visible()
    page.evaluate("window.stayed = true")
    other = page.context.new_page()
    order_again(other, home.address, home.film)
    job = page.locator("#jobs tbody tr", has_text="The Quiet Projector").first
    expect(job).to_contain_text("queued")
    other.goto(f"{home.address}/jobs")
    other.locator("#queues").get_by_role("button", name="Resume").click()
    expect(job).to_contain_text("done")
    expect(queue).to_contain_text("idle")
    expect(queue).not_to_contain_text("queued")
    assert page.evaluate("window.stayed") is True


def test_a_job_that_waits_is_cancelled_from_its_row(home: Home, pages: Pages) -> None:
    page = home.open(pages).go("/jobs")
    page.locator("#queues .queue", has_text="Making previews").get_by_role("button", name="Pause").click()
    expect(page.locator("#queues").get_by_role("button", name="Resume")).to_be_visible()
    order_again(page.context.new_page(), home.address, home.film)
    job = page.locator("#jobs tbody tr", has_text="The Quiet Projector").first
    expect(job).to_contain_text("queued")
    job.locator("summary").click()
    job.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Do it").click()
    expect(job).to_contain_text("cancelled")
    page.locator("#queues").get_by_role("button", name="Resume").click()
    expect(page.locator("#queues").get_by_role("button", name="Resume")).to_have_count(0)


def test_signing_out_ends_the_stream_and_closes_the_pages(home: Home, pages: Pages) -> None:
    watched = pages.open(home.address)
    page = watched.go("/sign-in")
    page.get_by_label("Name").fill(service.NAME)
    page.get_by_label("Password").fill(service.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Home")
    cookies = cookies_of(page.context)
    bystander = pages.open(home.address, storage_state={"cookies": cookies, "origins": []})
    bystander.expected = ("401", "Failed to load resource")
    bystander.go("/about")
    bystander.page.evaluate(
        "() => new Promise((opened) => { window.ended = fetch('/events').then(async (answer) => {"
        "opened(); for await (const piece of answer.body) {} return true; }); })"
    )
    page.locator(".person summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    bystander.page.set_default_timeout(25_000)
    assert bystander.page.evaluate("window.ended") is True
    bystander.go("/previews")
    expect(bystander.page.locator("h1")).to_have_text("Sign in")


def test_the_manifest_names_icons_that_are_there(home: Home, pages: Pages) -> None:
    page = home.open(pages).go("/")
    address = page.locator("link[rel=manifest]").get_attribute("href") or ""
    manifest = page.request.get(f"{home.address}{address}").json()
    assert (manifest["name"], manifest["display"]) == ("Projectionist", "standalone")
    sizes = set()
    for icon in manifest["icons"]:
        answer = page.request.get(f"{home.address}{icon['src']}")
        assert answer.headers["content-type"].startswith(icon["type"])
        sizes.add(icon["sizes"])
    assert {"192x192", "512x512"} <= sizes


def test_the_setup_link_is_dead_once_it_was_used(home: Home, pages: Pages) -> None:
    watched = pages.open(home.address)
    watched.expected = ("410 (Gone)",)
    page = watched.page
    page.goto(home.running.setup_link)
    expect(page.locator("h1")).to_have_text("The setup is done")


def test_two_browsers_with_one_setup_link_make_one_administrator(pages: Pages, tmp_path: Path) -> None:
    with service.running(tmp_path / "data") as running:
        both = [pages.open(running.address) for _ in range(2)]
        for number, watched in enumerate(both):
            watched.expected = ("Failed to load resource",)
            watched.page.goto(running.setup_link)
            watched.page.get_by_label("Name").fill(f"person-{number}")
            watched.page.get_by_label("Password").fill(service.PASSWORD)
        for watched in both:
            watched.page.evaluate("setTimeout(() => document.querySelector('main form').requestSubmit(), 50)")
        titles = []
        for watched in both:
            expect(watched.page.locator("h1")).not_to_have_text("Welcome")
            titles.append(watched.page.locator("h1").inner_text())
        assert titles.count("Where are your media?") == 1, titles


def test_everything_works_below_a_path_behind_a_proxy(
    pages: Pages, house_media: Path, tmp_path: Path
) -> None:
    with (
        service.running(tmp_path / "data", media=house_media, base_path="/projectionist") as running,
        proxied(running.address) as address,
    ):
        assert address.endswith("/projectionist")
        watched = pages.open(address)
        page = watched.page
        failed = listen_for_failures(page)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(running.setup_link.replace(running.address, address))
        service.become_administrator(page)
        service.choose_the_demo_house(page)
        service.wait_for_previews(page, address)
        for place in PLACES:
            watched.go(place)
            expect(page.locator("h1")).to_have_count(1)
        assert [url for url in asked if not url.startswith(address)] == []
        assert failed == []
        page.goto(f"{address}/jobs")
        before = page.locator(".table-foot").inner_text()
        other = page.context.new_page()
        order_again(other, address, film_of(other, address))
        expect(page.locator(".table-foot")).not_to_have_text(before)
        page.context.close()  # before the proxy goes: a page asks on
