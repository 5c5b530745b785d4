"""A page of another site that puts ours into a frame, to have somebody click in it unknowingly, is shown none of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, expect

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.features.accounts.sessions import COOKIE
from tests.api.house import Open, opened
from tests.e2e.browser import Pages, until
from tests.features.accounts.house import House
from tests.kit.loopback import Loopback, Reply, says
from tests.serving import served

WAYS = (
    '<iframe src="{0}"></iframe>',
    '<object type="text/html" data="{0}"></object>',
    '<embed type="text/html" src="{0}">',
)
WILLING = "A page that lets itself be framed"
BLOCKED = {"chrome-error://chromewebdata/"}
"""What stands in frames whose page the browser does not show: a page of its own."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as found:
        yield found


@pytest.fixture
def unfounded(tmp_path: Path) -> Iterator[House]:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    yield House(database, tmp_path)
    database.close()


def around(address: str) -> Reply:
    """A site whose first page has frames around an address, one of each kind, and around a page of its own."""
    frames = "".join(way.format(place) for place in (address, "/willing") for way in WAYS)
    first, willing = (
        says(body.encode(), kind="text/html")
        for body in (f"<title>Elsewhere</title>{frames}", f"<h1>{WILLING}</h1>")
    )

    def reply(connection: socket.socket, head: str) -> None:
        (willing if head.startswith("GET /willing") else first)(connection, head)

    return reply


def in_frames(pages: Pages, address: str, session: str = "") -> set[str]:
    """What stands in the frames around an address of ours; those around a willing page show it."""
    with Loopback(around(address)) as elsewhere:
        watched = pages.open(address, cookies={COOKIE: session} if session else None)
        watched.expected = ("frame-ancestors", "Failed to load resource")
        page = watched.page
        page.goto(f"http://127.0.0.1:{elsewhere.port}/", wait_until="load")
        until(page, lambda: len(willing_ones(page)) == len(WAYS), "A willing page was not framed in each way")
        willing = willing_ones(page)
        for frame in willing:
            expect(frame.locator("h1")).to_have_text(WILLING)

        def others() -> list[str]:
            return [frame.url for frame in page.frames[1:] if frame not in willing]

        # a page that is embedded may come after all else has; of an object that is not shown there may be no frame
        until(
            page,
            lambda: len(others()) >= 2 and not {"", "about:blank"} & set(others()),
            "The frames around our page stayed empty",
        )
        return set(others())


def willing_ones(page: Page) -> list[Frame]:
    return [frame for frame in page.frames if frame.url.endswith("/willing")]


@pytest.mark.slow
def test_no_page_is_shown_in_a_frame_of_another_site(house: Open, pages: Pages) -> None:
    with served(house.app) as address, closing(pages):
        assert in_frames(pages, f"{address}/sign-in") == BLOCKED
        for path in ("/account", "/servers", "/api/v1/me", "/nowhere"):
            assert in_frames(pages, f"{address}{path}", house.session) == BLOCKED, path


@pytest.mark.slow
def test_the_setup_is_shown_in_no_frame_of_another_site(unfounded: House, pages: Pages) -> None:
    with served(unfounded.app) as address, closing(pages):
        assert in_frames(pages, f"{address}{unfounded.link()}") == BLOCKED
