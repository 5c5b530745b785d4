"""A copy in a browser: its bytes move, what waits is called off by keys, and the page is right afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from projectionist.features.cache import service
from projectionist.web.ports import Permission, Principal
from tests.demo.houses import house_media
from tests.e2e.browser import Pages, wait_until
from tests.e2e.test_cache_house import Cinema, cinema, is_idle, state_of
from tests.recovery.houses_under_fire import until
from tests.serving import served

__all__ = ["house_media"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LARGE = 48 << 20
"""As many bytes as one film has, so that it is copied in several steps."""

DONE = "() => document.querySelector('#cache-now progress')?.value || 0"
MOVED_ON = "(before) => (document.querySelector('#cache-now progress')?.value || 0) > before"


@contextmanager
def slow_cinema(tmp_path: Path, media: Path) -> Iterator[tuple[Cinema, str]]:
    """A house with large episodes, which are copied at 6 MB a second, and its pages."""
    large = tmp_path / "large"
    shutil.copytree(media, large)
    for film in large.rglob("Night Shift*.mkv"):
        with film.open("ab") as file:
            file.truncate(LARGE)
    ada = Principal(1, "ada", "administrator", frozenset(Permission))
    with (
        cinema(
            tmp_path, large, listening=False, cache_rate=6_000_000, cache_sources=("next", "on_deck")
        ) as here,
        served(here.house.web(identify=lambda request: ada)) as address,
    ):
        yield here, address


def now(page: Page) -> str:
    return page.locator("#cache-now").inner_text()


def test_bytes_move_before_ones_eyes_and_what_waits_is_called_off_by_keys(
    tmp_path: Path, house_media: Path, pages: Pages
) -> None:
    with slow_cinema(tmp_path, house_media) as (here, address):
        watched = pages.open(address)
        page = watched.go("/cache/plan")
        page.get_by_role("button", name="Yes, move files").press("Enter")
        expect(page.locator("h1")).to_have_text("Cache")
        wait_until(page, MOVED_ON, 0, 60_000)
        seen = page.evaluate(DONE)
        wait_until(page, MOVED_ON, seen, 60_000)
        expect(page.locator("#cache-now")).to_contain_text("/s")
        expect(page.locator("#cache-now")).to_contain_text("left")
        assert watched.hard_to_use() == []

        stop = page.get_by_role("button", name="Stop after this step")
        stop.focus()
        page.keyboard.press("Enter")
        expect(stop).to_have_count(0)
        until(lambda: is_idle(here), 60, lambda: state_of(here))
        expect(page.locator("#cache-now")).to_contain_text("Nothing is being moved")
        told = now(page)
        page.reload()
        assert now(page) == told
        films = len(here.cached())
        assert films >= 1
        expect(page.locator("#cache-tiers .drive-words")).to_contain_text(f"{films} film")
        assert watched.hard_to_use() == []
        assert service.is_confirmed(here.house.jobs)
        assert here.is_whole()
