"""What lies beside a film goes with it, and shared art goes with the last film."""

from __future__ import annotations

from pathlib import Path

import pytest

from projectionist.errors import ServerUnreachable
from projectionist.features.cache.models import Layout
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.sidecars import (
    Sidecars,
    cache_with_sidecars,
    move_back_with_sidecars,
    return_stranded,
    sidecars_of,
)
from projectionist.features.cache.spots import Standing, look
from projectionist.features.cache.swapping import move_back
from tests.features.cache.stage import Stage

NAMES = (
    *("Heat.mkv", "Heat.en.srt", "Heat.idx", "Heat-poster.jpg", "Heat.nfo", "poster.jpg", ".hidden"),
    *("Heat 2.mkv", "Heat 2.en.srt", "Heat.2160p.mkv", "Heat.2160p.srt"),
)


def folder(stage: Stage) -> Path:
    for name in NAMES:
        stage.film(f"Heat/{name}")
    (stage.slow / "Heat" / "link.srt").symlink_to("Heat.en.srt")
    (stage.slow / "Heat" / "Subs").mkdir()
    return stage.slow / "Heat"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Sidecars.NONE, []),
        (Sidecars.SUBTITLES, ["Heat.en.srt", "Heat.idx"]),
        (Sidecars.ALL, ["Heat-poster.jpg", "Heat.en.srt", "Heat.idx", "Heat.nfo", "poster.jpg"]),
    ],
)
def test_what_is_named_like_a_film_and_no_longer_name_is_its_own(
    house: Stage, wanted: Sidecars, names: list[str]
) -> None:
    found = sidecars_of(folder(house) / "Heat.mkv", wanted)
    assert [path.name for path in found] == names


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("wanted", Sidecars)
def test_all_that_went_along_comes_back(house: Stage, wanted: Sidecars, layout: Layout) -> None:
    film = folder(house) / "Heat.mkv"
    along = sidecars_of(film, wanted)
    assert cache_with_sidecars(house.desk, house.spot(film, layout), wanted) is Outcome.CACHED
    for path in (film, *along):
        assert look(house.spot(path, layout)) is Standing.AWAY
        assert house.spot(path).fast.read_bytes() == f"Heat/{path.name}".encode() * 9999
    assert len(house.hidden()) == 1 + len(along)
    assert move_back_with_sidecars(house.desk, film) is Outcome.HOME
    assert (house.hidden(), house.on_fast(), list(house.journal.all_cached())) == ([], [], [])


@pytest.mark.parametrize("layout", Layout)
def test_shared_art_stays_until_the_last_film_has_left(house: Stage, layout: Layout) -> None:
    one, other = folder(house) / "Heat.mkv", house.slow / "Heat" / "Heat 2.mkv"
    art = house.slow / "Heat" / "poster.jpg"
    for film in (one, other):
        cache_with_sidecars(house.desk, house.spot(film, layout), Sidecars.ALL)
    move_back_with_sidecars(house.desk, one)
    assert house.journal.cached(art) is not None
    assert house.journal.cached(house.slow / "Heat" / "Heat.en.srt") is None
    move_back_with_sidecars(house.desk, other)
    assert (house.hidden(), house.on_fast()) == ([], [])


def test_a_sidecar_whose_film_left_alone_is_returned_later(house: Stage) -> None:
    film = folder(house) / "Heat.mkv"
    cache_with_sidecars(house.desk, house.spot(film), Sidecars.SUBTITLES)
    assert return_stranded(house.desk) == []
    move_back(house.desk, film)  # as after a crash between the film and the rest
    assert [path.name for path in return_stranded(house.desk)] == ["Heat.en.srt", "Heat.idx"]
    assert (house.hidden(), house.on_fast()) == ([], [])


def test_a_film_that_does_not_go_takes_nothing_along(house: Stage) -> None:
    film = folder(house) / "Heat.mkv"
    house.server.failure = ServerUnreachable("It is off.")
    with pytest.raises(ServerUnreachable):
        cache_with_sidecars(house.desk, house.spot(film), Sidecars.ALL)
    assert (house.hidden(), house.on_fast()) == ([], [])
