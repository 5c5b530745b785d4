from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from projectionist.features.library import service
from projectionist.features.library.models import ItemRow
from projectionist.media.vocabulary import Page
from tests.features.library.shelves import NOW, Wall, movie, show


def titles(wall: Wall) -> set[str]:
    with wall.database.read() as session:
        return {row.title for row in session.query(ItemRow)}


def test_a_first_sync_takes_in_everything(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"), movie("2", "Ronin"), *show("9", "The Wire"))
    done = wall.sync()
    assert (done["Films"].added, done["Shows"].added) == (2, 4)
    assert titles(wall) == {
        "Heat",
        "Ronin",
        "The Wire",
        "Season 1",
        "Part 1 of The Wire",
        "Part 2 of The Wire",
    }
    films, shows = service.libraries(wall.database)
    assert (films.item_count, shows.item_count) == (2, 4)
    named = [part.title for part in service.list_parts(wall.database, shows.id)]
    assert named == ["The Wire · S01E01 · Part 1 of The Wire", "The Wire · S01E02 · Part 2 of The Wire"]


def test_a_sync_that_finds_nothing_new_writes_no_item(wall: Wall) -> None:
    wall.server.hold(movie("1"), *show("9", "The Wire"))
    wall.sync()
    done = wall.sync(full=True, at=NOW + timedelta(minutes=5))
    assert [(one.added, one.changed, one.removed) for one in done.values()] == [(0, 0, 0), (0, 0, 0)]


def test_what_is_deleted_goes_after_a_complete_reading(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"), movie("2", "Ronin"), movie("3", "Thief"))
    wall.sync()
    del wall.server.held["2"]
    done = wall.sync(at=NOW + timedelta(minutes=5))
    assert done["Films"].removed == 1
    assert titles(wall) == {"Heat", "Thief"}


def test_a_server_that_lies_about_its_count_removes_nothing(wall: Wall) -> None:
    wall.server.hold(*(movie(str(number)) for number in range(10)))
    wall.sync()
    del wall.server.held["2"]
    wall.server.lie = lambda page: replace(page, total=12)
    done = wall.sync(full=True, at=NOW + timedelta(minutes=5))["Films"]
    assert (done.removed, done.complete) == (0, False)
    assert "listed" in done.unproven
    assert len(titles(wall)) == 10


def test_a_server_that_repeats_items_removes_nothing(wall: Wall) -> None:
    wall.server.hold(*(movie(str(number)) for number in range(10)))
    wall.sync()
    del wall.server.held["2"]

    def twice(page: Page[object]) -> Page[object]:
        return (
            replace(page, items=(*page.items[:1], *page.items[:1], *page.items[2:])) if page.items else page
        )

    wall.server.lie = twice  # type: ignore[assignment]
    done = wall.sync(full=True, at=NOW + timedelta(minutes=5))["Films"]
    assert (done.removed, done.complete) == (0, False)
    assert "twice" in done.unproven


@pytest.mark.parametrize("held", [0, 9])
def test_most_of_a_library_goes_only_when_it_is_absent_twice(wall: Wall, held: int) -> None:
    wall.server.hold(*(movie(str(number)) for number in range(30)))
    wall.sync()
    for number in range(held, 30):
        del wall.server.held[str(number)]
    first = wall.sync(full=True, at=NOW + timedelta(minutes=5))["Films"]
    soon = wall.sync(full=True, at=NOW + timedelta(minutes=50))["Films"]
    assert (first.removed, soon.removed) == (0, 0)
    assert "kept" in soon.unproven
    assert len(titles(wall)) == 30
    assert wall.sync(full=True, at=NOW + timedelta(minutes=70))["Films"].removed == 30 - held
