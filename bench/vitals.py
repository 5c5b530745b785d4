"""How a page feels: LCP, INP and CLS of each page in Chromium, with nothing in its cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

_WATCH = """
window.vitals = {lcp: 0, cls: 0, inp: 0};
const see = (kinds, take) => { for (const [type, more] of kinds)
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({type, buffered: true, ...more}); };
see([["largest-contentful-paint", {}]], (one) => { window.vitals.lcp = one.startTime; });
see([["layout-shift", {}]], (one) => { if (!one.hadRecentInput) window.vitals.cls += one.value; });
see([["event", {durationThreshold: 16}], ["first-input", {}]],
    (one) => { if (one.interactionId) window.vitals.inp = Math.max(window.vitals.inp, one.duration); });
"""
_SETTLE_MS = 600


@dataclass(frozen=True, slots=True)
class Vitals:
    """Seconds, milliseconds, and a score; `inp_ms` is the longest of a few clicks and keys."""

    lcp_s: float
    inp_ms: float
    cls: float


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """A browser; None where there is none on this machine."""
    with sync_playwright() as playwright:
        try:
            found = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except BrowserError:
            yield None
            return
        with browser:
            yield browser


def visit(browser: Browser, address: str, path: str, cookie: str) -> Vitals:
    """Open a page as somebody who is signed in and has not been here, click and type, and tell how it was."""
    with browser.new_context(viewport={"width": 1280, "height": 860}) as context:
        if cookie:
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": address}])
        context.add_init_script(_WATCH)
        page = context.new_page()
        page.goto(f"{address}{path}", wait_until="load")
        page.wait_for_timeout(_SETTLE_MS)
        painted = page.evaluate("() => ({...window.vitals})")
        _touch(page)
        page.wait_for_timeout(_SETTLE_MS)
        felt = page.evaluate("() => ({...window.vitals})")
    return Vitals(painted["lcp"] / 1000, felt["inp"], felt["cls"])


def _touch(page: Page) -> None:
    """Click at a place where nothing is, and go from one control to the next by key."""
    page.mouse.click(5, 500)
    for key in ("Tab", "Tab", "Tab", "ArrowDown"):
        page.keyboard.press(key)


def worst(of: Sequence[Vitals]) -> Vitals:
    """The worst of several visits, each measure for itself."""
    return Vitals(max(one.lcp_s for one in of), max(one.inp_ms for one in of), max(one.cls for one in of))
