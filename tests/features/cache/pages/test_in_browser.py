"""The pages of the cache in a real browser: readable, reachable by keys, live, refused nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from projectionist.features.cache import service
from projectionist.features.cache.planning.plan import PlannedReturn
from projectionist.features.cache.planning.planner import FileWhy, ItemWhy
from projectionist.features.cache.wanting.wants import Term
from tests.e2e.browser import Pages, Scheme
from tests.features.cache.pages.serving import GB, Premises
from tests.features.cache.stage import Stage
from tests.serving import served


@pytest.fixture(scope="module")
def premises(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """A disk with films, one of them pinned, a move under way, a plan, and another disk that is not there."""
    stage = Stage(tmp_path_factory.mktemp("stage") / "home")
    premises = Premises(stage)
    service.confirm(premises.place, premises.jobs, "every 1h")
    ids = [premises.cached(name, size=(3 + number) * GB) for number, name in enumerate(("Heat", "Ronin"))]
    premises.came_along("Heat.srt", "Heat")
    premises.planned("A film with quite a long title, as some are known to have", size=4 * GB)
    gone = premises.path("Ronin")
    premises.plans.returns.append(PlannedReturn(gone, 1, GB, "Nobody is expected to watch it soon.", None))
    premises.moving("Alien")
    item = premises.item_of(ids[0])
    premises.plans.whys[item] = ItemWhy(
        item,
        (FileWhy(premises.path("Heat"), GB, True, "It stays.", 71.0, (Term("next", 71, "Ada is next"),)),),
        (),
    )
    yield premises
    stage.close()


@pytest.fixture(scope="module")
def address(premises: Premises) -> Iterator[str]:
    with served(premises.app()) as where:
        yield where


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_every_page_is_readable_and_never_scrolls_sideways(
    address: str, pages: Pages, size: str, scheme: Scheme
) -> None:
    watched = pages.open(address, size=size, scheme=scheme)
    paths = (
        "/cache",
        "/cache/plan",
        "/cache/plan?part=returns",
        "/cache/files",
        "/cache/moves",
        "/cache/items/1",
        "/cache/tiers/new",
        "/cache/audit",
        "/cache/simulator",
        "/cache/sources",
        "/cache/lists/new",
    )
    for path in paths:
        page = watched.go(path)
        for terms in page.locator("details.score").all():
            terms.evaluate("one => { one.open = true }")
        assert watched.hard_to_use() == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.locator("h1").count() == 1, path


def test_a_score_is_opened_by_a_key_and_says_its_terms(address: str, pages: Pages) -> None:
    page = pages.open(address).go("/cache/plan")
    summary = page.locator("#plan-table summary").first
    expect(page.get_by_text("She is quick", exact=True)).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("She is quick", exact=True)).to_be_visible()


def test_a_panel_fetches_the_reasons_by_itself(address: str, pages: Pages) -> None:
    page = pages.open(address).go("/shared/item/1")
    expect(page.locator("#cache-reasons")).to_contain_text("Ada is next")


def test_ticked_films_are_sent_back_by_the_bar_of_actions(
    address: str, pages: Pages, premises: Premises
) -> None:
    page = pages.open(address).go("/cache/files")
    page.get_by_label("Select Heat").check()
    with page.expect_navigation():
        page.locator("[data-bulk-bar]").get_by_role("button", name="Move back").click()
    expect(page).to_have_url(f"{address}/cache/files")
    asked = [job.arguments["path"] for job in premises.jobs.held.values() if job.kind == "cache.back"]
    assert asked == [str(premises.path("Heat"))]


def test_a_filter_narrows_the_films_in_place(address: str, pages: Pages) -> None:
    page = pages.open(address).go("/cache/files")
    rows = page.locator("#cache-files tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("searchbox").fill("ron")
    expect(rows).to_have_count(1)
