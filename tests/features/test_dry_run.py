"""`--dry-run` says what would be made and about what it takes, and touches nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from projectionist.features.previews.estimating import estimate_previews
from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import Recipe, Result
from projectionist.frames.thumbnails import Wanted
from tests.films import Film
from tests.pictures import contents
from tests.running import FIELDS, make, make_here, plan, run

MakeFilm = Callable[..., Film]


def estimate(
    path: Path,
    out: Path,
    formats: tuple[Format, ...] = (Format.BIF,),
    intervals_ms: tuple[int, ...] = (2000,),
    shortest_ns: int = 0,
) -> Result:
    [task] = plan(path, output=out, formats=formats, intervals_ms=intervals_ms).tasks
    return estimate_previews(task, Recipe(Wanted(intervals_ms, 64, shortest_ns=shortest_ns)))


def megabytes_to_write(result: Result) -> float:
    told = re.search(r"([\d.,]+) MB to write", result.message)
    assert told is not None
    return float(told[1].replace(",", ""))


def test_a_dry_run_makes_nothing_and_says_so(film: MakeFilm, tmp_path: Path) -> None:
    one = film("film.mkv", gop=24).path
    ran = make(one, "--output", tmp_path / "out", "--interval", 2, "--dry-run")
    told = ran.films["film.mkv"]
    assert (ran.code, ran.err) == (0, "")
    assert list(told) == FIELDS
    assert (told["outcome"], told["thumbnails"]) == ("planned", 6)
    assert told["outputs"] == [str(tmp_path / "out" / "film.bif")]
    assert "about" in told["message"]
    assert ran.summary["dry_run"]
    assert list(tmp_path.iterdir()) == []


def test_the_sentence_of_a_dry_run_does_not_claim_that_anything_was_made(
    film: MakeFilm, tmp_path: Path
) -> None:
    ran = run("previews", "make", film("film.mkv", gop=24).path, "--output", tmp_path / "out", "--dry-run")
    assert "1 would be made" in ran.out
    assert "new previews" not in ran.out
    assert "They would be in" in ran.out
    assert ran.out.count("\n") == 1


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.ts"])
def test_as_many_thumbnails_are_foretold_as_are_made(film: MakeFilm, tmp_path: Path, name: str) -> None:
    one = film(name, gop=24, codec="mpeg2video" if name.endswith("ts") else "h264").path
    foretold = estimate(one, tmp_path, intervals_ms=(2000, 1000))
    [made] = make_here(one, output=tmp_path, intervals_ms=(2000, 1000))
    assert (foretold.thumbnails, foretold.method) == (made.thumbnails, made.method)
    assert foretold.bytes_read > 0


def test_what_is_there_already_is_not_counted(film: MakeFilm, tmp_path: Path) -> None:
    one = film("film.mkv", gop=24).path
    make_here(one, output=tmp_path, intervals_ms=(2000,))
    before = contents(tmp_path)
    assert estimate(one, tmp_path).outcome == "fresh"
    partly = estimate(one, tmp_path, intervals_ms=(2000, 100))
    assert (partly.outcome, partly.thumbnails) == ("planned", (0, 120))
    assert [path.name for path in partly.outputs] == ["film-0.1s.bif"]
    assert contents(tmp_path) == before


def test_more_formats_are_more_to_write(film: MakeFilm, tmp_path: Path) -> None:
    one = film("film.mkv", gop=24).path
    single = estimate(one, tmp_path, intervals_ms=(100,))
    double = estimate(one, tmp_path, formats=(Format.BIF, Format.JPEG), intervals_ms=(100,))
    assert megabytes_to_write(double) == pytest.approx(2 * megabytes_to_write(single), abs=0.11)


def test_a_film_that_is_too_short_would_be_left_out(film: MakeFilm, tmp_path: Path) -> None:
    assert estimate(film("short.mkv", seconds=2).path, tmp_path, shortest_ns=5 * 10**9).outcome == "too_short"


def test_a_film_that_cannot_be_made_is_named(film: MakeFilm, tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_text("no film")
    (tmp_path / "b.mkv").touch()
    ran = make(tmp_path, film("film.mkv", gop=24).path, "--output", tmp_path / "out", "--dry-run")
    assert ran.code == 1
    assert {name: told["outcome"] for name, told in ran.films.items()} == {
        "a.mkv": "not_a_film",
        "b.mkv": "empty",
        "film.mkv": "planned",
    }
