"""The pages of previews in a real browser: readable, reachable by keys, refused nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.errors import NotAFilm
from projectionist.features.previews import queries
from projectionist.media.vocabulary import ServerKind
from tests.e2e.browser import PATIENCE_MS, Pages, Scheme
from tests.features.previews.household import Household
from tests.features.previews.serving import program
from tests.films import Film
from tests.serving import served


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, film: Callable[..., Film]) -> Iterator[Household]:
    """A library with a preview of 60 pictures, a film that cannot be read, and one that is not there."""
    here = tmp_path_factory.mktemp("home")
    database = Database(sqlite_url(here / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    house = Household(database, here, film("long.mkv", seconds=60, gop=24).path)
    house.film("Alien.mkv")
    house.film("Broken.mkv").write_bytes(b"no film at all" * 100)
    library = house.library(house.server(ServerKind.FOLDER))
    with database.write() as session:
        queries.save_library_choice(session, library, {"interval_ms": 1_000, "width": 160})
    for name in ("Alien", "Broken", "Gone"):
        house.item(library, f"/data/{name}.mkv")
    house.check(library)
    with pytest.raises(NotAFilm):
        house.work()
    house.work()
    yield house
    database.close()


@pytest.fixture(scope="module")
def address(home: Household) -> Iterator[str]:
    with served(program(home)) as where:
        yield where


def viewer(home: Household) -> str:
    [path] = home.place.folder.rglob("*.bif")
    return f"/previews/view?path={quote(str(path))}"


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_every_page_is_readable_and_never_scrolls_sideways(
    address: str, pages: Pages, home: Household, size: str, scheme: Scheme
) -> None:
    watched = pages.open(address, size=size, scheme=scheme)
    for path in ("/previews", "/previews/settings", "/previews/libraries/1", viewer(home)):
        page = watched.go(path)
        assert watched.hard_to_use() == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.locator("h1").count() == 1, path


def test_a_filmstrip_is_walked_with_the_arrow_keys(address: str, pages: Pages, home: Household) -> None:
    page = pages.open(address).go(viewer(home))
    time, range_ = page.locator("[data-filmstrip-time]"), page.locator("[data-filmstrip-range]")
    expect(time).to_have_text("0:00")
    range_.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(time).to_have_text("0:03")
    page.keyboard.press("End")
    expect(time).to_have_text("0:59")
    assert "/59.jpg?" in str(page.locator("[data-filmstrip-picture]").get_attribute("src"))


def test_moving_over_a_filmstrip_shows_the_moment_under_the_pointer(
    address: str, pages: Pages, home: Household
) -> None:
    page = pages.open(address).go(viewer(home))
    expect(page.locator("[data-filmstrip-time]")).to_have_text("0:00")
    range_ = page.locator("[data-filmstrip-range]")
    middle_of_30 = range_.evaluate("one => one.clientWidth * 30.5 / 60")
    range_.hover(position={"x": middle_of_30, "y": 10})
    expect(page.locator("[data-filmstrip-time]")).to_have_text("0:30")
    shown = page.locator("[data-filmstrip-picture]")
    expect(shown).to_be_visible()
    assert "/30.jpg?" in str(shown.get_attribute("src"))
    expect(shown).to_have_js_property("naturalWidth", 160)


def test_a_filter_narrows_the_list_in_place(address: str, pages: Pages) -> None:
    page = pages.open(address).go("/previews")
    rows = page.locator("#previews-table tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_role("link", name="Failed").first.click()
    expect(rows).to_have_count(1)
    expect(page).to_have_url(f"{address}/previews?state=failed")


def asks_for_table(route: Route) -> bool:
    return route.request.headers.get("hx-target") == "previews-table"


def test_a_list_that_was_loading_anew_does_not_undo_a_filter(address: str, pages: Pages) -> None:
    # What the browser asks through a service worker that takes over meanwhile, `route` does not see.
    watched = pages.open(address, service_workers="block")
    watched.expected = ("Service Worker registration blocked",)
    page = watched.go("/previews")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/previews", hold)
    ends = time.monotonic() + PATIENCE_MS / 1000
    while not any(asks_for_table(route) for route in held):
        assert time.monotonic() < ends
        page.evaluate("document.body.dispatchEvent(new CustomEvent('live:previews'))")
        page.wait_for_timeout(200)
    rows = page.locator("#previews-table tbody tr")
    page.get_by_role("link", name="Failed").first.click()
    expect(rows).to_have_count(1)
    with page.expect_response(lambda answer: answer.url == f"{address}/previews?state=failed"):
        page.unroute("**/previews")  # which lets them go on
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(rows).to_have_count(1)


def test_a_change_tells_what_it_makes_anew_before_it_is_saved(address: str, pages: Pages) -> None:
    page = pages.open(address).go("/previews/libraries/1")
    page.get_by_label("Width of a picture").fill("320")
    expect(page.locator("#estimate")).to_contain_text("makes 1 preview anew")


def test_ticked_previews_are_made(address: str, pages: Pages, home: Household) -> None:
    page = pages.open(address).go("/previews?q=broken")
    page.locator("[data-bulk-one]").first.check()
    page.get_by_role("button", name="Make now").first.click()
    expect(page.locator("h1")).to_have_text("Previews")
    assert [order.kind for order in home.jobs.orders.values()] == ["previews.make"]
