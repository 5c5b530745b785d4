"""Real films in, thumbnails out: the right frame for every slot, in every container and mode."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from projectionist.frames import Mode, Thumbnail, ThumbnailReader, Wanted, jpeg, read_keyframes
from projectionist.frames.source import SourceFile
from tests.films import FRAGMENTED, Film, read_frame_number

MakeFilm = Callable[..., Film]

ONE_TICK = Fraction(1, 500)
"""What rounding to the milliseconds of Matroska can shift a frame by, twice over."""

ROUNDING = Fraction(1, 1_000_000)
"""Nanoseconds are rounded down from the container's ticks."""


def frame_of(thumbnail: Thumbnail) -> int:
    picture = thumbnail.picture
    return read_frame_number(jpeg.encode(picture.y, picture.u, picture.v, 85))


def read(path: Path, **wanted: Any) -> tuple[ThumbnailReader, list[Thumbnail]]:
    with ThumbnailReader(SourceFile(path), Wanted(**wanted)) as reader:
        return reader, list(reader)


def expected_time(made: Film, moment: Fraction, interval: Fraction, mode: Mode) -> Fraction:
    """The time of the frame that belongs to a moment, by the rule in words."""
    nearest = made.times[made.nearest_keyframe(moment)]
    before = [time for time in made.keyframe_times if time <= moment]
    if mode is Mode.KEYFRAME or not before or before[-1] == moment:
        return nearest
    after = [time for time in made.keyframe_times if time > moment]
    gap = (after[0] if after else made.last) - before[-1]
    return (
        made.times[made.frame_at(moment + ROUNDING)] if mode is Mode.EXACT or gap > 2 * interval else nearest
    )


def check_all(made: Film, interval_ms: int, mode: Mode, method: str, thumbnails: list[Thumbnail]) -> None:
    interval = Fraction(interval_ms, 1000)
    assert len(thumbnails) == made.last // interval + 1, method
    for thumbnail in thumbnails:
        wanted = expected_time(made, thumbnail.number * interval, interval, mode)
        got = made.times[frame_of(thumbnail)]
        assert abs(got - wanted) <= ONE_TICK, (thumbnail.number, float(got), float(wanted))
        assert not thumbnail.stand_in


CONTAINERS = [
    ("film.mkv", "h264", "matroska-cues"),
    ("film.mp4", "h264", "mp4-index"),
    ("film.mov", "h264", "mp4-index"),
    ("film.ts", "h264", "seek"),
    ("film.m2ts", "mpeg2video", "seek"),
    ("film.avi", "mpeg4", "seek"),
    ("film.wmv", "wmv2", "seek"),
    ("film.webm", "vp9", "matroska-cues"),
]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("name", "codec", "method"), CONTAINERS)
def test_every_container_shows_the_frame_that_the_mode_asks_for(
    film: MakeFilm, name: str, codec: str, method: str, mode: Mode
) -> None:
    for gop in (48, 192):
        made = film(
            name, codec=codec, seconds=21, gop=gop, audio="aac" if name.endswith(("mkv", "ts")) else None
        )
        reader, thumbnails = read(made.path, intervals_ms=(3000,), mode=mode)
        assert (reader.method, reader.damaged) == (method, False)
        check_all(made, 3000, mode, method, thumbnails)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *[
            ("film.mkv", codec)
            for codec in ("hevc", "av1", "vp9", "vp8", "mpeg2video", "mpeg4", "vc1", "prores")
        ],
        *[("film.mp4", codec) for codec in ("hevc", "av1", "vp9", "mpeg4")],
        *[("film.mov", "prores"), ("film.ts", "hevc"), ("film.ts", "mpeg2video"), ("film.avi", "h264")],
        *[("film.webm", "vp8"), ("film.webm", "av1"), ("film.wmv", "wmv1")],
    ],
)
def test_every_codec_decodes_in_the_containers_it_comes_in(film: MakeFilm, name: str, codec: str) -> None:
    made = film(name, codec=codec, seconds=9, gop=1 if codec in ("vc1", "prores") else 48)
    reader, thumbnails = read(made.path, intervals_ms=(2000,))
    check_all(made, 2000, Mode.AUTO, reader.method, thumbnails)


def test_several_intervals_come_out_of_one_pass_each_as_if_alone(film: MakeFilm) -> None:
    made = film("film.mkv", seconds=31, keyframes=(0, 24, 500, 520))
    _, together = read(made.path, intervals_ms=(10_000, 2_000, 700))
    for series, interval_ms in enumerate((10_000, 2_000, 700)):
        mine = [thumbnail for thumbnail in together if thumbnail.series == series]
        _, alone = read(made.path, intervals_ms=(interval_ms,))
        assert [frame_of(one) for one in mine] == [frame_of(one) for one in alone]
        check_all(made, interval_ms, Mode.AUTO, "", mine)


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.ts"])
@pytest.mark.parametrize(
    "timing",
    [
        {"start": Fraction(7, 2)},
        {"start": Fraction(2), "audio": "aac"},
        {"audio": "aac", "audio_start": Fraction(3)},
        {"vfr": True, "seconds": 6},
        {"open_gop": True},
        {"fps": Fraction(24000, 1001)},
        {"b_frames": 0},
        {"b_frames": 8},
    ],
    ids=repr,
)
def test_odd_timing_is_followed(film: MakeFilm, name: str, timing: dict[str, Any]) -> None:
    made = film(name, **{"seconds": 15, "gop": 60, **timing})
    for mode in Mode:
        reader, thumbnails = read(made.path, intervals_ms=(1000,), mode=mode)
        check_all(made, 1000, mode, reader.method, thumbnails)


def test_a_film_without_cues_is_read_from_end_to_end(film: MakeFilm) -> None:
    made = film("film.mkv", seconds=25, keyframes=(0, 48, 96, 500), seekable=False)
    for mode in Mode:
        reader, thumbnails = read(made.path, intervals_ms=(2000,), mode=mode)
        assert reader.method == "linear"
        check_all(made, 2000, mode, "linear", thumbnails)


def test_vc1_in_matroska_is_sought_by_its_cues(film: MakeFilm) -> None:
    made = film("film.mkv", codec="vc1", seconds=20, gop=1)
    reader, thumbnails = read(made.path, intervals_ms=(3000,))
    assert reader.method == "seek"
    check_all(made, 3000, Mode.AUTO, "seek", thumbnails)


def test_a_fragmented_film_falls_to_seeking(film: MakeFilm) -> None:
    made = film("film.mp4", seconds=20, muxer=FRAGMENTED)
    reader, thumbnails = read(made.path, intervals_ms=(3000,))
    assert reader.method in ("seek", "linear")
    check_all(made, 3000, Mode.AUTO, reader.method, thumbnails)


def test_skipping_non_reference_frames_may_be_early_but_never_late(film: MakeFilm) -> None:
    made = film("film.mkv", seconds=20, gop=480, b_frames=3)
    _, thumbnails = read(made.path, intervals_ms=(1700,), mode=Mode.EXACT, skip_nonref=True)
    early = [Fraction(17, 10) * one.number - made.times[frame_of(one)] for one in thumbnails]
    assert all(-ONE_TICK <= one <= Fraction(1, 4) for one in early)


@pytest.mark.parametrize(
    ("width", "max_height", "size"), [(320, None, (320, 180)), (160, None, (160, 90)), (320, 90, (160, 90))]
)
def test_thumbnails_are_of_the_size_asked_for(
    film: MakeFilm, width: int, max_height: int | None, size: tuple[int, int]
) -> None:
    _, thumbnails = read(
        film("film.mkv", seconds=4).path, intervals_ms=(2000,), width=width, max_height=max_height
    )
    assert {one.picture.y.shape[::-1] for one in thumbnails} == {size}


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *[("film.mkv", codec) for codec in ("h264", "hevc", "mpeg2video", "mpeg4")],
        *[("film.mp4", codec) for codec in ("h264", "hevc", "av1")],
        *[("film.ts", "h264"), ("film.avi", "mpeg4"), ("film.mov", "prores")],
    ],
)
def test_anamorphic_films_are_shown_in_their_true_shape(film: MakeFilm, name: str, codec: str) -> None:
    gop = 1 if codec == "prores" else 48
    made = film(name, codec=codec, seconds=3, gop=gop, size=(720, 576), sample_aspect=Fraction(64, 45))
    _, thumbnails = read(made.path, intervals_ms=(2000,))
    assert {one.picture.y.shape[::-1] for one in thumbnails} == {(320, 180)}
    assert [frame_of(one) for one in thumbnails] == [0, made.nearest_keyframe(2)]


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv"])
def test_films_that_are_turned_are_shown_upright(film: MakeFilm, name: str) -> None:
    for rotation in (90, 180, 270):
        made = film(name, seconds=3, rotation=rotation, size=(180, 320) if rotation != 180 else (320, 180))
        _, thumbnails = read(made.path, intervals_ms=(2000,))
        assert [frame_of(one) for one in thumbnails] == [0, 48]


def test_only_the_wanted_keyframes_are_read(film: MakeFilm) -> None:
    made = film("film.mov", seconds=20, codec="prores", size=(640, 360))
    with ThumbnailReader(source := SourceFile(made.path), Wanted(intervals_ms=(8_000,))) as reader:
        assert len(list(reader)) == 3
        assert source.bytes_read < source.size // 8


def test_the_keyframe_list_says_how_it_was_found(film: MakeFilm) -> None:
    for name, extra, method in [
        ("film.mkv", {}, "matroska-cues"),
        ("film.mp4", {}, "mp4-index"),
        ("film.mkv", {"seekable": False}, "linear"),
        ("film.ts", {}, "linear"),
    ]:
        made = film(name, seconds=9, **extra)
        listed = read_keyframes(made.path)
        assert listed.method == method
        assert [round(time / 1e9, 2) for time in listed.times_ns.tolist()] == [
            round(float(time), 2) for time in made.keyframe_times
        ]
        assert abs(Fraction(listed.last_ns, 10**9) - made.last) <= ONE_TICK
