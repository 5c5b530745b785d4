from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from projectionist.errors import Conflict, JobCancelled, ServerFailed, ServerUnreachable
from projectionist.features.library import service
from projectionist.features.library.jobs import kinds
from projectionist.features.library.models import ItemRow
from projectionist.features.library.sync import Synced
from projectionist.media.vocabulary import (
    ItemKind,
    LibraryKind,
    ListedItem,
    ListedLibrary,
    Page,
    ServerPath,
    Watched,
)
from tests.features.library.pages import Reachable
from tests.features.library.shelves import GUEST, NOW, OWNER, Running, Wall, movie, show
from tests.features.operations.fake_jobs import FakeJobs


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

    def twice(page: Page[ListedItem]) -> Page[ListedItem]:
        return (
            replace(page, items=(*page.items[:1], *page.items[:1], *page.items[2:])) if page.items else page
        )

    wall.server.lie = twice
    done = wall.sync(full=True, at=NOW + timedelta(minutes=5))["Films"]
    assert (done.removed, done.complete) == (0, False)
    assert "twice" in done.unproven


def test_items_that_change_places_while_they_are_read_remove_nothing(wall: Wall) -> None:
    wall.server.hold(*(movie(str(number), f"Film {number}") for number in range(1000)))
    wall.sync()

    def take_three_and_add_three(page: Page[ListedItem]) -> Page[ListedItem]:
        if page.offset == 0 and len(page.items) == 500:
            for number in range(3):
                del wall.server.held[str(number)]
                wall.server.hold(movie(str(1000 + number), f"Film {1000 + number}"))
        return page

    wall.server.lie = take_three_and_add_three
    done = wall.sync(full=True, at=NOW + timedelta(minutes=5))
    assert (done["Films"].removed, done["Films"].complete) == (0, False)
    assert "changed places while they were read" in done["Films"].unproven
    wall.server.lie = lambda page: page
    assert wall.sync(full=True, at=NOW + timedelta(minutes=6))["Films"].removed == 3
    assert titles(wall) == {f"Film {number}" for number in range(3, 1003)}


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


def test_a_renamed_item_stays_the_same_item(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"))
    wall.sync()
    before = service.search_items(wall.database, "heat")[0].id
    wall.server.hold(movie("1", "Hitze", updated_at=NOW))
    wall.sync(at=NOW + timedelta(minutes=5))
    assert [card.id for card in service.search_items(wall.database, "hitze")] == [before]
    assert service.search_items(wall.database, "heat") == ()


def test_an_item_that_moved_to_another_library_is_moved_and_not_made_anew(wall: Wall) -> None:
    wall.server.listed.append(ListedLibrary("3", LibraryKind.MOVIES, "Old films", ()))
    wall.server.hold(movie("1", "Heat"), movie("2", "Ronin"), movie("3", "Thief"))
    wall.sync()
    before = service.search_items(wall.database, "heat")[0].id
    wall.server.hold(movie("1", "Heat", library="3"))
    wall.sync(full=True, at=NOW + timedelta(minutes=5))
    old = next(one for one in service.libraries(wall.database) if one.title == "Old films")
    moved = service.search_items(wall.database, "heat")[0]
    assert (moved.id, moved.library_id) == (before, old.id)
    assert [part.library_id for part in service.list_parts(wall.database, old.id)] == [old.id]


def test_a_file_that_stays_the_same_keeps_its_hash_and_one_that_changes_loses_it(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"), movie("2", "Ronin"))
    wall.sync()
    first, second = service.list_parts(wall.database, 1)
    service.set_part_hashes(wall.database, {first.id: "aa", second.id: "bb"})
    service.set_part_previews(wall.database, {first.id: True, second.id: True})
    wall.server.hold(movie("1", "Heat 2", updated_at=NOW), movie("2", "Ronin", size=5, updated_at=NOW))
    wall.sync(at=NOW + timedelta(minutes=5))
    now = {part.id: (part.part_hash, part.has_preview) for part in service.list_parts(wall.database, 1)}
    assert now == {first.id: ("aa", True), second.id: ("", False)}
    assert [part.id for part in service.parts_without_hash(wall.database, 1)] == [second.id]


def test_a_version_that_is_gone_takes_its_parts_along(wall: Wall) -> None:
    two = movie("1", "Heat")
    other = structs.replace(
        two.versions[0],
        key="v2",
        parts=(structs.replace(two.versions[0].parts[0], key="p2", path=ServerPath("/b.mkv")),),
    )
    wall.server.hold(structs.replace(two, versions=(two.versions[0], other)))
    wall.sync()
    item = service.search_items(wall.database, "heat")[0]
    assert len(service.item(wall.database, item.id).versions) == 2
    wall.server.hold(structs.replace(two, updated_at=NOW))
    wall.sync(at=NOW + timedelta(minutes=5))
    assert [part.path for part in service.list_parts(wall.database, 1)] == ["/media/1.mkv"]


def test_between_complete_readings_only_what_changed_is_asked_for(wall: Wall) -> None:
    wall.server.hold(*(movie(str(number)) for number in range(5)))
    wall.sync()
    wall.server.asked.clear()
    wall.server.hold(movie("9", "New", updated_at=NOW, added_at=NOW))
    done = wall.sync(at=NOW + timedelta(minutes=5))
    assert done["Films"].added == 1
    assert ("1", ItemKind.MOVIE, True) in wall.server.asked
    assert ("1", ItemKind.MOVIE, False) not in wall.server.asked


def test_a_day_later_everything_is_read_again(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"), movie("2", "Ronin"))
    wall.sync()
    del wall.server.held["1"]
    wall.server.hold(movie("3", "Thief", updated_at=NOW - timedelta(days=60)))
    done = wall.sync(at=NOW + timedelta(hours=25))["Films"]
    assert (done.complete, done.added, done.removed) == (True, 1, 1)


def test_a_cancelled_sync_keeps_whole_pages_and_the_next_goes_on(wall: Wall) -> None:
    wall.server.hold(*(movie(str(number)) for number in range(1200)))

    def cancel() -> None:
        if wall.run.steps and wall.run.steps[-1][0] >= 500:
            raise JobCancelled("Somebody cancelled it.")

    wall.run.on_check = cancel
    with pytest.raises(JobCancelled):
        wall.sync()
    assert len(titles(wall)) == 500
    wall.run = Running()
    assert wall.sync()["Films"].added == 700
    assert service.search_items(wall.database, "film 1199") != ()


def test_a_library_that_fails_keeps_everything_and_lets_the_others_go_on(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"), *show("9", "The Wire"))
    wall.sync()
    wall.server.hold(*show("8", "Treme"))

    def fail(page: Page[ListedItem]) -> Page[ListedItem]:
        if page.items and page.items[0].kind is ItemKind.MOVIE:
            raise ServerFailed("The server answered 500.")
        return page

    wall.server.lie = fail
    with pytest.raises(ServerFailed):
        wall.sync(full=True, at=NOW + timedelta(minutes=5))
    films, _shows = service.libraries(wall.database)
    assert films.last_error == "The server answered 500."
    assert {"Heat", "Treme"} <= titles(wall)


def test_a_library_that_is_not_listed_any_more_is_kept_until_somebody_removes_it(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"))
    wall.sync()
    with pytest.raises(Conflict):
        service.forget_library(wall.database, 1)
    del wall.server.listed[0]
    wall.sync(at=NOW + timedelta(minutes=5))
    films = service.libraries(wall.database)[0]
    assert "does not list it" in service.trouble_of(films)
    assert "Heat" in titles(wall)
    service.forget_library(wall.database, films.id)
    assert "Heat" not in titles(wall)


def test_an_excluded_library_is_left_alone(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"))
    wall.sync()
    service.set_enabled(wall.database, 1, enabled=False)
    wall.server.hold(movie("2", "Ronin"))
    assert "Films" not in wall.sync(full=True, at=NOW + timedelta(minutes=5))
    assert titles(wall) == {"Heat"}


def test_history_and_watch_state_are_kept_for_each_account(wall: Wall) -> None:
    wall.server.hold(
        movie("1", "Heat", watched_count=1, watched_at=NOW), movie("2", "Ronin", position_ms=5000)
    )
    wall.server.watched = [
        Watched("1", GUEST.key, NOW - timedelta(days=2)),
        Watched("1", GUEST.key, NOW - timedelta(days=1)),
        Watched("77", GUEST.key, NOW),
        Watched("1", "stranger", NOW),
    ]
    wall.sync()
    wall.sync(full=True, at=NOW + timedelta(minutes=5))
    heat, ronin = (service.search_items(wall.database, title)[0] for title in ("heat", "ronin"))
    seen = service.watchers(wall.database, heat.id, everybody=True)
    assert [(one.name, one.watched_count, one.watched_at) for one in seen] == [
        ("Ada", 1, NOW),
        ("Ben", 2, NOW - timedelta(days=1)),
    ]
    assert (heat.watched, ronin.watched, round(ronin.fraction, 3)) == (True, False, 0.083)
    assert [one.name for one in service.watchers(wall.database, heat.id, everybody=False)] == ["Ada"]


def test_history_only_adds_to_what_the_server_says_of_the_owner(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat", watched_count=1, watched_at=NOW, position_ms=5000))
    wall.server.watched = [Watched("1", OWNER.key, NOW - timedelta(days=day)) for day in (1, 2, 3)]
    wall.sync()
    heat = service.search_items(wall.database, "heat")[0]
    (seen,) = service.watchers(wall.database, heat.id, everybody=True)
    assert (seen.watched_count, seen.watched_at, seen.position_ms) == (3, NOW, 5000)
    wall.server.watched.append(Watched("1", OWNER.key, NOW + timedelta(days=1)))
    wall.sync()
    (seen,) = service.watchers(wall.database, heat.id, everybody=True)
    assert (seen.watched_count, seen.watched_at, seen.position_ms) == (4, NOW + timedelta(days=1), 5000)


def test_each_page_and_each_sync_are_told(wall: Wall) -> None:
    wall.server.hold(*(movie(str(number)) for number in range(700)))
    told: list[Synced] = []
    wall.sync(on_synced=[told.append])
    films = [data for topic, data in wall.published if topic == "library" and data["library_id"] == 1]
    assert [data["count"] for data in films] == [500, 700, 700]
    assert [(one.title, one.added) for one in told] == [("Films", 700), ("Shows", 0)]
    assert (700, 700, "Films") in wall.run.steps


def test_a_sync_is_a_job_that_closes_the_server_behind_it(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"))
    (kind,) = kinds(wall.database, Reachable(wall), wall, FakeJobs())
    result = kind.run(Running(), {"server_id": wall.server_id, "full": True})
    assert result is not None
    assert result["libraries"][0]["added"] == 1
    assert kind.title({"server_id": wall.server_id}) == "Sync Shelves"
    assert wall.server.closed


def test_an_unreachable_server_changes_nothing(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"))
    wall.sync()
    (kind,) = kinds(wall.database, Reachable(wall, down=True), wall, FakeJobs())
    with pytest.raises(ServerUnreachable):
        kind.run(Running(), {"server_id": wall.server_id, "full": True})
    assert titles(wall) == {"Heat"}


def test_another_server_at_the_same_address_changes_nothing(wall: Wall) -> None:
    wall.server.hold(movie("1", "Heat"))
    wall.sync()
    wall.server.identity = "another"
    wall.server.held.clear()
    (kind,) = kinds(wall.database, Reachable(wall), wall, FakeJobs())
    with pytest.raises(Conflict, match="another server answers"):
        kind.run(Running(), {"server_id": wall.server_id, "full": True})
    assert titles(wall) == {"Heat"}
    assert wall.server.closed
