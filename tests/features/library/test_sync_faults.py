"""Syncs that meet absurd items, are cancelled anywhere, lose a library or the database: nothing is lost by it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.errors import DatabaseUnusable, JobCancelled, ServerLacks
from projectionist.features.library import service
from projectionist.features.library.service import ItemFilter
from projectionist.media.vocabulary import ItemKind, ListedItem, Page
from tests.features.library.shelves import Running, Shelves, Wall, add_server, movie, show

PAGES = 3
HELD = PAGES * 500


def titles(wall: Wall) -> set[str]:
    found: set[str] = set()
    for library in service.libraries(wall.database):
        wanted = ItemFilter(library_id=library.id, kinds=(ItemKind.MOVIE, ItemKind.SHOW))
        page = service.find_items(wall.database, wanted, sort="title", offset=0, size=100)
        found |= {card.title for card in page.items}
    return found


def test_both_databases_take_the_largest_that_a_server_may_say(wall: Wall) -> None:
    plain = movie("1", "Heat")
    (version,) = plain.versions
    (part,) = version.parts
    huge = structs.replace(
        plain,
        title="Ünending " * 1_000_000,
        original_title="ﷺ" * 10_000,
        sort_title="𝔘" * 10_000,
        summary="x" * 10_000_000,
        year=2**31 - 1,
        number=-(2**31),
        duration_ms=2**63 - 1,
        added_at=datetime(8999, 12, 31, tzinfo=UTC),
        updated_at=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
        rating=1e300,
        genres=("",) * 1_000,
        position_ms=2**63 - 1,
        watched_count=2**31 - 1,
        versions=(
            structs.replace(version, height=2**31 - 1, parts=(structs.replace(part, size=2**63 - 1),)),
        ),
    )
    wall.server.hold(huge, structs.replace(movie("2", ""), sort_title="", summary=""), movie("3", "Ronin"))
    done = wall.sync()
    assert done["Films"].added == 3
    assert len(service.search_items(wall.database, "unending unending")) == 1
    assert all(len(title) <= 1_000 for title in titles(wall))
    assert wall.sync(full=True)["Films"].changed == 0


def test_a_sync_that_is_cancelled_at_any_check_removes_nothing_and_is_made_good(quick_wall: Wall) -> None:
    wall = quick_wall
    wall.server.hold(movie("gone", "Gone"), *show("wire", "The Wire"))
    wall.sync()
    del wall.server.held["gone"]
    wall.server.hold(*(movie(str(number), f"Film {number}") for number in range(HELD)))
    cancelled, complete = 0, False
    while not complete:
        checks = 0

        def cancel(after: int = cancelled) -> None:
            nonlocal checks
            checks += 1
            if checks > after:
                raise JobCancelled("Somebody cancelled it.")

        wall.run = Running(on_check=cancel)
        assert cancelled < 100
        try:
            complete = wall.sync(full=True)["Films"].complete
        except JobCancelled:
            cancelled += 1
            assert "The Wire" in titles(wall)
    assert cancelled > PAGES
    films, _shows = service.libraries(wall.database)
    assert films.item_count == HELD
    assert [card.title for card in service.search_items(wall.database, f"film {HELD - 1}", size=1)] == [
        f"Film {HELD - 1}"
    ]


def test_a_library_that_goes_while_it_is_read_keeps_everything(wall: Wall) -> None:
    wall.server.hold(*(movie(str(number), f"Film {number}") for number in range(HELD)))
    wall.sync()

    def vanish(page: Page[ListedItem]) -> Page[ListedItem]:
        if page.offset > 500:
            raise ServerLacks("The server has nothing for GET /library/sections/1/all (404).")
        return page

    wall.server.lie = vanish
    with pytest.raises(ServerLacks):
        wall.sync(full=True)
    films, _shows = service.libraries(wall.database)
    assert films.last_error == "The server has nothing for GET /library/sections/1/all (404)."
    assert service.count_parts(wall.database, films.id) == HELD


def test_a_database_that_is_locked_for_too_long_ends_the_sync_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    database = Database(sqlite_url(file), busy_timeout_s=0.2)
    Base.metadata.create_all(database.engine)
    wall = Wall(database, Shelves(), add_server(database))
    wall.server.hold(*(movie(str(number), f"Film {number}") for number in range(HELD)))
    other = sqlite3.connect(file, isolation_level=None)

    def lock(page: Page[ListedItem]) -> Page[ListedItem]:
        if page.offset > 500 and not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")
        return page

    wall.server.lie = lock
    with pytest.raises(DatabaseUnusable, match="locked by another program for too long") as raised:
        wall.sync()
    other.close()
    assert raised.value.retryable
    wall.server.lie = lambda page: page
    assert wall.sync()["Films"].added == HELD - 1000
    assert service.libraries(database)[0].item_count == HELD
    database.close()
