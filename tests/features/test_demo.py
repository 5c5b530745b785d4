"""The demo's films: real to every reader, and each picture shows the time at which it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from projectionist.demo.films import FILMS, DemoFilm, is_complete, make_demo_films, make_film
from projectionist.demo.scenery import digit_scale, time_place
from projectionist.demo.timecode import GLYPH_COLUMNS, GLYPH_ROWS, GLYPHS, LENGTH, lettering, timecode
from projectionist.errors import TargetUnwritable

SHORT = tuple(replace(film, seconds=3, gop=film.fps * 2) for film in FILMS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[DemoFilm, Path]]:
    folder = tmp_path_factory.mktemp("demo")
    return list(zip(SHORT, make_demo_films(folder, films=SHORT), strict=True))


def pictures(path: Path) -> Iterator[tuple[Fraction, npt.NDArray[np.int64]]]:
    """Time and upright luma of every picture."""
    with av.open(path) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            plane = frame.planes[0]
            deep = frame.format.components[0].bits > 8
            samples = np.frombuffer(memoryview(plane), np.uint16 if deep else np.uint8)
            luma = samples.reshape(plane.height, -1)[:, : plane.width]
            yield frame.pts * frame.time_base, np.rot90(luma, frame.rotation // 90).astype(np.int64)


def read_timecode(luma: npt.NDArray[np.int64]) -> str:
    """The time drawn in a picture, each sign being the one whose dots fit best."""
    height, width = luma.shape
    scale = digit_scale((width, height))
    top, left = time_place((width, height), scale)
    plate = luma[top : top + 9 * scale, left : left + (6 * LENGTH + 1) * scale]
    dots = plate.reshape(9, scale, 6 * LENGTH + 1, scale).mean(axis=(1, 3))
    lit = dots > (dots.min() + dots.max()) / 2
    text = ""
    for place in range(LENGTH):
        first = place * (GLYPH_COLUMNS + 1) + 1
        sign = lit[1 : 1 + GLYPH_ROWS, first : first + GLYPH_COLUMNS]
        best = min(GLYPHS, key=lambda glyph: int((GLYPHS[glyph] != sign).sum()))
        assert (GLYPHS[best] == sign).all(), f"sign {place} is like {best} only"
        text += best
    return text


def test_every_picture_of_every_film_shows_the_time_at_which_it_is_shown(
    made: list[tuple[DemoFilm, Path]],
) -> None:
    for film, path in made:
        read = [(time, read_timecode(luma)) for time, luma in pictures(path)]
        assert len(read) == film.seconds * film.fps
        for number, (time, shown) in enumerate(read):
            assert shown == timecode(Fraction(number, film.fps))
            assert abs(time - Fraction(number, film.fps)) <= Fraction(1, 1000), path.name


def test_the_films_are_of_the_kinds_that_a_library_has(made: list[tuple[DemoFilm, Path]]) -> None:
    seen = set()
    for film, path in made:
        with av.open(path) as container:
            stream = container.streams.video[0]
            frame = next(container.decode(stream))
            seen.add((path.suffix, stream.codec_context.name, frame.color_trc, bool(frame.rotation)))
            assert bool(container.streams.audio) == (film.audio is not None)
    assert seen == {
        (".mkv", "h264", 1, False),
        (".mp4", "h264", 1, False),
        (".webm", "vp9", 1, False),
        (".mkv", "hevc", 16, False),
        (".mp4", "h264", 1, True),
    }


def test_a_film_in_the_library_has_a_long_group_of_pictures() -> None:
    assert max(film.gop / film.fps for film in FILMS) == 30
    assert all(40 <= film.seconds <= 90 for film in FILMS)


def test_films_that_are_there_are_left_alone(made: list[tuple[DemoFilm, Path]], tmp_path: Path) -> None:
    told: list[str] = []
    film = SHORT[1]
    (path,) = make_demo_films(tmp_path, films=[film], progress=told.append)
    before = path.stat()
    assert make_demo_films(tmp_path, films=[film], progress=told.append) == [path]
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert told == [path.name]


def test_a_film_that_was_cut_short_is_made_again(made: list[tuple[DemoFilm, Path]], tmp_path: Path) -> None:
    for number, (film, whole) in enumerate(made):
        cut = tmp_path / str(number) / whole.name
        cut.parent.mkdir()
        cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
        assert is_complete(film, whole)
        assert not is_complete(film, cut), whole.name
    film = made[0][0]
    make_film(film, tmp_path / "0" / made[0][1].name)
    assert is_complete(film, tmp_path / "0" / made[0][1].name)


@pytest.mark.parametrize("content", [b"", b"somebody's own film"])
def test_a_file_that_is_not_the_demos_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    own = tmp_path / SHORT[0].path
    own.parent.mkdir(parents=True)
    own.write_bytes(content)
    with pytest.raises(TargetUnwritable, match="none of the demo's films"):
        make_demo_films(tmp_path, films=SHORT)
    assert own.read_bytes() == content
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [own]


def test_a_film_that_fails_halfway_leaves_nothing_behind(tmp_path: Path) -> None:
    impossible = replace(SHORT[0].moods[0], stars=-1)  # noticed when the second scene is painted
    with pytest.raises(ValueError, match="negative"):
        make_film(replace(SHORT[0], moods=(SHORT[0].moods[0], impossible)), tmp_path / "film.mkv")
    assert list(tmp_path.iterdir()) == []


def test_the_time_is_rounded_to_the_millisecond() -> None:
    times = (0, Fraction(1, 24), Fraction(59_9996, 10_000), Fraction(60), 5999 + Fraction(999, 1000))
    shown = ["00:00.000", "00:00.042", "01:00.000", "01:00.000", "99:59.999"]
    assert [timecode(Fraction(time)) for time in times] == shown


def test_no_two_signs_look_alike() -> None:
    assert len({glyph.tobytes() for glyph in GLYPHS.values()}) == len(GLYPHS)
    assert lettering("12:34.567", 3).shape == (27, 165)


@pytest.mark.slow
def test_the_whole_library_is_made_as_filed(tmp_path: Path) -> None:
    paths = make_demo_films(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [film.path for film in FILMS]
    assert all(is_complete(film, path) for film, path in zip(FILMS, paths, strict=True))
    assert sum(path.stat().st_size for path in paths) < 20_000_000
