"""`python -m tests.e2e.screenshots`: pictures of every page of a demo house, for docs/images/.

Each is taken dark and light, on a wide screen and on a phone: `home-dark-wide.webp`. A house of its own is set up
for it in a temporary folder, and nothing else is touched. With names of pages, only those pictures are taken.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.e2e import service
from tests.e2e.browser import PATIENCE_MS, launch, wait_until

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
PAGES = {
    "home": "/",
    "libraries": "/libraries",
    "previews": "/previews",
    "preview-settings": "/previews/settings",
    "schedules": "/jobs/schedules",
    "servers": "/servers",
    "server": "/servers/1",
    "settings": "/settings",
    "search": "/search?q=night",
    "about": "/about",
    "account": "/account",
    "profile": "/account/profile",
    "notifications": "/account/notifications",
    "senders": "/senders",
    "users": "/users",
    "doctor": "/doctor",
    "system": "/system",
    "alerts": "/alerts",
    "backups": "/backups",
}
QUALITY = 80
LONG_MS = 180_000
"""As long as it may take to draw the demo house's films on a machine that does much else."""
PICTURES_ARE_THERE = """() => [...document.images].every((one) =>
  one.complete || one.getBoundingClientRect().top > innerHeight || one.getBoundingClientRect().left > innerWidth)"""

SEVERAL_FILMS = """async (address) => {
  const answer = await fetch(address, { headers: { accept: "application/json" } });
  return (await answer.json()).total >= 6;
}"""


class Camera:
    """Takes the pictures of a page as it stands."""

    def __init__(self, page: Page, wanted: Collection[str], folder: Path) -> None:
        self.page = page
        self._wanted = wanted
        self._folder = folder

    def take(self, name: str, prepare: Callable[[Page], object] | None = None) -> None:
        """All four pictures under this name; `prepare` is called before each."""
        if self._wanted and name not in self._wanted:
            return
        for size, viewport in SIZES.items():
            for scheme in ("dark", "light"):
                self.page.set_viewport_size(viewport)
                self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                self.page.evaluate("document.fonts.ready.then(() => true)")
                if prepare is not None:
                    prepare(self.page)
                wait_until(self.page, PICTURES_ARE_THERE)
                taken = Image.open(io.BytesIO(self.page.screenshot()))
                path = self._folder / f"{name}-{scheme}-{size}.webp"
                taken.convert("RGB").save(path, quality=QUALITY, method=6)


def settle(page: Page) -> None:
    """Wait until what the page loads by itself is there."""
    expect(page.locator(".htmx-request, main .skeleton")).to_have_count(0)


def take_setup(camera: Camera, running: service.Service) -> None:
    """The pages of the setup, on the way through it."""
    page = camera.page
    page.goto(running.setup_link)
    camera.take("setup")
    service.become_administrator(page)
    expect(page.get_by_role("button", name="Try the demo house")).to_be_visible()
    camera.take("setup-media")
    page.get_by_role("button", name="Try the demo house").click()
    expect(page.get_by_role("button", name="Take these")).to_be_visible(timeout=60_000)
    camera.take("setup-libraries")
    page.get_by_role("button", name="Take these").click()
    expect(page.get_by_role("button", name="Start reading the library")).to_be_visible()
    camera.take("setup-paths")
    page.get_by_role("button", name="Start reading the library").click()
    expect(page.locator("h1")).to_have_text("Home")
    service.wait_for_previews(page, running.address)


def take_film(camera: Camera, address: str) -> None:
    """A wall of films, and the page of one of them in the middle of its preview."""
    page = camera.page
    page.goto(f"{address}/libraries")
    page.locator(".library-head a", has_text="Movies").click()
    expect(page.locator("h1")).to_have_text("Movies")
    camera.take("library")
    page.locator("a.poster", has_text="The Quiet Projector").first.click()
    expect(page.locator("[data-filmstrip-said]")).to_be_empty()
    page.locator("[data-filmstrip-range]").press("ArrowRight")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    settle(page)
    camera.take("item")


def take_jobs(camera: Camera, address: str) -> None:
    """The page of jobs while every preview is made again."""
    page = camera.page
    page.goto(f"{address}/jobs")
    queue = page.locator("#queues .queue", has_text="Making previews")
    queue.get_by_role("button", name="Pause").click()
    expect(queue.get_by_role("button", name="Resume")).to_be_visible()
    page.goto(f"{address}/previews")
    page.locator("[data-bulk-all]").check()
    page.locator("[data-bulk-bar]").get_by_role("button", name="Make again").click()
    page.wait_for_load_state()
    page.goto(f"{address}/jobs")
    page.locator("#queues").get_by_role("button", name="Resume").click()
    expect(page.locator("#jobs tbody", has_text="running")).to_be_visible()
    expect(page.locator("#queues")).to_contain_text("works")
    camera.take("jobs")
    service.wait_for_previews(page, address)


def set_up_cache(page: Page, running: service.Service) -> None:
    """A fast disk, and two libraries that it serves."""
    fast = running.data.parent / "fast"
    fast.mkdir()
    page.goto(f"{running.address}/cache/tiers/new")
    page.get_by_label("Name").fill("SSD")
    page.get_by_label("Folder", exact=True).fill(str(fast))
    page.get_by_label("The cache takes at most").fill("6MB")
    page.get_by_role("button", name="Try and save").click()
    for library in ("Movies", "Shows"):
        expect(page.locator("h1")).to_contain_text("is saved")
        page.goto(f"{running.address}/cache/places/new")
        page.get_by_label("Library", exact=True).select_option(label=library)
        page.get_by_label("Folder on the slow disk").fill(str(running.data / "demo-house" / "media"))
        page.get_by_role("button", name="Prove and save").click()
    expect(page.locator("h1")).to_contain_text("is saved")


def leave_watchlists_of_others(page: Page, address: str) -> None:
    """Ask only for the owner's watchlist, as the others of the house have not signed in."""
    page.goto(f"{address}/cache/sources")
    source = page.locator("#watchlist")
    source.locator("summary").click()
    for person in ("Otto", "Lina", "Farouk"):
        source.get_by_label(person).select_option(label="off")
    source.get_by_role("button", name="Save").click()
    page.wait_for_load_state()


def open_score(page: Page) -> None:
    """Show what the score of the first line of a plan is made of."""
    settle(page)
    page.locator("details.score").nth(3).evaluate("one => { one.open = true }")


def take_cache(camera: Camera, running: service.Service) -> None:
    """A plan before it is confirmed, then films on the fast disk, why one is there, and what other disks would do."""
    page, address = camera.page, running.address
    set_up_cache(page, running)
    leave_watchlists_of_others(page, address)
    page.goto(f"{address}/cache/plan")
    camera.take("cache-plan", open_score)
    page.get_by_role("button", name="Yes, move files").click()
    expect(page.locator("h1")).to_have_text("Cache")
    wait_until(page, SEVERAL_FILMS, f"{address}/api/v1/cache/files", 60_000)
    expect(page.locator("#cache-now")).to_contain_text("Nothing is being moved.", timeout=LONG_MS)
    page.goto(f"{address}/cache")
    camera.take("cache", settle)
    page.goto(f"{address}/cache/files?q=House Lights")
    film = page.locator("#cache-files tbody a").first.get_attribute("href") or ""
    page.goto(f"{address}/cache/items/{film.rpartition('/')[2]}")
    camera.take("cache-why", settle)
    page.goto(f"{address}/cache/simulator")
    page.get_by_label("Sizes of the fast disk").fill("1MB, 2MB, 4MB, 8MB")
    for policy in page.locator("[name=policies]").all():
        policy.check()
    page.get_by_role("button", name="Simulate").click()
    expect(page.locator("#simulation")).to_be_visible(timeout=60_000)
    page.goto(f"{address}/cache/simulator")
    camera.take("cache-simulator", settle)


@contextmanager
def plain_folder() -> Iterator[Path]:
    """A folder for the house, which pages show, so without digits in its name. Raises FileExistsError."""
    above = Path(tempfile.gettempdir()) / "cinema"
    above.mkdir()
    try:
        yield above / "projectionist"
    finally:
        shutil.rmtree(above)


def main(wanted: Collection[str]) -> None:
    """Take the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        plain_folder() as folder,
        service.running(folder) as running,
        sync_playwright() as playwright,
    ):
        expect.set_options(timeout=PATIENCE_MS)
        browser = launch(playwright)
        page = browser.new_page()
        page.set_default_timeout(LONG_MS)
        camera = Camera(page, wanted, IMAGES)
        take_setup(camera, running)
        take_film(camera, running.address)
        for name, path in PAGES.items():
            camera.page.goto(f"{running.address}{path}")
            camera.take(name, settle)
        take_jobs(camera, running.address)
        take_cache(camera, running)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
