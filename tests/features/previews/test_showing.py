"""Pictures are shown one by one, from BIFs and from sheets, and only below registered roots."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from projectionist.errors import InputWrong, NotFound, PreviewInvalid
from projectionist.features.previews import queries, showing
from projectionist.features.previews.choices import Place
from projectionist.features.previews.showing import Showcase
from projectionist.features.previews.workplace import as_columns
from projectionist.frames import jpeg
from projectionist.media.vocabulary import ServerKind
from tests.features.previews.household import Household

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the pages ask of the database is tried on both by test_keeping and test_upkeep."""


def made(house: Household, *places: Place) -> int:
    """A film whose preview is made at these places; its part."""
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    with house.database.write() as session:
        values = as_columns({"places": places, "interval_ms": 1_000, "width": 64})
        queries.save_library_choice(session, library, values)
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    house.work()
    return part


@pytest.mark.parametrize("place", [Place.FOLDER, Place.EMBY, Place.JELLYFIN])
def test_every_picture_of_a_preview_can_be_had(house: Household, place: Place) -> None:
    row = house.row(made(house, place))
    showcase = Showcase()

    strip = showing.strip_of_part(house.place, showcase, row)

    assert (strip.count, strip.interval_ms, strip.width, strip.height) == (12, 1_000, 64, 36)
    pictures = [showcase.picture(strip, number) for number in range(strip.count)]
    assert {jpeg.dimensions(picture) for picture in pictures} == {(64, 36)}
    assert len(set(pictures)) > 6


@pytest.mark.parametrize("place", [Place.FOLDER, Place.JELLYFIN])
@pytest.mark.parametrize("number", [-1, 12, 10**9])
def test_a_picture_beyond_the_last_is_not_found(house: Household, place: Place, number: int) -> None:
    row = house.row(made(house, place))
    showcase = Showcase()
    strip = showing.strip_of_part(house.place, showcase, row)

    with pytest.raises(NotFound):
        showcase.picture(strip, number)


def test_a_preview_that_is_made_anew_gets_another_version(house: Household) -> None:
    row = house.row(made(house, Place.FOLDER))
    showcase = Showcase()
    before = showing.strip_of_part(house.place, showcase, row)

    os.utime(before.path, (1, 1))

    assert showing.strip_of_part(house.place, showcase, row).version != before.version


def test_another_place_stands_in_for_one_that_is_gone(house: Household) -> None:
    row = house.row(made(house, Place.EMBY, Place.JELLYFIN))
    Path(row.targets[0]["path"]).unlink()

    strip = showing.strip_of_part(house.place, Showcase(), row)

    assert strip.path == Path(row.targets[1]["path"])


def test_without_a_preview_there_is_nothing_to_show(house: Household) -> None:
    row = house.row(made(house, Place.FOLDER))
    Path(row.targets[0]["path"]).unlink()

    with pytest.raises(NotFound, match="make it"):
        showing.strip_of_part(house.place, Showcase(), row)


def test_any_preview_below_a_root_can_be_looked_into(house: Household) -> None:
    row = house.row(made(house, Place.JELLYFIN))
    path = row.targets[0]["path"]

    assert showing.inspect(house.place, path).count == 12
    assert showing.strip_of_path(house.place, Showcase(), path).count == 12


@pytest.mark.parametrize("path", ["/etc/passwd", "{outside}/secret.bif", "{media}/../outside/secret.bif"])
def test_what_lies_outside_the_roots_is_not_found(house: Household, tmp_path: Path, path: str) -> None:
    made(house, Place.FOLDER)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.bif").write_bytes(b"secret")

    with pytest.raises(NotFound, match="below none of them"):
        showing.confined(house.place, path.format(outside=outside, media=house.media))


def test_a_link_leads_nowhere_outside_the_roots(house: Household, tmp_path: Path) -> None:
    made(house, Place.FOLDER)
    (tmp_path / "secret.bif").write_bytes(b"secret")
    link = house.place.folder / "link.bif"
    link.symlink_to(tmp_path / "secret.bif")

    with pytest.raises(NotFound, match="below none of them"):
        showing.confined(house.place, str(link))


def test_a_sibling_that_begins_like_a_root_is_outside(house: Household) -> None:
    made(house, Place.FOLDER)
    sibling = house.place.folder.with_name("previews-of-others")
    sibling.mkdir()

    with pytest.raises(NotFound, match="below none of them"):
        showing.confined(house.place, str(sibling))


@pytest.mark.parametrize("path", ["", "previews/a.bif", "/a\0b"])
def test_a_path_that_is_none_is_refused(house: Household, path: str) -> None:
    with pytest.raises(InputWrong):
        showing.confined(house.place, path)


def test_what_is_no_preview_says_so(house: Household) -> None:
    made(house, Place.FOLDER)
    path = house.place.folder / "other.bif"
    path.write_bytes(b"no preview at all")

    assert showing.inspect(house.place, str(path)).problems
    with pytest.raises(PreviewInvalid):
        showing.strip_of_path(house.place, Showcase(), str(path))
