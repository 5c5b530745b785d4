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
from tests.features.command import previews
from tests.features.previews_library import ALL, Library, clean, library
from tests.pictures import contents, spool_of

__all__ = ["library"]


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
