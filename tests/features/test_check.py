"""`previews check`: how each preview stands to its film, and why; it changes nothing."""

from __future__ import annotations

import os
import struct

import pytest

from projectionist.features.previews.formats import Format
from projectionist.frames.bif import write_bif
from tests.features.command import Ran, previews
from tests.features.previews_library import ALL, Library, library
from tests.pictures import contents, spool_of

__all__ = ["library"]


def check(library: Library, *more: str, roots: tuple[str, ...] = ("m",)) -> Ran:
    """Check what `Library.make` makes by default, and what `more` says."""
    paths = [library.here / root for root in roots]
    return previews(
        "check", *paths, "--output", library.here / "previews", "--interval", "1", "--width", "64", *more
    )


@pytest.fixture
def made(library: Library) -> Library:
    """Two films with their BIFs."""
    library.add("m/A.mkv", "m/s/B.mkv")
    library.make("m")
    return library


def test_fresh_previews_are_counted_and_not_listed(made: Library) -> None:
    ran = check(made)
    assert ran.status == 0
    assert ran.out == "2 previews of 2 films: 2 fresh.\n"


def test_all_lists_the_fresh_ones_too(made: Library) -> None:
    ran = check(made, "--all")
    assert ran.status == 0
    assert ran.out.splitlines()[:2] == [
        f"   fresh  {made.here / 'previews/A.bif'}",
        f"   fresh  {made.here / 'previews/s/B.bif'}",
    ]


def test_it_changes_nothing(made: Library) -> None:
    (made.here / "m/A.mkv").touch()
    (made.here / "previews/.projectionist-0123abcd.tmp").write_bytes(b"left behind")
    before = contents(made.here)
    check(made, "--deep", "--format", "jpeg", "--format", "bif")
    assert contents(made.here) == before


def test_a_missing_preview_is_told(made: Library) -> None:
    (made.here / "previews/A.bif").unlink()
    ran = check(made)
    assert ran.status == 1
    assert ran.out.splitlines() == [
        f" missing  {made.here / 'previews/A.bif'}: it is not there",
        "2 previews of 2 films: 1 missing, 1 fresh.",
    ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--interval", "2"], "an interval in milliseconds of 1000, not 2000"),
        (["--width", "32"], "a width of 64, not 32"),
        (["--quality", "70"], "quality 80, not 70"),
        (["--mode", "exact"], "mode auto, not exact"),
        (["--max-height", "20"], "a greatest height of None, not 20"),
        (["--skip-nonref"], "skip-nonref set to False, not True"),
    ],
)
def test_a_preview_made_otherwise_is_stale(made: Library, options: list[str], why: str) -> None:
    asked = {"--interval": "1", "--width": "64", **dict([(options[0], options[1])] if options[1:] else [])}
    flags = [part for pair in asked.items() for part in pair] + (options if not options[1:] else [])
    ran = previews("check", made.here / "m", "--output", made.here / "previews", *flags)
    assert ran.status == 1
    assert why in ran.out
    assert "2 stale" in ran.out


def test_the_preview_of_a_film_that_changed_is_stale(made: Library) -> None:
    with (made.here / "m/A.mkv").open("ab") as film:
        film.write(b"more")
    ran = check(made)
    assert "A.bif: the film has changed since" in ran.out
    assert ran.status == 1


@pytest.mark.parametrize("kept", [0, 10, 80, 500])
def test_a_broken_preview_is_told_with_what_is_wrong(made: Library, kept: int) -> None:
    os.truncate(made.here / "previews/A.bif", kept)
    ran = check(made)
    assert ran.status == 1
    assert ran.out.startswith("  broken  ")
    assert "1 broken" in ran.out


def test_deep_finds_a_picture_that_does_not_decode(made: Library) -> None:
    path = made.here / "previews/A.bif"
    whole = bytearray(path.read_bytes())
    start = struct.unpack_from("<I", whole, 68 + 8 * 2)[0]
    tables = whole.index(b"\xff\xc4", start)
    whole[tables + 5 : tables + 21] = bytes([255] * 16)
    path.write_bytes(whole)
    assert check(made).status == 0
    ran = check(made, "--deep")
    assert ran.status == 1
    assert "Picture 2 at byte" in ran.out


def test_a_preview_of_another_tool_is_foreign(made: Library) -> None:
    with spool_of(4, made.here) as pictures:
        write_bif(made.here / "previews/A.bif", pictures, 1000, "")
    ran = check(made)
    assert ran.status == 1
    assert "1 foreign" in ran.out


def test_something_else_in_the_place_of_a_preview_is_broken(made: Library) -> None:
    (made.here / "previews/A.bif").unlink()
    (made.here / "previews/A.bif").mkdir()
    ran = check(made)
    assert "1 broken" in ran.out


def test_every_format_and_interval_is_checked_for_itself(made: Library) -> None:
    made.make("m", formats=ALL, intervals=(1, 2))
    options = [part for kind in ALL for part in ("--format", str(kind))]
    ran = check(made, "--interval", "2", *options)
    assert ran.status == 0
    assert ran.out == "16 previews of 2 films: 16 fresh.\n"
    (made.here / "previews/A-2s.trickplay/64 - 10x10/0.jpg").unlink()
    told = [one for one in check(made, "--interval", "2", *options, "--json").objects if "state" in one]
    assert [(one["format"], one["interval"], one["state"]) for one in told if one["state"] != "fresh"] == [
        ("trickplay", 2, "broken")
    ]


def test_json_has_one_object_per_preview_and_a_summary(made: Library) -> None:
    (made.here / "previews/A.bif").unlink()
    ran = check(made, "--json")
    assert ran.status == 1
    assert ran.objects == [
        {
            "path": str(made.here / "m/A.mkv"),
            "output": str(made.here / "previews/A.bif"),
            "format": "bif",
            "interval": 1,
            "state": "missing",
            "outcome": None,
            "message": "it is not there",
        },
        {
            "path": str(made.here / "m/s/B.mkv"),
            "output": str(made.here / "previews/s/B.bif"),
            "format": "bif",
            "interval": 1,
            "state": "fresh",
            "outcome": None,
            "message": "",
        },
        {
            "summary": True,
            "films": 2,
            "outputs": 2,
            "states": {"missing": 1, "fresh": 1},
            "unreadable": 0,
            "all_fresh": False,
        },
    ]


def test_a_film_that_cannot_be_opened_is_told_and_does_not_stop_the_rest(made: Library) -> None:
    (made.here / "m/A.mkv").write_bytes(b"")
    ran = check(made, "--json")
    assert ran.status == 1
    first, second, summary = ran.objects
    assert (first["state"], first["outcome"], first["output"]) == ("unknown", "empty", None)
    assert second["state"] == "fresh"
    assert summary["unreadable"] == 1
    assert "1 that could not be looked at" in check(made).out


@pytest.mark.parametrize(
    ("name", "outcome"), [("gone", "missing"), ("empty", "no_films"), ("loop", "unreadable")]
)
def test_a_folder_that_cannot_be_searched_is_told(made: Library, name: str, outcome: str) -> None:
    (made.here / "empty").mkdir()
    (made.here / "loop").symlink_to("loop")
    ran = check(made, "--json", roots=("m", name))
    assert ran.status == 1
    assert [one.get("outcome") for one in ran.objects if one.get("state") == "unknown"] == [outcome]
    assert ran.objects[-1]["states"] == {"fresh": 2}


def test_beside_the_films_is_checked_there(made: Library) -> None:
    made.make("m", into=None, formats=[Format.EMBY])
    options = ["--beside", "--format", "emby", "--interval", "1", "--width", "64"]
    assert previews("check", made.here / "m", *options).status == 0
    (made.here / "m/A-64-1.bif").unlink()
    assert previews("check", made.here / "m", *options).status == 1


def test_films_that_are_left_out_are_not_missing(made: Library) -> None:
    made.add("m/Trailers/T.mkv", "m/X.mkv")
    assert check(made, "--exclude", "X.mkv").status == 0
    assert check(made).status == 1
    assert "T.bif" in check(made, "--extras").out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--interval", "0"], "interval"),
        (["--width", "63"], "even"),
        (["--beside", "--output", "previews"], "not both"),
        (["--format", "gif"], "gif"),
    ],
)
def test_wrong_use_is_said_in_a_sentence(made: Library, options: list[str], said: str) -> None:
    ran = previews("check", made.here / "m", *options)
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
