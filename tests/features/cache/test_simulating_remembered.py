"""The past that the index remembers, with the sizes that a replay needs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from projectionist.db.engine import Database
from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.records import Past, Play, Wish
from projectionist.features.cache.simulating.own import own_report
from projectionist.features.cache.simulating.remembered import remembered_past, with_sizes
from projectionist.features.cache.wanting.choosing import read_choices
from projectionist.features.cache.wanting.wants import Source
from tests.features.cache.pasts import GB, film, show
from tests.features.cache.wanting.home import Home
from tests.features.library.shelves import NOW, OWNER, movie


@pytest.fixture
def home(database: Database) -> Home:
    return Home(database)


def test_what_a_household_watched_can_be_replayed_with_the_sizes_of_its_files(home: Home) -> None:
    home.hold(*(movie(str(number), f"Film {number}") for number in range(1, 6)))
    for day, key in enumerate("12312"):
        home.watch(OWNER.key, key, at=NOW - timedelta(days=10 - day))
    home.sync()
    past = remembered_past(home.database, read_choices(home.database, frozenset(Source)), NOW)
    sizes = past.catalogue.sizes
    assert len(past.plays) == 5
    assert min(sizes) > 0
    report = own_report(past, (sum(sizes),))
    assert (report.plays, report.strangers) == (5, 0)
    assert report.answers[0].outcomes[0].plays == 5


def test_what_has_no_known_size_is_left_out_and_counted() -> None:
    titles = [film("a", size=0), film("b", size=0), *show("Soap", 2, size=0)]
    old = Past(
        Catalogue.of(titles),
        [Play(float(at), "ada", item, 10, True) for at, item in enumerate((0, 1, 2, 3, 1))],
        [Wish(1, "ada", 0, -1, True), Wish(2, "ada", 1, -1, True), Wish(3, "ada", 2, 0, True)],
        strangers=2,
    )
    past = with_sizes(old, {"b": GB, "Soap1": 2 * GB, "Soap2": 3 * GB})
    assert past.catalogue.sizes == [GB, 2 * GB, 3 * GB]
    assert [past.catalogue.titles[play.item].item for play in past.plays] == ["b", "Soap1", "Soap2", "b"]
    assert [(past.catalogue.titles[wish.item].item, wish.show) for wish in past.wishes] == [
        ("b", -1),
        ("Soap1", 0),
    ]
    assert past.strangers == 3
