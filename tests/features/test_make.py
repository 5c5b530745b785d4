"""`previews make` on real films of every kind and on everything that is none."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import Recipe, Result, make_previews
from projectionist.features.previews.outputs import Output, problems
from projectionist.frames import jpeg
from projectionist.frames.bif import read_bif
from projectionist.frames.picture_folder import read_picture_folder
from projectionist.frames.slots import Mode
from projectionist.frames.thumbnails import Wanted
from projectionist.frames.trickplay import read_trickplay
from tests.films import ENCRYPTED, Film, make_film, punch_random, read_frame_number, truncate
from tests.pictures import contents
from tests.running import FIELDS, Ran, arguments, make, make_here, plan, temporaries_below

MakeFilm = Callable[..., Film]
EVERY_FORMAT = tuple(word for kind in Format for word in ("--format", kind))


def pictures_of(output: Path, kind: Format) -> list[bytes]:
    if kind is Format.TRICKPLAY:
        return list(read_trickplay(output))
    if kind is Format.JPEG:
        return list(read_picture_folder(output))
    with read_bif(output) as bif:
        return list(bif)


def numbers(output: Path, kind: Format = Format.BIF) -> list[int]:
    return [read_frame_number(picture) for picture in pictures_of(output, kind)]


def nearest(film: Film, interval: float) -> list[int]:
    """The keyframe that each thumbnail should show."""
    count = int(film.last / Fraction(interval)) + 1
    return [film.nearest_keyframe(number * Fraction(interval)) for number in range(count)]


def test_every_format_shows_the_right_picture_at_every_interval(film: MakeFilm, tmp_path: Path) -> None:
    one = film("film.mkv", gop=24)
    kinds = (Format.BIF, Format.EMBY, Format.TRICKPLAY, Format.JPEG)
    ran = make(
        one.path, "--output", tmp_path, *EVERY_FORMAT, "--interval", 2, "--interval", 1, "--width", 160
    )
    assert (ran.code, ran.err) == (0, "")
    told = ran.films["film.mkv"]
    assert list(told) == FIELDS
    assert (told["outcome"], told["method"], told["message"]) == ("made", "matroska-cues", "")
    assert (told["interval"], told["thumbnails"]) == ([2, 1], [6, 12])
    assert told["bytes_read"] > 0
    assert told["cpu_seconds"] > 0
    for place, path in enumerate(told["outputs"]):
        kind, interval = kinds[place % 4], 2 if place < 4 else 1
        assert problems(Output(0, kind, Path(path)), deep=True) == []
        assert numbers(Path(path), kind) == nearest(one, interval)
    with read_bif(tmp_path / "film-1s.bif") as bif:
        assert (bif.count, bif.interval_ms) == (12, 1000)
    assert (tmp_path / "film-160-2.bif").read_bytes() == (tmp_path / "film.bif").read_bytes()
    assert ran.summary["thumbnails"] == 18


def test_films_of_many_kinds_are_made_at_once(film: MakeFilm, tmp_path: Path) -> None:
    kinds = {"a.mkv": "hevc", "b.mp4": "h264", "c.webm": "vp9", "d.mov": "h264", "e.ts": "mpeg2video"}
    films = {name: film(name, codec=codec, gop=24, seconds=6) for name, codec in kinds.items()}
    ran = make(*(one.path for one in films.values()), "--output", tmp_path, "--interval", 2)
    assert (ran.code, ran.err) == (0, "")
    assert {told["outcome"] for told in ran.films.values()} == {"made"}
    for name, one in films.items():
        assert numbers(tmp_path / f"{name[0]}.bif") == nearest(one, 2)
    assert ran.summary["films"] == ran.summary["outcomes"]["made"] == len(films)


@pytest.mark.parametrize("mode", Mode)
def test_the_mode_decides_how_near_a_picture_is(film: MakeFilm, tmp_path: Path, mode: Mode) -> None:
    one = film("film.mkv", gop=240)
    make_here(one.path, output=tmp_path, mode=mode, width=160)
    wanted = nearest(one, 2) if mode is Mode.KEYFRAME else [one.frame_at(2 * number) for number in range(6)]
    assert numbers(tmp_path / "film.bif") == wanted


def test_max_height_and_quality_are_heeded(film: MakeFilm, tmp_path: Path) -> None:
    one = film("film.mkv", gop=24).path
    make_here(one, output=tmp_path / "fine", width=320, quality=90)
    make_here(one, output=tmp_path / "poor", width=320, quality=20, max_height=90)
    with read_bif(tmp_path / "fine/film.bif") as fine, read_bif(tmp_path / "poor/film.bif") as poor:
        assert (jpeg.dimensions(fine.picture(0)), jpeg.dimensions(poor.picture(0))) == ((320, 180), (160, 90))
        assert fine.size > poor.size


def test_a_film_shorter_than_wanted_is_left_out_and_counts_as_done(film: MakeFilm, tmp_path: Path) -> None:
    short, longer = film("short.mkv", seconds=2), film("film.mkv", gop=24)
    ran = make(short.path, longer.path, "--output", tmp_path, "--min-duration", 5)
    assert ran.code == 0
    assert {name: told["outcome"] for name, told in ran.films.items()} == {
        "short.mkv": "too_short",
        "film.mkv": "made",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["film.bif"]


@pytest.fixture(scope="module")
def bad_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a library holds and that is no film, or a broken one, and one good film."""
    folder = tmp_path_factory.mktemp("bad")
    good = make_film(folder / "good.mkv", gop=24).path
    mp4 = make_film(folder / "good.mp4", gop=24, seconds=6).path
    (folder / "empty.mkv").touch()
    (folder / "text.mkv").write_text("This is a letter, and no film.\n" * 100)
    (folder / "zeros.mkv").write_bytes(bytes(100_000))
    (folder / "noise.mp4").write_bytes(os.urandom(100_000))
    (folder / "subtitles.avi").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    truncate(good, 0.001, folder / "stub.mkv")
    truncate(good, 0.6, folder / "cut.mkv")
    truncate(mp4, 0.5, folder / "headless.mp4")
    make_film(folder / "cut.mp4", gop=24, muxer={"movflags": "faststart"})
    truncate(folder / "cut.mp4", 0.6)
    punch_random(good, 0.3, 0.3, into=folder / "hole.mkv")
    make_film(folder / "audio.mkv", codec=None, audio="aac", seconds=3)
    make_film(folder / "cover.m4v", codec=None, audio="aac", cover=True, seconds=3)
    make_film(folder / "still.mkv", frames=1)
    make_film(folder / "encrypted.mp4", muxer=ENCRYPTED)
    (folder / "link.mkv").symlink_to(folder / "nowhere.mkv")
    return folder


def assert_one_sentence(message: str, name: str) -> None:
    assert message.isprintable()
    assert message.endswith(".")
    assert name in message
    assert message[0] in "/PTN"
    assert "Traceback" not in message
    assert "Projectionist itself" not in message


def test_every_bad_film_has_a_named_outcome_and_one_sentence(bad_films: Path, tmp_path: Path) -> None:
    ran = make(bad_films, bad_films / "link.mkv", "--output", tmp_path, "--interval", 2, *EVERY_FORMAT)
    outcomes = {name: told["outcome"] for name, told in ran.films.items()}
    assert {outcomes.pop(name) for name in ("stub.mkv", "headless.mp4")} <= {"not_a_film", "undecodable"}
    assert outcomes == {
        "good.mkv": "made",
        "good.mp4": "made",
        "empty.mkv": "empty",
        "text.mkv": "not_a_film",
        "zeros.mkv": "not_a_film",
        "noise.mp4": "not_a_film",
        "subtitles.avi": "no_video",
        "cut.mp4": "damaged",
        "cut.mkv": "damaged",
        "hole.mkv": "damaged",
        "audio.mkv": "no_video",
        "cover.m4v": "no_video",
        "still.mkv": "made",
        "encrypted.mp4": "encrypted",
        "link.mkv": "missing",
    }
    assert (ran.code, ran.err) == (1, "")
    for name, told in ran.films.items():
        assert list(told) == FIELDS
        if told["outcome"] != "made":
            assert_one_sentence(told["message"], name)
        for path in told["outputs"]:
            assert problems(Output(0, _kind_of(path), Path(path)), deep=True) == []
    assert temporaries_below(tmp_path) == []
    made = sum(bool(told["outputs"]) for told in ran.films.values())
    assert made == 6
    assert len(list(tmp_path.iterdir())) == 4 * made


def _kind_of(path: str) -> Format:
    endings = {".bif": Format.BIF, "10x10": Format.TRICKPLAY, ".thumbnails": Format.JPEG}
    return next(kind for ending, kind in endings.items() if path.endswith(ending))


def make_with(path: Path, out: Path, during: Callable[[], object]) -> Result:
    """Make the preview of a film while `during` is called once, at the first sign of life in mid-film."""
    [task] = plan(path, output=out).tasks
    signs = 0

    def report(share: float) -> None:
        nonlocal signs
        signs += 1
        if signs == 6:
            during()

    result = make_previews(task, Recipe(Wanted((2000,), 64)), report)
    assert signs >= 6
    return result


@pytest.fixture
def copy(film: MakeFilm, tmp_path: Path) -> Path:
    (tmp_path / "films").mkdir()
    return Path(shutil.copy(film("film.mkv", gop=24).path, tmp_path / "films" / "a.mkv"))


def append_to(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def replace(path: Path) -> None:
    other = path.with_name("b.mkv")
    shutil.copy2(path, other)
    other.rename(path)


def remove_folder_of(path: Path) -> None:
    shutil.rmtree(path.parent)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (append_to, "changed"),
        (lambda path: os.truncate(path, path.stat().st_size // 2), "changed"),
        (os.utime, "changed"),
        (replace, "changed"),
        (lambda path: path.unlink(), "vanished"),
        (remove_folder_of, "vanished"),
    ],
    ids=["grows", "shrinks", "is touched", "is replaced", "is removed", "loses its folder"],
)
def test_a_film_that_changes_in_mid_read_leaves_no_preview(
    copy: Path, tmp_path: Path, change: Callable[[Path], object], outcome: str
) -> None:
    result = make_with(copy, tmp_path / "out", lambda: change(copy))
    assert result.outcome == outcome
    assert_one_sentence(result.message, "a.mkv")
    assert result.outputs == ()
    assert not (tmp_path / "out").exists() or contents(tmp_path / "out") == {}


def test_a_film_that_changes_keeps_its_old_preview(copy: Path, tmp_path: Path) -> None:
    make_here(copy, output=tmp_path / "out")
    before = contents(tmp_path / "out")
    append_to(copy)
    result = make_with(copy, tmp_path / "out", lambda: append_to(copy))
    assert result.outcome == "changed"
    assert contents(tmp_path / "out") == before


def test_what_another_process_made_meanwhile_is_left_as_it_is(copy: Path, tmp_path: Path) -> None:
    """A killed service may leave a worker that still publishes while another process makes the same."""
    recipe = Recipe(Wanted((2000,), 64))
    [task] = plan(copy, output=tmp_path / "out", formats=tuple(Format)).tasks
    made: list[dict[str, tuple[int, int]]] = []

    def report(share: float) -> None:
        if share > 0.5 and not made:
            made.append({})  # the other's own reports end here
            assert make_previews(task, recipe).outcome == "made"
            made[0] = identities(tmp_path / "out")

    result = make_previews(task, recipe, report)
    assert (result.outcome, len(result.outputs)) == ("made", len(Format))
    assert made == [identities(tmp_path / "out")]
    assert temporaries_below(tmp_path) == []


def identities(folder: Path) -> dict[str, tuple[int, int]]:
    """Of every file that is not a temporary one."""
    found = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {
        name: (status.st_ino, status.st_mtime_ns)
        for name, status in found.items()
        if not name.startswith(".") and "/." not in name
    }


@pytest.mark.parametrize(
    ("kind", "limit"), [(Format.BIF, 3000), (Format.EMBY, 10), (Format.TRICKPLAY, 3000), (Format.JPEG, 500)]
)
def test_a_full_target_leaves_no_half_output(
    film: MakeFilm, tmp_path: Path, kind: Format, limit: int
) -> None:
    """The disk is full after `limit` bytes of a file: the kernel's own limit on files stands in for it."""
    out = tmp_path / "out"
    ran = subprocess.run(
        arguments(
            "previews", "make", "--json", film("film.mkv", gop=24).path, "--output", out, "--format", kind
        ),
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    told = Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
    assert (told.code, told.err) == (1, "")
    assert told.films["film.mkv"]["outcome"] == "target_full"
    assert_one_sentence(told.films["film.mkv"]["message"], "film")
    assert contents(out) == {}


def in_the_way(out: Path, name: str) -> Path:
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    return path


@pytest.mark.parametrize(
    ("obstacle", "kind"),
    [
        ("../out", Format.BIF),
        ("film.bif/mine", Format.BIF),
        ("film.thumbnails/notes.txt", Format.JPEG),
        ("film.thumbnails", Format.JPEG),
        ("film.trickplay", Format.TRICKPLAY),
        ("film.trickplay/64 - 10x10/notes.txt", Format.TRICKPLAY),
    ],
)
def test_what_stands_in_the_way_of_a_preview_is_named_and_kept(
    film: MakeFilm, tmp_path: Path, obstacle: str, kind: Format
) -> None:
    path = in_the_way(tmp_path / "out", obstacle) if obstacle != "../out" else in_the_way(tmp_path, "out")
    [result] = make_here(film("film.mkv", gop=24).path, output=tmp_path / "out", formats=(kind,))
    assert result.outcome == "target_unwritable"
    assert_one_sentence(result.message, "film")
    assert path.read_text() == "mine"
    assert temporaries_below(tmp_path) == []


def test_one_output_that_cannot_be_written_does_not_undo_those_that_were(
    film: MakeFilm, tmp_path: Path
) -> None:
    in_the_way(tmp_path, "film.thumbnails/notes.txt")
    [result] = make_here(film("film.mkv", gop=24).path, output=tmp_path, formats=(Format.JPEG, Format.BIF))
    assert result.outcome == "target_unwritable"
    assert [path for path in result.outputs if not path.exists()] == []


def test_a_film_that_is_named_like_its_preview_is_never_replaced(film: MakeFilm, tmp_path: Path) -> None:
    path = Path(shutil.copy(film("film.mkv", gop=24).path, tmp_path / "a.bif"))
    content = path.read_bytes()
    (tmp_path / "link").symlink_to(tmp_path)
    ran = make(path, tmp_path / "link" / "a.bif", "--beside")
    assert ran.code == 1
    assert path.read_bytes() == content
    ran = make(path, "--output", tmp_path / "link")
    assert {told["outcome"] for told in ran.films.values()} == {"target_unwritable"}
    assert path.read_bytes() == content


STRANGE = [
    "new\nline.mkv",
    "quo\"te's.mkv",
    "🎬 film.mkv",
    "[red]bold[/red].mkv",
    "--force.mkv",
    "a\\b\t\x1b[31m.mkv",
    "%s{}$HOME.mkv",
    "x" * 251 + ".mkv",
]


def test_films_with_strange_names_are_made(film: MakeFilm, tmp_path: Path) -> None:
    films = tmp_path / "films"
    for name in [*STRANGE, os.fsdecode(b"caf\xe9.mkv"), "/".join(["d" * 200] * 15) + "/deep.mkv"]:
        path = films / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(film("film.mkv", gop=24).path)
    ran = make("--beside", "--", films, films / "--force.mkv")
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.films) == len(STRANGE) + 2
    for name, told in ran.films.items():
        assert told["outcome"] == "made", name
        assert Path(told["outputs"][0]).exists()
        assert Path(told["outputs"][0]).stem == Path(name).stem


def test_a_name_that_becomes_too_long_is_explained(film: MakeFilm, tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".mkv")
    path.symlink_to(film("film.mkv", gop=24).path)
    for kind in (Format.EMBY, Format.JPEG, Format.TRICKPLAY):
        [result] = make_here(path, output=tmp_path / "out", formats=(kind,))
        assert result.outcome == "target_unwritable"
        assert_one_sentence(result.message, "xxx")
        assert "shorten" in result.message
    assert temporaries_below(tmp_path) == []
