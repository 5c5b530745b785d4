"""Films that are cut short or have holes: what is left is shown, and what is not left is not made up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from projectionist.errors import FilmError, FilmUndecodable, NotAFilm
from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import Recipe, Result, Task, make_previews
from projectionist.features.previews.outputs import Output
from projectionist.frames import Mode, Thumbnail, ThumbnailReader, Wanted, jpeg
from projectionist.frames.source import SourceFile
from tests.films import (
    Film,
    NumberUnreadable,
    overwrite,
    punch_random,
    punch_zeros,
    read_frame_number,
    truncate,
)

MakeFilm = Callable[..., Film]

ONE_TICK = 2_000_000
"""Nanoseconds: Matroska rounds to milliseconds, twice over."""

A_FEW_FRAMES = 250_000_000
"""The judge reads numbers in frames that are damaged where no number is."""

FAST_START = {"muxer": {"movflags": "+faststart"}}

KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("film.mp4", "h264", FAST_START),
    ("film.mp4", "hevc", FAST_START),
    ("film.mkv", "h264", {}),
    ("film.mkv", "hevc", {}),
    ("film.ts", "h264", {}),
    ("film.ts", "mpeg2video", {}),
    ("film.avi", "mpeg4", {}),
    ("film.wmv", "wmv2", {}),
    ("film.webm", "vp9", {}),
]
ANY_KIND = pytest.mark.parametrize(
    ("name", "codec", "more"), KINDS, ids=[f"{k[1]}-{k[0][5:]}" for k in KINDS]
)


def make(film: MakeFilm, name: str, codec: str, more: dict[str, Any]) -> Film:
    return film(name, codec=codec, seconds=14, gop=24, **more)


def read(
    path: Path, interval_ms: int = 1000, mode: Mode = Mode.KEYFRAME
) -> tuple[ThumbnailReader, list[Thumbnail]]:
    with ThumbnailReader(SourceFile(path), Wanted(intervals_ms=(interval_ms,), mode=mode)) as reader:
        return reader, list(reader)


def number_in(thumbnail: Thumbnail) -> int:
    picture = thumbnail.picture
    return read_frame_number(jpeg.encode(picture.y, picture.u, picture.v, 85))


@dataclass(frozen=True)
class Left:
    """What libavcodec, decoding from end to end, gets out of a damaged film whole."""

    numbers: frozenset[int]

    @classmethod
    def of(cls, path: Path, count: int) -> Left:
        with av.open(path) as container:
            stream = container.streams.video[0]
            numbers = set()
            packets = container.demux(stream)
            while True:
                try:
                    frames = next(packets).decode()
                except StopIteration:
                    break
                except av.error.FFmpegError:
                    continue
                for frame in frames:
                    with suppress(NumberUnreadable):
                        numbers.add(read_frame_number(frame.to_ndarray(format="rgb24")))
        return cls(frozenset(number for number in numbers if number < count))

    def last_ns(self, made: Film) -> int:
        return int(made.times[max(self.numbers)] * 10**9)

    def nearest_keyframe(self, made: Film, moment: int) -> int:
        keyframes = [number for number in made.keyframes if number in self.numbers]
        return min(keyframes, key=lambda number: abs(made.times[number] - moment))


def check_what_is_left(made: Film, path: Path) -> ThumbnailReader:
    """The film's end is cut off: up to there each thumbnail is the right one."""
    left = Left.of(path, len(made.times))
    reader, thumbnails = read(path)
    assert reader.damaged
    assert abs(reader.last_ns - left.last_ns(made)) <= A_FEW_FRAMES
    assert [one.number for one in thumbnails] == list(range(reader.last_ns // 10**9 + 1))
    for one in thumbnails:
        nearest = left.nearest_keyframe(made, one.number), made.nearest_keyframe(one.number)
        assert number_in(one) in nearest
    return reader


@ANY_KIND
@pytest.mark.parametrize("share", [0.93, 0.5, 0.21])
def test_a_film_cut_short_shows_all_that_is_left_and_nothing_else(
    film: MakeFilm, tmp_path: Path, name: str, codec: str, more: dict[str, Any], share: float
) -> None:
    made = make(film, name, codec, more)
    path = truncate(made.path, share, tmp_path / name)
    size = path.stat().st_size
    if name.endswith("ts") and size % 188 == 0:  # which says nothing of being cut
        truncate(path, (size - 60) / size)
    check_what_is_left(made, path)


@ANY_KIND
@pytest.mark.parametrize("share", [0.8, 0.47])
def test_a_download_that_never_got_its_end_shows_what_it_got(
    film: MakeFilm, tmp_path: Path, name: str, codec: str, more: dict[str, Any], share: float
) -> None:
    made = make(film, name, codec, more)
    path = punch_zeros(made.path, share, 1, tmp_path / name)
    check_what_is_left(made, path)


def check_hole(made: Film, path: Path, *, must_say_so: bool) -> None:
    """Every thumbnail is there and whole: the right one, or marked, or the nearest keyframe that is left."""
    left = Left.of(path, len(made.times))
    reader, thumbnails = read(path)
    assert [one.number for one in thumbnails] == list(range(int(made.last) + 1))
    for one in thumbnails:
        shown = number_in(one)
        right = made.nearest_keyframe(one.number)
        assert shown in (right, left.nearest_keyframe(made, one.number)) or one.stand_in
        assert abs(made.times[shown] - one.number) <= 4
    assert reader.damaged or not must_say_so


@ANY_KIND
@pytest.mark.parametrize(
    ("punch", "start", "length"),
    [(punch_random, 0.35, 0.3), (punch_zeros, 0.35, 0.3), (punch_random, 0.6, 0.15)],
)
def test_a_hole_is_bridged_with_its_neighbours(
    film: MakeFilm,
    tmp_path: Path,
    name: str,
    codec: str,
    more: dict[str, Any],
    punch: Callable[..., Path],
    start: float,
    length: float,
) -> None:
    made = make(film, name, codec, more)
    path = punch(made.path, start, length, into=tmp_path / name)
    check_hole(made, path, must_say_so=not name.endswith("wmv"))  # whose packets do not tell where they lie


@ANY_KIND
def test_the_frames_around_a_hole_are_exact_in_exact_mode(
    film: MakeFilm, tmp_path: Path, name: str, codec: str, more: dict[str, Any]
) -> None:
    made = make(film, name, codec, more)
    path = punch_zeros(made.path, 0.4, 0.25, tmp_path / name)
    reader, thumbnails = read(path, mode=Mode.EXACT)
    assert reader.damaged
    wrong = [
        one
        for one in thumbnails
        if number_in(one) != made.frame_at(one.number + Fraction(1, 10**6)) and not one.stand_in
    ]
    early = [made.times[number_in(one)] - one.number for one in wrong]
    assert all(-Fraction(1, 10) <= by <= ONE_TICK for by in early), early
    assert sum(one.stand_in for one in thumbnails) in range(1, 8)


def keyframe_places(path: Path) -> dict[int, tuple[int, int]]:
    """Of each keyframe, by its rank: the offset and size of its packet in the file."""
    with av.open(path) as container:
        packets = [
            packet
            for packet in container.demux(container.streams.video[0])
            if packet.is_keyframe and packet.size
        ]
        return {rank: (packet.pos or 0, packet.size) for rank, packet in enumerate(packets)}


@pytest.mark.parametrize("name", ["film.mkv", "film.ts", "film.wmv"])
@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("burst", [1, 24])
def test_pictures_that_stand_still_are_no_holes(film: MakeFilm, name: str, sound: bool, burst: int) -> None:
    times = tuple(Fraction(4 * scene) + Fraction(frame, 24) for scene in range(8) for frame in range(burst))
    is_wmv = name.endswith("wmv")
    made = film(
        name,
        codec="wmv2" if is_wmv else "h264",
        times=times,
        frames=len(times),
        gop=burst * 2,
        b_frames=0,
        audio=("wmav2" if is_wmv else "aac") if sound else None,
        seekable=not name.endswith("mkv"),
    )
    for mode in Mode:
        reader, thumbnails = read(made.path, mode=mode)
        assert not reader.damaged
        assert not any(one.stand_in for one in thumbnails)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("film.mp4", "h264"), ("film.mp4", "av1"), ("film.mov", "prores")],
)
def test_a_keyframe_that_is_damaged_has_a_neighbour_stand_in(
    film: MakeFilm, tmp_path: Path, name: str, codec: str
) -> None:
    made = film(name, codec=codec, seconds=20, gop=1 if codec == "prores" else 24)
    step = 24 if codec == "prores" else 1
    at, size = keyframe_places(made.path)[5 * step]
    path = overwrite(made.path, at + 16, bytes(size - 16), into=tmp_path / name)
    reader, thumbnails = read(path)
    assert reader.damaged
    assert [one.number for one in thumbnails if one.stand_in] == [5]
    assert number_in(thumbnails[5]) in (96, 144)
    for one in thumbnails[:5] + thumbnails[6:]:
        assert number_in(one) == 24 * one.number


@pytest.mark.parametrize("name", ["film.mkv", "film.ts"])
def test_a_long_stretch_between_keyframes_is_not_shown_beyond_a_hole_in_it(
    film: MakeFilm, tmp_path: Path, name: str
) -> None:
    made = film(name, seconds=20, keyframes=(0, 240, 360))
    path = punch_zeros(made.path, 0.25, 0.1, into=tmp_path / name)
    reader, thumbnails = read(path, mode=Mode.AUTO)
    assert reader.damaged
    assert len(thumbnails) == 20
    for one in thumbnails:
        late = abs(made.times[number_in(one)] - one.number)
        assert one.stand_in or late <= Fraction(1, 10)
    assert any(one.stand_in for one in thumbnails)


def test_a_transport_stream_with_its_head_gone_starts_later(film: MakeFilm, tmp_path: Path) -> None:
    made = film("film.ts", seconds=20, gop=24)
    path = punch_random(made.path, 0, 0.06, into=tmp_path / "film.ts")
    _, thumbnails = read(path)
    numbers = [number_in(one) for one in thumbnails]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 456


@pytest.mark.parametrize(
    ("name", "start", "error"),
    [
        ("film.mp4", 0.0, NotAFilm),
        ("film.mkv", 0.0, FilmError),
        ("film.wmv", 0.0, NotAFilm),
        ("film.mov", 0.97, FilmUndecodable),
    ],
)
def test_a_film_whose_header_is_gone_is_refused_by_name(
    film: MakeFilm, tmp_path: Path, name: str, start: float, error: type[FilmError]
) -> None:
    made = film(name, codec="wmv2" if name.endswith("wmv") else "h264", seconds=10)
    path = punch_random(made.path, start, 0.03, into=tmp_path / name)
    with pytest.raises(error, match=str(path)):
        read(path)


def test_an_mp4_cut_before_its_index_is_said_to_lack_it(film: MakeFilm, tmp_path: Path) -> None:
    path = truncate(film("film.mp4", seconds=10).path, 0.7, tmp_path / "film.mp4")
    with pytest.raises(FilmUndecodable, match="no 'moov' box"):
        read(path)


@pytest.mark.parametrize("name", ["film.mkv", "film.avi"])
def test_a_film_whose_index_is_gone_is_read_without_it(film: MakeFilm, tmp_path: Path, name: str) -> None:
    made = film(name, codec="mpeg4" if name.endswith("avi") else "h264", seconds=10, gop=24)
    content = made.path.read_bytes()
    at = content.rindex(b"idx1" if name.endswith("avi") else b"\x1c\x53\xbb\x6b")
    path = overwrite(made.path, at, bytes(len(content) - at), into=tmp_path / name)
    reader, thumbnails = read(path)
    assert reader.method in ("seek", "linear")
    assert [number_in(one) for one in thumbnails] == [made.nearest_keyframe(one.number) for one in thumbnails]


def test_a_single_frame_makes_a_single_thumbnail(film: MakeFilm) -> None:
    for name, codec, _ in KINDS:
        _, thumbnails = read(film(name, codec=codec, frames=1).path)
        assert [number_in(one) for one in thumbnails] == [0]


def preview_of(path: Path, folder: Path) -> Result:
    output = Output(0, Format.BIF, folder / "film.bif")
    return make_previews(Task(path, (output,), path.stat().st_size), Recipe(Wanted(intervals_ms=(1000,))))


def test_previews_of_a_damaged_film_are_made_and_said_to_be(film: MakeFilm, tmp_path: Path) -> None:
    made = make(film, *KINDS[0])
    result = preview_of(punch_zeros(made.path, 0.4, 0.2, tmp_path / "film.mp4"), tmp_path)
    assert (result.outcome, result.failed, result.thumbnails) == ("damaged", False, (14,))
    assert "damaged" in result.message


def test_previews_of_a_film_beyond_hope_are_not_made(film: MakeFilm, tmp_path: Path) -> None:
    made = make(film, *KINDS[0])
    content = made.path.read_bytes()
    frames = content.index(b"mdat") + 4
    path = overwrite(made.path, frames, bytes(len(content) - frames), into=tmp_path / "film.mp4")
    result = preview_of(path, tmp_path)
    assert (result.outcome, result.outputs) == ("undecodable", ())
    assert str(tmp_path / "film.mp4") in result.message
    assert not list(tmp_path.glob("*.bif"))
