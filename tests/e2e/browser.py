"""A real browser for tests: what it refuses, logs or finds hard to read fails the test."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

Scheme = Literal["dark", "light"]

PATIENCE_MS = 20_000
"""How long a test waits for what a page does by itself: long enough for a machine that does much else."""

SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1280, "height": 860},
    "phone": {"width": 390, "height": 800},
}

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.seenViolation(`${event.violatedDirective} refused ${event.blockedURI} ${event.sample}`);
});
"""


@dataclass
class Watched:
    """A page that is watched. `expected` are parts of console errors that belong to the test."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def go(self, path: str) -> Page:
        """Open a page of the house and wait until its own requests are done."""
        self.page.goto(f"{self.address}{path}", wait_until="load")
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        return self.page

    def hard_to_use(self) -> list[str]:
        """What axe finds on the page as it stands, once it has come: what a click opened may be on its way."""
        self.page.wait_for_load_state("load")
        results = Axe().run(self.page)
        return [
            f"{found['id']}: {node['html'][:160]} ({node['failureSummary'][:300]})"
            for found in results.response["violations"]
            for node in found["nodes"]
        ]

    def is_clean(self) -> bool:
        """Whether the browser had nothing to say."""
        return not [one for one in self.complaints if not any(part in one for part in self.expected)]

    def refused(self, told: str) -> None:
        """Keep what the policy refused."""
        self.complaints.append(f"policy: {told}")

    def heard(self, message: ConsoleMessage) -> None:
        """Keep what the console says, where it is an error or a warning."""
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")


def wait_until(page: Page, expression: str, given: object = None, within_ms: int = PATIENCE_MS) -> None:
    """Wait until a script says so. Playwright's own waiting asks again by `eval`, which the pages' policy refuses."""
    until(page, lambda: page.evaluate(expression, given), f"It did not become true: {expression}", within_ms)


def until(page: Page, come: Callable[[], object], trouble: str, within_ms: int = PATIENCE_MS) -> None:
    """Wait until something has come, and let the browser work meanwhile; else fail with what is the trouble."""
    ends = time.monotonic() + within_ms / 1000
    while not come():
        assert time.monotonic() < ends, trouble
        page.wait_for_timeout(50)


class Pages:
    """Opens watched pages, and at the end says what the browser complained of."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: list[Watched] = []

    def open(
        self,
        address: str,
        *,
        size: str = "wide",
        scheme: Scheme = "dark",
        cookies: dict[str, str] | None = None,
        **options: Any,
    ) -> Watched:
        """A new browser profile with one page."""
        options = {"reduced_motion": "reduce", **options}  # colours on their way are no contrast to judge
        context = self._browser.new_context(viewport=SIZES[size], color_scheme=scheme, **options)
        context.set_default_timeout(PATIENCE_MS)
        kept = [{"name": name, "value": value, "url": address} for name, value in (cookies or {}).items()]
        if kept:
            context.add_cookies(kept)  # type: ignore[arg-type]
        page = context.new_page()
        watched = Watched(page, address)
        page.expose_function("seenViolation", watched.refused)
        page.add_init_script(WATCH)
        page.on("console", watched.heard)
        page.on("pageerror", lambda error: watched.complaints.append(f"script: {error}"))
        self._open.append(watched)
        return watched

    def close(self) -> None:
        """Close all; fails where a browser complained of something that no test expected.

        Who ends a service in the midst of a test closes its pages first (`contextlib.closing`): they ask on.
        """
        closed, self._open = self._open, []
        for watched in closed:
            watched.page.context.close()
        complaints = [one for watched in closed if not watched.is_clean() for one in watched.complaints]
        assert not complaints, f"The browser complained: {complaints}"


def launch(playwright: Playwright) -> Browser:
    """The system's Chromium, else the one that playwright downloaded. Raises Error where there is neither."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return playwright.chromium.launch(executable_path=found, args=ARGUMENTS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser without a window; skipped where there is none."""
    with sync_playwright() as playwright:
        try:
            opened = launch(playwright)
        except Error as error:
            pytest.skip(f"There is no Chromium here: {error.message.splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    """Opens watched pages."""
    expect.set_options(timeout=PATIENCE_MS)
    opened = Pages(browser)
    yield opened
    opened.close()
