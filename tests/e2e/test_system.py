"""The System page and that of alerts in a browser: drawn, live, told in tables, and clean in both schemes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.metrics import queries
from projectionist.features.metrics.rolling import RAW_S, Step, start_of
from tests.api.house import Open, opened
from tests.e2e.browser import Pages, Scheme, wait_until
from tests.serving import served

DRAWN = "document.querySelectorAll('[data-chart] canvas').length"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as found:
        yield found


def sample(house: Open, count: int, **measures: float) -> None:
    """Half minutes of the last quarter of an hour, of which that many are known."""
    now = house.house.clock.now()
    with house.house.database.write() as session:
        for number in range(count):
            at = start_of(Step.RAW, now) - timedelta(seconds=RAW_S * (30 - number))
            told = {name: (1, value + number, value + number) for name, value in measures.items()}
            told |= {"seconds": (1, 30.0, 30.0), "cpu": (1, 0.3, 0.3), "memory": (1, 0.5, 0.5)}
            queries.put_sample(session, Step.RAW, at, told)


COLOURED = """(chart) => {
  const canvas = document.querySelector(`[data-chart=${chart}] canvas`);
  const line = getComputedStyle(canvas.closest("[data-chart]")).getPropertyValue("--line-1").trim();
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(line.slice(at, at + 2), 16));
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const places = [];
  for (let at = 0; at < data.length; at += 4)
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255)
      places.push((at / 4) % width / width);
  return places;
}"""
"""How far from the left, as a share, each dot of a chart has the colour of its first line."""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_a_single_sample_is_a_point_in_the_period_that_was_asked_for(
    house: Open, pages: Pages, scheme: Scheme, size: str
) -> None:
    sample(house, 1, requests=100, errors=1)
    with served(house.app) as address, closing(pages):
        watched = pages.open(address, size=size, scheme=scheme, cookies={COOKIE: house.session})
        watched.expected = ("getImageData",)  # that this test looks at what was drawn
        page = watched.go("/system?period=live")
        wait_until(page, f"{DRAWN} > 0")
        wait_until(page, f"({COLOURED})('requests').length > 8")
        dots = page.evaluate(COLOURED, "requests")
    assert min(dots) > 0.4
    assert max(dots) < 0.75, "it is a quarter of an hour old, of half an hour"
    assert max(dots) - min(dots) < 0.05, "a point, and no line"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_charts_are_drawn_and_their_tables_tell_the_same(house: Open, pages: Pages, scheme: Scheme) -> None:
    sample(house, 10, requests=100, errors=1, queued=2, running=1, workers=1)
    with served(house.app) as address, closing(pages):
        watched = pages.open(address, scheme=scheme, cookies={COOKIE: house.session})
        page = watched.go("/system")
        wait_until(page, f"{DRAWN} > 2")
        wait_until(page, f"document.querySelectorAll('[data-chart]').length === {DRAWN}")
        card = page.locator(".system-chart", has_text="Requests").first
        expect(card.locator(".system-now")).to_contain_text("218.0/min")
        card.locator("summary").click()
        expect(card.locator("table")).to_contain_text("/min")
        sample(house, 11, requests=100, errors=1, queued=2, running=1, workers=1)
        page.evaluate("htmx.ajax('GET', location.pathname, {source: '#system-view'})")
        expect(card.locator(".system-now")).to_contain_text("220.0/min")
        expect(card.locator("table")).to_be_visible()
        wait_until(page, f"document.querySelectorAll('[data-chart]').length === {DRAWN}")
        assert watched.hard_to_use() == []
        for place in ("/system?period=30d", "/alerts", "/announcements", "/logs"):
            watched.go(place)
            assert watched.hard_to_use() == []
        watched.go("/system")
        wait_until(page, f"{DRAWN} > 2")
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, "before it is drawn anew, too"
        for place in ("/system", "/alerts", "/logs"):
            watched.go(place)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
