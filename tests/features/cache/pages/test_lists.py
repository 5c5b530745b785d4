"""What lists ask of the database, on SQLite and on PostgreSQL: order, filters, counts, days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from projectionist.features.cache.models import Kind
from projectionist.features.cache.reading import films, history
from projectionist.features.cache.reading.films import FilmFilter
from projectionist.features.cache.reading.history import MoveFilter
from projectionist.features.cache.reading.standing import tiers_now
from projectionist.features.cache.running.noting import note
from tests.features.cache.pages.serving import GB, Premises


def titles(premises: Premises, sort: str, **more: object) -> list[str]:
    wanted = FilmFilter(sort=sort, **more)  # type: ignore[arg-type]
    return [one.title for one in films.films(premises.place, wanted).items]


def test_films_come_in_every_order_with_what_came_along_left_out(premises: Premises) -> None:
    premises.cached("ronin", size=3 * GB)
    premises.cached("Heat", size=GB)
    premises.cached("Alien", size=2 * GB)
    premises.came_along("Heat.srt", "Heat")

    assert titles(premises, "since") == ["ronin", "Heat", "Alien"]
    assert titles(premises, "-since") == ["Alien", "Heat", "ronin"]
    assert titles(premises, "title") == ["Alien", "Heat", "ronin"]
    assert titles(premises, "-size") == ["ronin", "Alien", "Heat"]
    assert titles(premises, "tier") == ["ronin", "Heat", "Alien"]
    assert titles(premises, "title", text="HEA") == ["Heat"]
    assert titles(premises, "title", text="100%") == []
    assert titles(premises, "title", tier="no such tier") == []
    held = tiers_now(premises.place)[0].held
    assert (held.files, held.size) == (3, 6 * GB + 1024)


def test_a_film_of_another_node_is_not_listed_here(premises: Premises) -> None:
    premises.cached("Heat", node="attic")

    assert titles(premises, "since") == []


def test_moves_are_sorted_filtered_and_counted_by_result(premises: Premises) -> None:
    premises.cached("Heat", size=2 * GB)
    errand = premises.crew.errand(premises.path("Heat"), title="Heat")
    for outcome in ("failed", "no_room", "playing", "home"):
        note(premises.place, Kind.MOVE_BACK, errand, "SSD", outcome, 7000)

    def outcomes(**wanted: object) -> list[str]:
        found = history.moves(premises.place, MoveFilter(**wanted))  # type: ignore[arg-type]
        assert found.total == len(found.items)
        return [one.move.outcome for one in found.items]

    assert outcomes() == ["home", "playing", "no_room", "failed", "cached"]
    assert outcomes(sort="at", result="failed") == ["failed", "no_room"]
    assert outcomes(result="moved", kind="cache_in") == ["cached"]
    assert outcomes(result="unchanged") == ["playing"]
    assert outcomes(text="heat", sort="-size")[0] == "cached"
    assert outcomes(sort="took")[0] == "cached"
    assert outcomes(sort="title", text="ronin") == []


def test_days_are_those_of_the_viewer(premises: Premises) -> None:
    premises.stage.clock.at = datetime(2026, 11, 20, 22, 29, tzinfo=UTC)
    premises.cached("Heat", size=GB)
    premises.stage.clock.at = datetime(2026, 11, 20, 23, 29, tzinfo=UTC)
    premises.cached("Ronin", size=3 * GB)

    berlin = history.timeline(premises.place, ZoneInfo("Europe/Berlin"), 2)
    utc = history.timeline(premises.place, ZoneInfo("UTC"), 2)

    assert [(day.day, day.brought_bytes) for day in berlin] == [
        (date(2026, 11, 20), GB),
        (date(2026, 11, 21), 3 * GB),
    ]
    assert [(day.day.day, day.brought) for day in utc] == [(19, 0), (20, 2)]


def test_the_pace_is_what_was_measured_and_nothing_else(premises: Premises) -> None:
    assert history.pace(premises.place) is None
    premises.cached("Heat", size=2 * GB)
    premises.cached("Ronin", size=GB)

    pace = history.pace(premises.place)

    assert pace is not None
    assert (pace.rate, pace.copies) == (3 * GB / 8, 2)
