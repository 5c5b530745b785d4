"""Every page of the cache in a real browser while much is amiss, and while nothing is set up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from projectionist.features.cache import service, set_up
from projectionist.features.cache.models import AnswerRow, Kind, TierRow
from projectionist.features.cache.running.noting import note
from projectionist.features.cache.spots import TIER
from projectionist.features.cache.tiers.setting_up import NewPlace, NewTier
from projectionist.features.library.models import LibraryRow
from projectionist.jobs.ports import JobState
from tests.e2e.browser import Pages, Scheme, Watched
from tests.features.cache.pages.serving import GB, Premises
from tests.features.cache.set_up_pages.conftest import real
from tests.features.cache.stage import Stage
from tests.serving import served

PAGES = (
    "/cache",
    "/cache/plan",
    "/cache/plan?part=refused",
    "/cache/files",
    "/cache/moves",
    "/cache/tiers",
    "/cache/tiers/new",
    "/cache/places/new",
    "/cache/sources",
    "/cache/audit",
    "/cache/simulator",
)
WRONG = {"#name": "", "#root": "/nowhere/at/all", "#quota": "lots", "#min_free": "200 %"}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """A disk that is too full, one beside it, one that is away, failed moves and jobs, and silent sources."""
    home = tmp_path_factory.mktemp("stage")
    stage = Stage(home / "home")
    premises = real(Premises(stage))
    service.confirm(premises.place, premises.jobs, "every 1h")
    set_up_disks(premises, home)
    for name in ("Heat", "Ronin"):
        premises.cached(name, size=3 * GB)
    premises.planned("A film with quite a long title, as some are known to have", size=4 * GB)
    errand = premises.crew.errand(premises.path("Ronin"), title="Ronin", size=GB, why="Ada watches it next.")
    note(premises.place, Kind.CACHE_IN, errand, "SSD", "failed", 4000)
    for kind in ("cache.run", "cache.audit", "cache.scrub", "cache.simulate"):
        premises.jobs.put(
            kind, JobState.FAILED, kind=kind, error="The disk did not answer; nothing was changed."
        )
    with premises.place.database.write() as session:
        for account in (0, 1):
            session.add(
                AnswerRow(
                    source="watchlist",
                    server_id=1,
                    account_id=account,
                    failing_since=datetime(2026, 11, 21, tzinfo=UTC),
                    reason="plex.tv at https://plex.tv did not answer GET /all (refused, after 0.0 s); try again.",
                )
            )
    yield premises
    stage.close()


def set_up_disks(premises: Premises, home: Path) -> None:
    """Three disks, of which one is taken away, and a folder that they serve for two libraries."""
    for name in ("NVMe", "Pulled"):
        (home / name).mkdir()
        set_up.save_tier(premises.place, NewTier(name, str(home / name)))
    slow = home / "hdd"
    slow.mkdir()
    with premises.place.database.write() as session:
        session.get_one(TierRow, 1).quota = "1GB"
        here = session.get_one(LibraryRow, 1)
        more = LibraryRow(server_id=here.server_id, key="more", kind=here.kind, title="More films")
        session.add(more)
        session.flush()
        numbers = [here.id, more.id]
    for number in numbers:
        set_up.save_place(premises.place, NewPlace(number, str(slow), (1,), arr_owned=True))
    (home / "Pulled" / TIER).unlink()


@pytest.fixture(scope="module")
def address(broken: Premises) -> Iterator[str]:
    with served(broken.app()) as where:
        yield where


@pytest.fixture(scope="module")
def bare_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stage = Stage(tmp_path_factory.mktemp("stage") / "home")
    with served(real(Premises(stage, bare=True)).app()) as where:
        yield where
    stage.close()


def look(watched: Watched, path: str) -> None:
    page = watched.page
    assert watched.hard_to_use() == [], path
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert page.locator("h1").count() == 1, path


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("wide", "light"), ("phone", "light")])
def test_every_page_is_readable_while_much_is_amiss(
    address: str, pages: Pages, size: str, scheme: Scheme
) -> None:
    watched = pages.open(address, size=size, scheme=scheme)
    for path in PAGES:
        watched.go(path)
        look(watched, path)


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
def test_every_page_is_readable_while_nothing_is_set_up(
    bare_address: str, pages: Pages, size: str, scheme: Scheme
) -> None:
    watched = pages.open(bare_address, size=size, scheme=scheme)
    for path in PAGES:
        watched.go(path)
        look(watched, path)


def test_what_is_wrong_in_forms_is_readable_beside_its_fields(address: str, pages: Pages) -> None:
    watched = pages.open(address, size="phone")
    watched.expected = ("422",)
    page = watched.go("/cache/tiers/new")
    page.evaluate("document.querySelectorAll('form').forEach((one) => { one.noValidate = true })")
    for field, typed in WRONG.items():
        page.locator(field).fill(typed)
    page.get_by_role("button", name="Try and save").click()
    expect(page.locator(".field-error")).to_have_count(len(WRONG))
    look(watched, "a tier")

    page = watched.go("/cache/tiers")
    page.get_by_label("At most").fill("much")
    page.get_by_role("button", name="Save the cap").click()
    expect(page.locator(".field-error")).to_have_count(1)
    look(watched, "a cap")

    page = watched.go("/cache/simulator")
    page.get_by_label("Sizes of the fast disk").fill("lots")
    page.get_by_role("button", name="Simulate").click()
    expect(page.locator("#sizes-error")).to_contain_text("is none")
    look(watched, "sizes")
