"""`previews clean` where it cannot be told whether a film is gone: what is in doubt stays, and a sentence says why."""

from __future__ import annotations

import shutil

import pytest

from tests.features.command import previews
from tests.features.previews_library import ALL, Library, clean, library

__all__ = ["library"]


# Unknown is not false.


@pytest.mark.parametrize("how", ["missing", "empty", "no film", "a loop of links"])
def test_nothing_is_removed_where_a_folder_named_cannot_tell(library: Library, how: str) -> None:
    library.add("m/A.mkv", "m/B.mkv", "n/C.mkv")
    library.make("m", "n")
    shutil.rmtree(library.here / "m")
    if how == "empty":
        (library.here / "m").mkdir()
    elif how == "no film":
        (library.here / "m").mkdir()
        (library.here / "m/readme.txt").write_text("the disk goes here")
    elif how == "a loop of links":
        (library.here / "m").symlink_to("m")
    (library.here / "n/C.mkv").rename(library.here / "n/D.mkv")
    (library.here / "previews/.projectionist-0123abcd.tmp").write_bytes(b"half a preview")
    before = library.files()
    ran = clean(library, "m", "n", more=("--yes", "--these-are-all"))
    assert ran.status == 1
    assert str(library.here / "m") in ran.out
    assert "3 left alone in doubt" in ran.out
    assert "not every folder named could be searched" in ran.out
    assert library.files() == before


@pytest.mark.parametrize("how", ["empty", "a link to nowhere", "a file", "a loop of links"])
def test_a_disk_below_the_folder_named_that_is_not_mounted_loses_nothing(library: Library, how: str) -> None:
    library.add("m/one/A.mkv", "m/two/B/B.mkv", "m/C.mkv")
    library.make("m")
    shutil.rmtree(library.here / "m/two")
    place = library.here / "m/two"
    if how == "empty":
        place.mkdir()
    elif how == "a file":
        place.write_text("")
    else:
        place.symlink_to("/nowhere" if how == "a link to nowhere" else place)
    (library.here / "m/one/A.mkv").rename(library.here / "m/one/A2.mkv")
    ran = clean(library, "m", more=("--yes", "--these-are-all"))
    assert ran.status == 0
    assert str(place) in ran.out
    assert library.files() == {"two/B/B.bif", "C.bif"}


def test_a_film_folder_that_holds_no_film_any_more_keeps_its_preview(library: Library) -> None:
    library.add("m/A/A.mkv", "m/B/B.mkv")
    library.make("m")
    (library.here / "m/A/A.mkv").unlink()
    (library.here / "m/A/A.nfo").write_text("about A")
    ran = clean(library, "m", more=("--yes", "--these-are-all"))
    assert "holds no film at all" in ran.out
    assert library.files() == {"A/A.bif", "B/B.bif"}


# Which media folders were meant.


def test_a_film_folder_that_is_gone_below_a_folder_that_is_there_is_cleaned(library: Library) -> None:
    library.add("m/Films/A/A.mkv", "m/Films/B/B.mkv")
    library.make("m")
    shutil.rmtree(library.here / "m/Films/A")
    clean(library, "m")
    assert library.files() == {"Films/B/B.bif"}
    assert library.folders() == {"Films", "Films/B"}


def test_previews_of_a_folder_that_was_not_named_stay(library: Library) -> None:
    library.add("films/A/A.mkv", "films/B/B.mkv", "shows/S/1.mkv", "shows/S/2.mkv", "loose/L.mkv")
    library.make("films", "shows", "loose")
    before = library.files()
    ran = clean(library, "films")
    assert ran.status == 0
    assert "--these-are-all" in ran.out
    assert library.files() == before


def test_a_film_folder_that_is_gone_directly_below_the_one_named_is_cleaned(library: Library) -> None:
    library.add("films/A/A.mkv", "films/B/B.mkv", "shows/S/1.mkv")
    library.make("films", "shows")
    shutil.rmtree(library.here / "films/A")
    clean(library, "films")
    assert library.files() == {"B/B.bif", "S/1.bif"}


def test_a_library_that_moved_keeps_its_previews_until_told_that_all_folders_are_named(
    library: Library,
) -> None:
    library.add("films/A/A.mkv", "films/B/B.mkv")
    library.make("films")
    (library.here / "films").rename(library.here / "cinema")
    shutil.rmtree(library.here / "cinema/A")
    assert "--these-are-all" in clean(library, "cinema").out
    assert library.files() == {"A/A.bif", "B/B.bif"}
    clean(library, "cinema", more=("--yes", "--these-are-all"))
    assert library.files() == {"B/B.bif"}


def test_two_libraries_with_the_same_folders_are_told_apart(library: Library) -> None:
    library.add("one/Films/A.mkv", "one/Films/B.mkv", "two/Films/C.mkv", "two/Films/D.mkv")
    library.make("one", "two")
    (library.here / "two/Films/C.mkv").unlink()
    clean(library, "one")
    assert library.files() == {"Films/A.bif", "Films/B.bif", "Films/C.bif", "Films/D.bif"}
    clean(library, "one", "two")
    assert library.files() == {"Films/A.bif", "Films/B.bif", "Films/D.bif"}


@pytest.mark.parametrize("root", ["other", "m/4K", "."])
def test_naming_the_wrong_folder_removes_nothing(library: Library, root: str) -> None:
    library.add("m/A.mkv", "m/4K/B.mkv", "m/4K/C.mkv", "other/X.mkv", "other/4K/Y.mkv")
    library.make("m")
    before = library.files()
    clean(library, root)
    assert library.files() == before


def test_naming_a_folder_within_the_one_that_was_named_cleans_what_is_below_it(library: Library) -> None:
    library.add("m/A.mkv", "m/4K/B.mkv", "m/4K/C.mkv")
    library.make("m")
    for name in ("m/A.mkv", "m/4K/B.mkv"):
        (library.here / name).unlink()
    clean(library, "m/4K")
    assert library.files() == {"A.bif", "4K/C.bif"}


def test_an_output_is_an_orphan_only_if_no_folder_named_holds_its_film(library: Library) -> None:
    library.add("one/S/A.mkv", "two/S/B.mkv", "one/C.mkv", "two/D.mkv")
    library.make("one", "two")
    assert library.files() == {"S/A.bif", "S/B.bif", "C.bif", "D.bif"}
    clean(library, "one", "two")
    assert library.files() == {"S/A.bif", "S/B.bif", "C.bif", "D.bif"}
    library.add("one/S/A2.mkv")
    (library.here / "one/S/A.mkv").unlink()
    clean(library, "one", "two")
    assert library.files() == {"S/B.bif", "C.bif", "D.bif"}


def test_previews_under_the_name_of_their_folder_belong_to_it(library: Library) -> None:
    library.add("x/one/A.mkv", "x/two/A.mkv", "x/one/B.mkv", "x/one/C.mkv", "x/two/C.mkv")
    library.make("x/one", "x/two")
    before = library.files()
    assert before == {"one/A.mkv.bif", "two/A.mkv.bif", "B.bif", "one/C.mkv.bif", "two/C.mkv.bif"}
    clean(library, "x/one", "x/two")
    assert library.files() == before
    (library.here / "x/one/A.mkv").unlink()
    clean(library, "x/one", "x/two")
    assert library.files() == before - {"one/A.mkv.bif"}


# Beside the media.


def test_beside_the_media_only_previews_of_absent_films_go(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv", "m/sub/C.mkv", "m/sub/D.mkv")
    library.make("m", into=None, formats=ALL)
    for name in ("m/A.mkv", "m/sub/D.mkv"):
        (library.here / name).unlink()
    (library.here / "m/A.srt").write_text("mine")
    ran = previews("clean", library.here / "m", "--beside", "--yes")
    assert ran.status == 0
    left = library.files("m")
    assert {name for name in left if name.startswith(("A", "sub/D"))} == {"A.srt"}
    assert {"B.mkv", "B.bif", "B-64-1.bif", "sub/C.mkv", "sub/C.bif"} <= left


def test_beside_the_media_a_folder_without_any_film_loses_nothing(library: Library) -> None:
    library.add("m/A/A.mkv", "m/B/B.mkv")
    library.make("m", into=None)
    (library.here / "m/A/A.mkv").unlink()
    previews("clean", library.here / "m", "--beside", "--yes")
    assert library.files("m") == {"A/A.bif", "B/B.mkv", "B/B.bif"}


def test_beside_the_media_a_folder_that_cannot_tell_keeps_its_own_only(library: Library) -> None:
    library.add("m/A.mkv", "n/B.mkv", "n/C.mkv")
    library.make("m", "n", into=None)
    for name in ("m/A.mkv", "n/B.mkv"):
        (library.here / name).unlink()
    (library.here / "m/.projectionist-0123abcd.tmp").write_bytes(b"half a preview")
    ran = previews("clean", library.here / "m", library.here / "n", "--beside", "--yes")
    assert ran.status == 1
    assert library.files("m") == {"A.bif", ".projectionist-0123abcd.tmp"}
    assert library.files("n") == {"C.mkv", "C.bif"}


def test_previews_mirrored_into_the_media_folder_itself_are_cleaned(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", into="m")
    (library.here / "m/A.mkv").unlink()
    clean(library, "m", into="m")
    assert library.files("m") == {"B.mkv", "B.bif"}


def test_a_preview_beside_its_film_stays_whatever_is_named(library: Library) -> None:
    library.add("m/one/A.mkv", "m/two/B.mkv", "m/one/C.mkv")
    library.make("m/one", "m/two", into=None)
    before = library.files("m")
    clean(library, "m/two", into="m", more=("--yes", "--these-are-all"))
    assert library.files("m") == before
