"""The MP4 index of real films, with libavformat's demuxer as the judge."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest

from projectionist.errors import FilmEncrypted, IndexUnusable
from projectionist.frames.mp4 import open_mp4
from projectionist.frames.source import SourceFile
from tests.frames.mp4_films import (
    IDENTITY,
    FilmBytes,
    Track,
    box,
    film,
    full,
    large_box,
    sound_entry,
    visual_entry,
)
from tests.frames.mp4_judge import assert_as_judged

X264 = {"preset": "ultrafast", "g": "12", "bf": "3", "x264-params": "b-adapt=0:scenecut=0:log-level=0"}
X265 = {
    "preset": "ultrafast",
    "x265-params": "keyint=12:min-keyint=12:scenecut=0:open-gop=1:bframes=3:log-level=none",
}


def make(
    path: Path,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    options: Mapping[str, str] = X264,
    muxer: Mapping[str, str] | None = None,
    late: Fraction = Fraction(0),
    sound: bool = True,
    rate: int = 24,
    ticks: int = 1200,
    uneven: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """A film of 40 small frames, with a tone; `late` seconds pass before the first frame, or the sound if negative."""
    with av.open(str(path), mode="w", options=dict(muxer or {})) as out:
        video = cast(av.VideoStream, out.add_stream(codec, rate=rate, options=dict(options)))
        video.width, video.height, video.pix_fmt = 64, 48, pixels
        video.metadata.update(metadata or {})
        video.codec_context.time_base = Fraction(1, ticks)
        tone = out.add_stream("aac", rate=48000, layout="mono") if sound else None
        for number in range(40):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 6, np.uint8), format="rgb24")
            tick = number * number if uneven else number * ticks // rate
            frame.pts, frame.time_base = tick + int(max(late, Fraction(0)) * ticks), Fraction(1, ticks)
            out.mux(video.encode(frame))
            if tone:
                samples = av.AudioFrame.from_ndarray(
                    np.zeros((1, 2000), np.float32), format="fltp", layout="mono"
                )
                samples.sample_rate, samples.time_base = 48000, Fraction(1, 48000)
                samples.pts = number * 2000 + int(max(-late, Fraction(0)) * 48000)
                out.mux(tone.encode(samples))
        out.mux(video.encode(None))
        if tone:
            out.mux(tone.encode(None))
    return path


FILMS: dict[str, dict[str, object]] = {
    "moov-behind.mp4": {},
    "moov-in-front.mp4": {"muxer": {"movflags": "faststart"}},
    "no-edit-list.mp4": {"muxer": {"use_editlist": "0"}},
    "negative-offsets.mp4": {"muxer": {"movflags": "negative_cts_offsets"}},
    "timecode-track.mov": {"metadata": {"timecode": "01:00:00:00"}},
    "timecode-no-edits.mov": {"metadata": {"timecode": "01:00:00:00"}, "muxer": {"use_editlist": "0"}},
    "late-video.mp4": {"late": Fraction(7, 10)},
    "late-sound.mp4": {"late": Fraction(-7, 10)},
    "late-all.mp4": {"late": Fraction(7, 10), "sound": False},
    "own-time-scale.mp4": {"muxer": {"video_track_timescale": "90000"}},
    "uneven.mp4": {"uneven": True},
    "hevc-open-gop.mp4": {"codec": "libx265", "options": X265},
    "prores.mov": {"codec": "prores_ks", "pixels": "yuv422p10le", "options": {}},
    "mpeg2.mp4": {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}, "rate": 25, "ticks": 25},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "vp9.mp4": {"codec": "libvpx-vp9", "options": {"g": "12", "deadline": "realtime", "cpu-used": "8"}},
}


@pytest.mark.parametrize("name", FILMS)
def test_keyframes_are_those_that_libavformat_finds(name: str, tmp_path: Path) -> None:
    path = make(tmp_path / name, **FILMS[name])  # type: ignore[arg-type]
    with SourceFile(path) as source:
        index = open_mp4(source)
        assert source.bytes_read < 20_000
    assert_as_judged(path.read_bytes(), index)
    assert not index.truncated
    assert (index.method, index.prefix, index.crop, index.matrix) == ("mp4-index", b"", (0, 0, 0, 0), None)
    assert index.hint(0) == index.extent(0)


def test_a_film_cut_short_lists_what_is_there(tmp_path: Path) -> None:
    whole = make(tmp_path / "f.mp4", muxer={"movflags": "faststart"}).read_bytes()
    full_index = open_mp4(FilmBytes(whole))
    cut = whole[: full_index.extent(2)[0] + full_index.extent(2)[1] + 1]
    index = open_mp4(FilmBytes(cut))
    assert index.truncated
    assert list(index.times_ns) == list(full_index.times_ns[:3])
    assert_as_judged(cut, index)


def test_a_fragmented_film_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "f.mp4", muxer={"movflags": "frag_keyframe+empty_moov"})
    with SourceFile(path) as source, pytest.raises(IndexUnusable, match="fragmented"):
        open_mp4(source)
    with pytest.raises(IndexUnusable, match="fragmented"):
        open_mp4(FilmBytes(film(Track(), inside=box(b"mvex"))))


def test_an_encrypted_film_says_so(tmp_path: Path) -> None:
    key = "0123456789abcdef0123456789abcdef"
    secret = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": key, "encryption_kid": key}
    path = make(tmp_path / "f.mp4", muxer=secret, sound=False)
    with SourceFile(path) as source, pytest.raises(FilmEncrypted, match=r"f\.mp4 is encrypted \(cenc\)"):
        open_mp4(source)


def test_the_wanted_video_track_is_found_among_others() -> None:
    other = Track(sizes=(50,) * 4, deltas=((4, 30),), keys=[0])
    wanted = Track(keys=[0, 4])
    alpha = Track(sizes=(50,) * 4, keys=[0], kind=b"auxv", entries=[visual_entry(b"jpeg")])
    tone = Track(sizes=(2,) * 8, kind=b"soun", entries=[sound_entry()])
    content = film(tone, other, alpha, wanted)
    assert_as_judged(content, open_mp4(FilmBytes(content)))
    assert_as_judged(content, open_mp4(FilmBytes(content), video_ordinal=2), 2)
    with pytest.raises(IndexUnusable, match="3 video tracks"):
        open_mp4(FilmBytes(content), video_ordinal=3)


def test_a_cover_before_the_video_is_refused_since_it_shifts_the_numbers() -> None:
    cover = box(b"udta", full(b"meta", 0, box(b"ilst", box(b"covr"))))
    assert len(open_mp4(FilmBytes(film(Track(), inside=cover))).times_ns) == 8
    content = film(Track(kind=b"soun"), inside=cover + Track().trak(2, 36))
    with pytest.raises(IndexUnusable, match="cover"):
        open_mp4(FilmBytes(content))


def test_a_matrix_and_a_clean_aperture_are_told() -> None:
    turned = (0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1 << 30)
    clap = np.array([60, 1, 40, 1, -1, 1, 2, 1], ">i4").tobytes()
    track = Track(matrix=turned, entries=[visual_entry(b"cvid", box(b"clap", clap))])
    index = open_mp4(FilmBytes(film(track)))
    assert index.matrix == turned
    assert index.crop == (1, 6, 3, 2)  # 64 x 48: 60 x 40 is left, moved by -1 and +2 from the middle
    assert open_mp4(FilmBytes(film(Track(matrix=IDENTITY)))).matrix is None


@pytest.mark.parametrize(
    "values", [[80, 1, 40, 1, 0, 1, 0, 1], [60, 0, 40, 1, 0, 1, 0, 1], [60, 1, 40, 1, 9, 1, 0, 1]]
)
def test_a_senseless_clean_aperture_is_ignored(values: list[int]) -> None:
    clap = box(b"clap", np.array(values, ">i4").tobytes())
    assert open_mp4(FilmBytes(film(Track(entries=[visual_entry(b"cvid", clap)])))).crop == (0, 0, 0, 0)


def test_long_boxes_and_boxes_to_the_end_are_walked() -> None:
    plain = film(Track(keys=[0, 4]))
    start = plain.index(b"moov") - 4
    moov = plain[start + 8 :]
    long_moov = plain[:start] + large_box(b"moov", moov)
    to_the_end = plain[:start] + bytes(4) + plain[start + 4 :]
    expected = open_mp4(FilmBytes(plain))
    for content in (long_moov, to_the_end, plain + bytes(50), plain + b"junk" * 9):
        index = open_mp4(FilmBytes(content))
        assert list(index.times_ns) == list(expected.times_ns)
        assert index.extent(1) == expected.extent(1)


@pytest.mark.parametrize(("late", "first"), [("7/10", 700_000_000), ("-7/10", 0)])
def test_what_starts_late_is_shown_late(late: str, first: int, tmp_path: Path) -> None:
    with SourceFile(make(tmp_path / "f.mp4", late=Fraction(late))) as source:
        index = open_mp4(source)
    assert index.times_ns[0] == first
    assert index.last_ns == pytest.approx(first + 39 / 24 * 1e9, abs=1e6)
