"""What pages, the API and the command line ask of the previews: coverage, lists, retries, choices."""

from __future__ import annotations

from typing import cast

import pytest

from projectionist.errors import InputWrong, NotAFilm, NotFound
from projectionist.features.previews import upkeep
from projectionist.features.previews.models import PreviewState
from projectionist.features.previews.queries import Filter
from projectionist.jobs.ports import Jobs, Priority
from projectionist.media.vocabulary import LibraryKind, ServerKind
from tests.features.previews.household import Household, Run


def jobs(house: Household) -> Jobs:
    return cast(Jobs, house.jobs)


@pytest.fixture
def films(house: Household) -> tuple[Household, int, list[int]]:
    """A library with a preview, a film that cannot be read, and one that is not there."""
    house.film("Alien.mkv")
    house.film("Broken.mkv").write_bytes(b"no film at all" * 100)
    library = house.library(house.server(ServerKind.FOLDER))
    names = ("Alien", "Broken", "Gone")
    parts = [part for name in names for part in house.item(library, f"/data/{name}.mkv")]
    house.check(library)
    with pytest.raises(NotAFilm):
        house.work()
    house.work()
    return house, library, parts


def test_coverage_counts_what_is_there_against_what_is_wanted(
    films: tuple[Household, int, list[int]],
) -> None:
    house, _, _ = films
    house.library(1, "Songs", LibraryKind.MUSIC)

    [found] = upkeep.coverage(house.place)

    assert (found.fresh, found.wanted) == (1, 3)
    assert found.states == {"fresh": 1, "failed": 1, "waiting": 1}
    assert found.bytes == house.row(films[2][0]).bytes > 0


def test_previews_are_listed_by_state_text_and_order(films: tuple[Household, int, list[int]]) -> None:
    house, library, parts = films

    def listed(**wanted: object) -> list[int]:
        page = upkeep.list_previews(house.place, Filter(**wanted))  # type: ignore[arg-type]
        return [row.part_id for row in page.items]

    assert listed() == parts
    assert listed(sort="-title") == parts[::-1]
    assert listed(states=("failed", "waiting")) == parts[1:]
    assert listed(text="alIEN mkv") == parts[:1]
    assert listed(text="100%") == []
    assert listed(library_id=library + 1) == []


@pytest.mark.parametrize("wanted", [Filter(states=("splendid",)), Filter(sort="colour")])
def test_a_filter_that_cannot_be_is_refused(house: Household, wanted: Filter) -> None:
    with pytest.raises(InputWrong):
        upkeep.list_previews(house.place, wanted)


def test_a_page_tells_how_many_there_are_in_all(films: tuple[Household, int, list[int]]) -> None:
    page = upkeep.list_previews(films[0].place, Filter(), offset=1, size=1)

    assert ([row.part_id for row in page.items], page.offset, page.total) == ([films[2][1]], 1, 3)


def test_a_retry_tries_the_failed_again_at_once(films: tuple[Household, int, list[int]]) -> None:
    house, _, parts = films
    house.film("Broken.mkv")

    asked = upkeep.make_now(house.place, jobs(house), Filter(states=("failed",)), asked_by="ada")

    [order] = house.jobs.orders.values()
    assert (asked, order.priority, order.asked_by) == (1, Priority.NOW, "ada")
    assert house.row(parts[1]).state == "queued"
    house.work()
    assert house.row(parts[1]).state == "fresh"


def test_what_is_fresh_is_made_again_only_where_that_is_asked_for(
    films: tuple[Household, int, list[int]],
) -> None:
    house, _, parts = films
    one = Filter(part_ids=(parts[0],))

    assert upkeep.make_now(house.place, jobs(house), one) == 0
    assert upkeep.make_now(house.place, jobs(house), one, again=True) == 1
    assert house.work()[0]["outcome"] == "made"


def test_reasons_are_counted(films: tuple[Household, int, list[int]]) -> None:
    [reason] = upkeep.reasons(films[0].place, PreviewState.FAILED)

    assert (reason.code, reason.count) == ("not_a_film", 1)
    assert "Broken.mkv" in reason.example


def test_what_was_made_is_counted(films: tuple[Household, int, list[int]]) -> None:
    rate = upkeep.rate(films[0].place)

    assert (rate.made, rate.film_seconds) == (1, 12.0)
    assert rate.speed is not None
    assert rate.speed > 0


def test_a_change_says_beforehand_what_it_makes_anew(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films

    assert upkeep.would_redo(house.place, library, {"interval_ms": 5_000}).previews == 1
    assert upkeep.would_redo(house.place, library, {"interval_ms": 10_000}).previews == 0
    assert upkeep.would_redo(house.place, library, {"enabled": False}).previews == 0
    assert upkeep.would_redo(house.place, None, {"width": 480}).libraries == ("Films",)


def test_choices_are_kept_and_the_library_is_looked_through(
    films: tuple[Household, int, list[int]],
) -> None:
    house, library, parts = films

    house.delete_item(parts[1])

    redo = upkeep.save_choices(house.place, jobs(house), library, {"interval_ms": 4_000})
    house.work()

    assert redo.previews == 1
    assert house.row(parts[0]).frames == 3
    chosen = upkeep.choices(house.place, library)
    assert (chosen.own["interval_ms"], chosen.own["width"], chosen.effective.width) == (4_000, None, 320)


def test_a_library_keeps_its_own_choice_when_the_default_changes(
    films: tuple[Household, int, list[int]],
) -> None:
    house, library, _ = films
    upkeep.save_choices(house.place, jobs(house), library, {"width": 480})

    upkeep.save_choices(house.place, jobs(house), None, {"width": 240, "quality": 60})

    chosen = upkeep.choices(house.place, library).effective
    assert (chosen.width, chosen.quality) == (480, 60)
    upkeep.save_choices(house.place, jobs(house), library, {"width": None})
    assert upkeep.choices(house.place, library).effective.width == 240


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"interval_ms": 0}, "interval_ms"),
        ({"interval_ms": True}, "interval_ms"),
        ({"width": 321}, "width"),
        ({"quality": 101}, "quality"),
        ({"mode": "wild"}, "mode"),
        ({"places": ["cloud"]}, "places"),
        ({"folder": "previews"}, "folder"),
        ({"folder": "/media/../etc"}, "folder"),
        ({"colour": "red"}, "colour"),
        ({"places": ["emby"], "interval_ms": 2_500}, "interval_ms"),
    ],
)
def test_choices_that_cannot_be_are_refused_by_field(
    house: Household, wrong: dict[str, object], field: str
) -> None:
    library = house.library(house.server(ServerKind.FOLDER))

    with pytest.raises(InputWrong) as refused:
        upkeep.save_choices(house.place, jobs(house), library, wrong)

    assert refused.value.field == field
    assert upkeep.choices(house.place, library).own["interval_ms"] is None


def test_a_part_that_nobody_knows_is_not_found(house: Household) -> None:
    with pytest.raises(NotFound):
        upkeep.get_preview(house.place, 99)


def test_a_deleted_part_is_forgotten_and_its_preview_stays(films: tuple[Household, int, list[int]]) -> None:
    house, library, parts = films
    made = house.row(parts[0]).targets[0]["path"]
    house.delete_item(parts[0])

    house.check(library)

    with pytest.raises(NotFound):
        upkeep.get_preview(house.place, parts[0])
    assert house.place.folder.joinpath(made).is_file()


def test_a_look_asked_for_while_one_runs_follows_it(house: Household) -> None:
    library = house.library(house.server(ServerKind.FOLDER))
    first = upkeep.order_check(house.place, jobs(house), library)
    second = upkeep.order_check(house.place, jobs(house), library)
    assert (first and first.job_id) == (second and second.job_id)
    assert first is not None
    house.jobs.running.add(first.job_id)
    third = upkeep.order_check(house.place, jobs(house), library)
    assert third is not None
    assert third.created
    assert third.job_id != first.job_id


def test_what_is_wanted_otherwise_while_it_is_made_is_made_again_at_once(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)

    class Changing(Run):
        def log(self, message: str, level: str = "info") -> None:
            if not self.lines:
                upkeep.save_choices(house.place, jobs(house), library, {"quality": 50})
                house.jobs.orders.clear()
            super().log(message, level)

    house.work(Changing())
    assert (house.row(part).quality, house.row(part).state) == (50, "fresh")
