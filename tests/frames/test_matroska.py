"""The Matroska index of real films, with libavformat's demuxer as the judge."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import av.error
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projectionist.errors import IndexUnusable
from projectionist.frames.index import KeyframeIndex
from projectionist.frames.matroska import open_matroska
from projectionist.frames.source import SourceFile
from tests.films import Film, make_film
from tests.frames.matroska_films import FilmBytes

MakeFilm = Callable[..., Film]
SMALL = {"size": (64, 48), "seconds": 4, "gop": 12}
FILMS: dict[str, dict[str, Any]] = {
    "film.mkv": {"audio": "aac", "b_frames": 3, "gop": 48, "seconds": 9},
    "film.webm": {"codec": "vp9", "audio": "libopus"},
    "vp8.webm": {"codec": "vp8", "audio": "libopus"},
    "hevc.mkv": {"codec": "hevc", "open_gop": True, "b_frames": 3},
    "av1.mkv": {"codec": "av1"},
    "mpeg2.mkv": {"codec": "mpeg2video"},
    "mpeg4.mkv": {"codec": "mpeg4"},
    "mjpeg.mkv": {"codec": "mjpeg", "seconds": 1},
    "prores.mkv": {"codec": "prores", "seconds": 1},
    "vfr.mkv": {"vfr": True},
    "cover.mkv": {"cover": True},
    "front.mkv": {"muxer": {"cues_to_front": "1"}, "audio": "aac"},
    "reserved.mkv": {"muxer": {"reserve_index_space": "2000"}},
    "short-clusters.mkv": {"muxer": {"cluster_time_limit": "100"}, "audio": "aac", "gop": 40},
    "long-clusters.mkv": {
        "muxer": {"cluster_time_limit": "60000", "cluster_size_limit": "9000000"},
        "audio": "aac",
    },
    "no-checksums.mkv": {"muxer": {"write_crc32": "0"}},
    "late.mkv": {"start": Fraction(5, 2)},
    "all-late.mkv": {"start": Fraction(5, 2), "audio": "aac", "audio_start": Fraction(5, 2)},
    "late-video.mkv": {"start": Fraction(3), "audio": "aac"},
    "late-sound.mkv": {"audio": "aac", "audio_start": Fraction(3)},
    "late-video.webm": {
        "codec": "vp9",
        "start": Fraction(3, 2),
        "audio": "libopus",
        "audio_start": Fraction(1),
    },
    "late-sound.webm": {
        "codec": "vp9",
        "start": Fraction(1),
        "audio": "libopus",
        "audio_start": Fraction(3, 2),
    },
    "early-text.mkv": {
        "subtitle": True,
        "start": Fraction(7, 2),
        "audio": "aac",
        "audio_start": Fraction(3),
    },
    "text.mkv": {"subtitle": True, "start": Fraction(1, 2)},
}


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> MakeFilm:
    """Films of FILMS or as asked, each made once; the same name means the same film."""
    folder, made = tmp_path_factory.mktemp("matroska"), dict[str, Film]()

    def get(name: str, **recipe: Any) -> Film:
        if name not in made:
            made[name] = make_film(folder / name, **{**SMALL, **FILMS.get(name, {}), **recipe})
        return made[name]

    return get


def judge(content: bytes, index: KeyframeIndex, whole: dict[int, bytes] | None = None) -> dict[int, bytes]:
    """Compare with what libavformat demuxes: times, payloads, the end and the start. Returns all payloads."""
    packets: dict[int, tuple[bytes, bool]] = {}
    with av.open(BytesIO(content), "r") as container:
        video = container.streams.video[0]
        start = container.start_time
        try:
            for packet in container.demux(video):
                if packet.size and packet.pts is not None:
                    time = round(packet.pts * packet.time_base * 10**9)
                    packets[time] = bytes(packet), packet.is_keyframe
        except av.error.FFmpegError:
            assert whole is not None
    if whole is not None:
        packets = {time: packet for time, packet in packets.items() if packet[0] == whole[time]}
    assert start is not None
    assert abs(index.start_ns - start * 1000) < 1000
    assert [int(time) + index.start_ns for time in index.times_ns] == [
        time for time, (_, is_key) in sorted(packets.items()) if is_key
    ]
    assert index.last_ns + index.start_ns == max(packets)
    for place, time in enumerate(index.times_ns):
        offset, size = index.extent(place)
        assert (
            index.prefix[-4:] + content[offset : offset + size]
            == packets[int(time) + index.start_ns][0][4 if index.prefix else 0 :]
        )
    return {time: payload for time, (payload, _) in packets.items()}


@pytest.mark.parametrize("name", FILMS)
def test_keyframes_are_those_that_libavformat_finds(name: str, make: MakeFilm) -> None:
    made = make(name)
    with SourceFile(made.path) as source:
        index = open_matroska(source)
        assert source.bytes_read < 150_000
        judge(made.path.read_bytes(), index)
    assert not index.truncated
    assert index.crop == (0, 0, 0, 0)
    assert index.method == "matroska-cues"


def test_a_film_recorded_live_has_no_index(make: MakeFilm) -> None:
    for live in (make("live.mkv", seekable=False), make("dash.mkv", muxer={"live": "1"})):
        with SourceFile(live.path) as source, pytest.raises(IndexUnusable, match="no Cues"):
            open_matroska(source)


def test_a_keyframe_costs_one_small_read(make: MakeFilm) -> None:
    with SourceFile(make("film.mkv").path) as source:
        index = open_matroska(source)
        before = source.bytes_read
        index.extent(2)
        assert source.bytes_read - before <= 8192


def test_a_film_cut_short_lists_what_is_there(make: MakeFilm) -> None:
    for name in ("front.mkv", "reserved.mkv"):
        content = make(name).path.read_bytes()
        whole = judge(content, open_matroska(FilmBytes(content)))
        for share in range(60, 100, 5):
            cut = content[: len(content) * share // 100]
            index = open_matroska(FilmBytes(cut))
            assert index.truncated
            judge(cut, index, whole)


def test_a_film_cut_short_of_its_cues_is_refused(make: MakeFilm) -> None:
    content = make("film.mkv").path.read_bytes()
    with pytest.raises(IndexUnusable, match="Cues lie beyond the end"):
        open_matroska(FilmBytes(content[: len(content) * 9 // 10]))


@pytest.fixture(scope="module")
def contents(make: MakeFilm) -> list[bytes]:
    names = ("film.mkv", "film.webm", "front.mkv", "short-clusters.mkv")
    return [make(name).path.read_bytes() for name in names]


@settings(max_examples=300)
@given(which=st.integers(0, 3), seed=st.randoms(use_true_random=False), changes=st.integers(1, 30))
def test_real_films_that_are_damaged_raise_named_errors_only(
    contents: list[bytes], which: int, seed: Any, changes: int
) -> None:
    content = bytearray(contents[which])
    regions = [(0, 1000), (len(content) - 1000, len(content)), (0, len(content))]
    for _ in range(changes):
        content[seed.randrange(*seed.choice(regions))] = seed.randrange(256)
    source = FilmBytes(bytes(content))
    try:
        index = open_matroska(source)
        for place in range(len(index.times_ns)):
            assert sum(index.extent(place)) <= source.size
    except IndexUnusable:
        pass
    assert source.reads < 5000
    assert source.bytes_read < 3 * source.size
