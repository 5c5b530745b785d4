"""`previews clean`: removes only previews of ours whose film is certainly gone, and lists them first."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from projectionist.features.previews import service
from projectionist.features.previews.cleaning import Sweep
from projectionist.features.previews.formats import Format
from projectionist.frames.bif import read_bif, write_bif
from tests.features.command import Ran, previews
from tests.features.library import ALL, Library, library
from tests.pictures import contents, spool_of

__all__ = ["library"]


def clean(library: Library, *roots: str, into: str = "previews", more: tuple[str, ...] = ("--yes",)) -> Ran:
    return previews("clean", *(library.here / root for root in roots), "--output", library.here / into, *more)


def test_previews_of_a_film_that_is_gone_are_removed_and_all_others_stay(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=ALL)
    kept = {name for name in library.files() if name.startswith("B")}
    (library.here / "m/A.mkv").unlink()
    ran = clean(library, "m")
    assert ran.status == 0
    assert library.files() == kept
    assert "A.bif" in ran.out
    assert "B.bif" not in ran.out


def test_without_a_terminal_and_without_yes_it_only_lists(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").unlink()
    before = contents(library.here)
    ran = clean(library, "m", more=())
    assert ran.status == 0
    assert "A.bif: A.mkv is gone" in ran.out
    assert "--yes" in ran.out
    assert contents(library.here) == before


@pytest.mark.parametrize(("answer", "left"), [("y", {"B.bif"}), ("n", {"A.bif", "B.bif"})])
def test_on_a_terminal_it_asks_once_after_the_list(library: Library, answer: str, left: set[str]) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").unlink()
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).with_name("projectionist")), "previews", "clean", "m"]
    with subprocess.Popen(command, cwd=library.here, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        shown = b""
        while b"Remove them?" not in shown:
            shown += os.read(ours, 4096)
        process.wait(60)
    os.close(ours)
    assert shown.index(b"A.mkv is gone") < shown.index(b"Remove them?")
    assert library.files() == left


def test_json_tells_each_orphan_and_a_summary(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").unlink()
    size = (library.here / "previews/A.bif").stat().st_size
    listed = clean(library, "m", more=("--json",)).objects
    assert listed[0] == {
        "path": str(library.here / "previews/A.bif"),
        "film": "A.mkv",
        "format": "bif",
        "bytes": size,
        "verdict": "orphan",
        "removed": False,
        "message": "A.mkv is gone",
    }
    assert listed[1] == {
        "summary": True,
        "orphans": 1,
        "doubtful": 0,
        "in_use": 1,
        "foreign": 0,
        "leftovers": 0,
        "removed": 0,
        "refused": [],
    }
    removed = clean(library, "m", more=("--json", "--yes")).objects
    assert removed[0]["removed"]
    assert removed[1]["removed"] == 1
    assert library.files() == {"B.bif"}


def test_a_second_run_finds_nothing(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").unlink()
    clean(library, "m")
    ran = clean(library, "m")
    assert ran.status == 0
    assert "0 previews whose film is gone" in ran.out


# What belongs to a film, whatever it was made with.


def test_previews_of_every_interval_width_and_format_belong_to_their_film(library: Library) -> None:
    library.add("m/A.mkv", "m/A.mp4", "m/sub/B.mkv", "m/Trailers/C.mkv")
    library.make("m", formats=ALL, intervals=(1, 2), extras=True)
    library.make("m", formats=[Format.TRICKPLAY, Format.EMBY], intervals=(3,), width=32)
    before = contents(library.here)
    ran = clean(library, "m")
    assert ran.status == 0
    assert contents(library.here) == before


def test_the_preview_of_a_film_renamed_to_another_ending_stays(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=ALL)
    (library.here / "m/A.mkv").rename(library.here / "m/A.mp4")
    before = library.files()
    clean(library, "m")
    assert library.files() == before


def test_a_preview_named_with_the_ending_of_a_film_that_is_gone_is_removed(library: Library) -> None:
    library.add("m/A.mkv", "m/A.mp4")
    library.make("m")
    assert library.files() == {"A.mkv.bif", "A.mp4.bif"}
    (library.here / "m/A.mkv").unlink()
    clean(library, "m")
    assert library.files() == {"A.mp4.bif"}


def test_a_film_whose_name_is_written_in_other_letters_is_there(library: Library) -> None:
    library.add("m/Am\u00e9lie.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/Am\u00e9lie.mkv").rename(library.here / "m/AME\u0301LIE.MKV")
    clean(library, "m")
    assert library.files() == {"Am\u00e9lie.bif", "B.bif"}


def test_a_film_that_is_a_link_to_nowhere_is_not_gone(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").unlink()
    (library.here / "m/A.mkv").symlink_to("/nowhere/A.mkv")
    clean(library, "m")
    assert library.files() == {"A.bif", "B.bif"}


def test_a_film_of_an_unusual_ending_that_was_named_itself_is_there(library: Library) -> None:
    library.add("m/A.dat", "m/B.mkv")
    library.make("m/A.dat", "m/B.mkv")
    assert library.files() == {"A.bif", "B.bif"}
    clean(library, "m")
    (library.here / "m/A.dat").unlink()
    (library.here / "m/A.dat").symlink_to("/nowhere/A.dat")
    clean(library, "m")
    assert library.files() == {"A.bif", "B.bif"}


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


def test_saying_that_all_folders_are_named_lets_whole_film_folders_go(library: Library) -> None:
    library.add("films/A/A.mkv", "films/B/B.mkv", "shows/S/1.mkv")
    library.make("films", "shows")
    shutil.rmtree(library.here / "films/A")
    assert "A.bif" in clean(library, "films", "shows").out
    assert library.files() == {"A/A.bif", "B/B.bif", "S/1.bif"}
    clean(library, "films", "shows", more=("--yes", "--these-are-all"))
    assert library.files() == {"B/B.bif", "S/1.bif"}


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


# Only ours, and only here.


def test_previews_of_other_tools_stay_under_any_name(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=ALL)
    shown = library.here / "previews"
    for name in ("C.bif", "C-320-10.bif"):
        write_foreign_bif(shown / name)
    for folder in ("C.trickplay/320 - 10x10", "C.thumbnails"):
        (shown / folder).mkdir(parents=True)
        (shown / folder / "0.jpg").write_bytes(spool_of(1, shown).picture(0))
        (shown / folder / "00000.jpg").write_bytes(spool_of(1, shown).picture(0))
    before = contents(library.here)
    clean(library, "m", more=("--yes", "--these-are-all"))
    assert contents(library.here) == before


def test_another_tools_preview_in_the_place_of_ours_stays(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    write_foreign_bif(library.here / "previews/A.bif")
    (library.here / "m/A.mkv").unlink()
    clean(library, "m")
    assert library.files() == {"A.bif", "B.bif"}


@pytest.mark.parametrize("folder", ["A.thumbnails", "A.trickplay/64 - 10x10"])
@pytest.mark.parametrize("stranger", ["notes.txt", ".keep", "99999.jpg", "sub/x", "link.jpg"])
def test_a_preview_folder_that_holds_something_foreign_stays(
    library: Library, folder: str, stranger: str
) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=ALL)
    (library.here / "m/A.mkv").unlink()
    path = library.here / "previews" / folder / stranger
    path.parent.mkdir(exist_ok=True)
    if stranger == "link.jpg":
        path.symlink_to("0.jpg")
    else:
        path.write_text("mine")
    there = {str(one) for one in (library.here / "previews" / folder).iterdir()}
    ran = clean(library, "m")
    assert Path(stranger).parts[0] in ran.out
    assert {str(one) for one in (library.here / "previews" / folder).iterdir()} == there


@pytest.mark.parametrize("name", ["A.thumbnails/00002.jpg", "A.trickplay/64 - 10x10/0.jpg"])
def test_a_preview_folder_in_which_a_picture_is_a_link_stays(library: Library, name: str) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=[Format.JPEG, Format.TRICKPLAY])
    (library.here / "m/A.mkv").unlink()
    path = library.here / "previews" / name
    path.rename(library.here / "mine.jpg")
    path.symlink_to(library.here / "mine.jpg")
    clean(library, "m")
    assert path.is_symlink()


def test_what_computers_drop_into_folders_goes_with_them(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=[Format.JPEG])
    (library.here / "m/A.mkv").unlink()
    (library.here / "previews/A.thumbnails/.DS_Store").write_text("")
    (library.here / "previews/A.thumbnails/@eaDir").mkdir()
    clean(library, "m")
    assert not (library.here / "previews/A.thumbnails").exists()


def test_a_trickplay_folder_with_sheets_of_another_tool_keeps_those(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=[Format.TRICKPLAY])
    (library.here / "m/A.mkv").unlink()
    other = library.here / "previews/A.trickplay/320 - 10x10"
    other.mkdir()
    (other / "0.jpg").write_bytes(spool_of(1, library.here).picture(0))
    clean(library, "m")
    assert library.folders() >= {"A.trickplay/320 - 10x10"}
    assert not (library.here / "previews/A.trickplay/64 - 10x10").exists()


def test_no_link_is_followed_out_of_the_folder_of_previews(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=ALL)
    library.make("m", into="elsewhere", formats=ALL)
    (library.here / "m/A.mkv").unlink()
    shown = library.here / "previews"
    for path in shown.glob("A*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.symlink_to(library.here / "elsewhere" / path.name)
    (shown / "all").symlink_to(library.here / "elsewhere")
    elsewhere = contents(library.here / "elsewhere")
    links = library.files()
    ran = clean(library, "m", more=("--yes", "--these-are-all"))
    assert ran.status == 0
    assert "A" not in ran.out
    assert contents(library.here / "elsewhere") == elsewhere
    assert library.files() == links


def test_the_folder_of_previews_may_itself_be_a_link(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", into="real", formats=ALL)
    (library.here / "previews").symlink_to(library.here / "real")
    (library.here / "m/A.mkv").unlink()
    clean(library, "m")
    assert not [name for name in library.files("real") if name.startswith("A")]


def test_empty_folders_are_removed_up_to_the_folder_of_previews(library: Library) -> None:
    library.add("m/S/1/A.mkv", "m/S/2/B.mkv", "m/S/C.mkv")
    library.make("m", formats=ALL)
    for name in ("S/1", "S/2"):
        shutil.rmtree(library.here / "m" / name)
    mine = library.here / "previews/S/2/notes.txt"
    mine.write_text("mine")
    (library.here / "previews/empty").mkdir()
    clean(library, "m")
    assert "S/1" not in library.folders()
    assert mine.exists()
    assert (library.here / "previews/empty").exists()


def test_the_folder_of_previews_itself_stays(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").rename(library.here / "m/C.mkv")
    (library.here / "m/B.mkv").unlink()
    clean(library, "m", more=("--yes", "--these-are-all"))
    assert library.files() == set()
    assert (library.here / "previews").is_dir()


def test_a_broken_preview_of_ours_is_known_by_its_first_picture(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    path = library.here / "previews/A.bif"
    os.truncate(path, path.stat().st_size - 10)
    (library.here / "m/A.mkv").unlink()
    clean(library, "m")
    assert library.files() == {"B.bif"}


@pytest.mark.parametrize("size", [0, 5, 64, 200])
def test_a_preview_too_broken_to_tell_its_maker_stays(library: Library, size: int) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    os.truncate(library.here / "previews/A.bif", size)
    (library.here / "m/A.mkv").unlink()
    clean(library, "m")
    assert library.files() == {"A.bif", "B.bif"}


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


# What happens meanwhile, and what was left behind.


def test_a_film_that_comes_back_after_the_list_keeps_its_preview(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").rename(library.here / "away.mkv")
    findings = service.find_orphans(Sweep((library.here / "m",), library.here / "previews"))
    assert [one.preview.output.path.name for one in findings.orphans] == ["A.bif"]
    (library.here / "away.mkv").rename(library.here / "m/A.mkv")
    (removal,) = service.remove_orphans(findings)
    assert not removal.removed
    assert "is there again" in removal.message
    assert library.files() == {"A.bif", "B.bif"}


def test_a_media_folder_that_goes_away_after_the_list_loses_nothing(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").unlink()
    findings = service.find_orphans(Sweep((library.here / "m",), library.here / "previews"))
    (library.here / "m").rename(library.here / "away")
    (removal,) = service.remove_orphans(findings)
    assert not removal.removed
    assert library.files() == {"A.bif", "B.bif"}


def test_a_preview_made_anew_after_the_list_stays(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m")
    (library.here / "m/A.mkv").rename(library.here / "away.mkv")
    findings = service.find_orphans(Sweep((library.here / "m",), library.here / "previews"))
    (library.here / "away.mkv").rename(library.here / "m/A.mkv")
    library.make("m", intervals=(2,))
    (library.here / "m/A.mkv").unlink()
    (removal,) = service.remove_orphans(findings)
    assert not removal.removed
    assert "changed since" in removal.message
    assert library.files() == {"A.bif", "B.bif"}


def test_one_that_cannot_be_removed_does_not_stop_the_rest(library: Library) -> None:
    library.add("m/A.mkv", "m/B.mkv", "m/C.mkv", "m/D.mkv")
    library.make("m")
    for name in "ABC":
        (library.here / f"m/{name}.mkv").unlink()
    findings = service.find_orphans(Sweep((library.here / "m",), library.here / "previews"))
    (library.here / "previews/B.bif").unlink()
    removals = {removal.path.name: removal.removed for removal in service.remove_orphans(findings)}
    assert removals == {"A.bif": True, "B.bif": False, "C.bif": True}
    assert library.files() == {"D.bif"}


def test_what_stopped_runs_left_hidden_is_removed_but_not_before_yes(library: Library) -> None:
    library.add("m/A.mkv", "m/s/B.mkv")
    library.make("m", formats=ALL)
    hidden = (".projectionist-0123abcd.tmp", "s/.projectionist-89abcdef.tmp")
    left = [library.here / "previews" / name for name in hidden]
    for path in left:
        path.write_bytes(b"half a preview")
    stranger = library.here / "previews/.projectionist-of-mine.tmp"
    stranger.write_text("mine")
    ran = clean(library, "m", more=())
    assert "2 hidden leftovers" in ran.out
    assert all(path.exists() for path in left)
    clean(library, "m")
    assert not any(path.exists() for path in left)
    assert stranger.exists()


def test_what_a_killed_removal_of_sheets_left_goes_with_its_folder(library: Library) -> None:
    library.add("m/A.mkv")
    library.make("m")
    stage = library.here / "previews/B.trickplay/.projectionist-0123abcd.tmp"
    (stage / "gone").mkdir(parents=True)
    (stage / "lock").write_text("64 - 10x10")
    (stage / "gone/0.jpg").write_bytes(b"a sheet")
    clean(library, "m")
    assert library.files() == {"A.bif"}
    assert library.folders() == set()


def test_folders_may_be_named_with_dots_and_through_links(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add("m/A.mkv", "m/B.mkv", "deep/er/C.mkv")
    library.make("m")
    (library.here / "m/A.mkv").unlink()
    (library.here / "link").symlink_to("deep/er")
    monkeypatch.chdir(library.here / "m")
    assert previews("clean", "../link/../../m", "--output", "../previews", "--yes").status == 0
    assert library.files() == {"B.bif"}


# Wrong use.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["m/A.mkv", "--output", "previews"], "name the folders"),
        (["m", "--output", "nowhere"], "--output"),
        (["m", "--output", "m/A.mkv"], "--output"),
        (["m", "--beside", "--output", "previews"], "not both"),
        ([], "PATH"),
    ],
)
def test_wrong_use_is_said_in_a_sentence(
    library: Library, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    library.add("m/A.mkv")
    library.make("m")
    monkeypatch.chdir(library.here)
    ran = previews("clean", *arguments)
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("folder", ["A.trickplay", "A.trickplay/64 - 10x10", "A.thumbnails"])
def test_a_preview_named_as_the_folder_of_previews_is_not_taken_apart(library: Library, folder: str) -> None:
    library.add("m/A.mkv", "m/B.mkv")
    library.make("m", formats=ALL)
    (library.here / "m/A.mkv").unlink()
    before = library.files()
    assert clean(library, "m", into=f"previews/{folder}", more=("--yes", "--these-are-all")).status == 0
    assert library.files() == before


def write_foreign_bif(path: Path) -> None:
    """A BIF without a record: ours, less its comment."""
    with spool_of(3, path.parent) as pictures:
        write_bif(path, pictures, 1000, "")
    with read_bif(path) as opened:
        assert opened.comment == ""
