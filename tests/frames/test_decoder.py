"""The decoder: lone keyframes, runs that skip what nobody needs, and pictures that are not whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.packet import Packet

from projectionist.errors import IndexUnusable
from projectionist.frames import Mode, ThumbnailReader, Wanted, jpeg
from projectionist.frames.decoder import Decoder
from projectionist.frames.film import Film as OpenFilm
from projectionist.frames.packets import Tape, VideoPacket
from projectionist.frames.source import SourceFile
from tests.films import Film, read_frame_number

MakeFilm = Callable[..., Film]

TICK = Fraction(1, 500)


def opened(path: Path) -> OpenFilm:
    """The film, as it is opened for walking through it."""
    film = OpenFilm(SourceFile(path))
    film.reopen()
    return film


def plainly_decoded(path: Path) -> dict[int, np.ndarray[Any, Any]]:
    """Every picture by its timestamp, decoded from end to end with the loop filter of exact runs."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.options = {"skip_loop_filter": "noref"}
        stream.codec_context.thread_count = 1
        return {frame.pts or 0: frame.to_ndarray() for frame in container.decode(stream)}


RUNS: list[tuple[str, str, dict[str, Any]]] = [
    ("film.mkv", "h264", {"b_frames": 3}),
    ("film.mp4", "h264", {"encoder_params": {"b-pyramid": "strict", "weightp": "2", "ref": "4"}}),
    ("film.ts", "h264", {"open_gop": True}),
    ("film.mkv", "hevc", {"b_frames": 4}),
    ("film.mkv", "hevc", {"encoder_params": {"temporal-layers": "3"}, "b_frames": 4}),
    ("film.mkv", "hevc", {"open_gop": True}),
    ("film.ts", "mpeg2video", {"open_gop": True}),
    ("film.mkv", "mpeg2video", {"interlaced": True}),
    ("film.avi", "mpeg4", {}),
    ("film.mp4", "mpeg4", {"b_frames": 3}),
    ("film.webm", "vp9", {}),
    ("film.webm", "vp8", {}),
    ("film.mp4", "av1", {}),
]


@pytest.mark.parametrize(("name", "codec", "more"), RUNS, ids=lambda one: str(one) if one else "plain")
def test_a_run_that_skips_frames_gives_the_very_pictures_of_a_whole_decode(
    film: MakeFilm, name: str, codec: str, more: dict[str, Any]
) -> None:
    made = film(name, codec=codec, seconds=4, gop=96, **more)
    pictures = plainly_decoded(made.path)
    stamps = sorted(pictures)
    with opened(made.path) as one:
        times = {stamp: one.to_ns(stamp) for stamp in stamps}
        targets = [times[stamps[at]] for at in (1, 6, 7, 22, 41, 58, 59, 90, -1)]
        decoder = Decoder(one, loop_filter=True)
        got = dict(decoder.run(Tape(one), targets))
        assert list(got) == targets
        for target, frame in got.items():
            assert frame is not None
            assert times[frame.pts or 0] == target
            assert np.array_equal(frame.to_ndarray(), pictures[frame.pts or 0]), target


class CountingTape(Tape):
    """A tape that counts what is taken from it."""

    taken = 0

    def __next__(self) -> VideoPacket:
        self.taken += 1
        return super().__next__()


def test_a_run_ends_soon_after_its_last_target(film: MakeFilm) -> None:
    made = film("film.mkv", seconds=20, gop=480)
    with opened(made.path) as one:
        tape = CountingTape(one)
        assert len(list(Decoder(one, loop_filter=True).run(tape, [10**9]))) == 1
        assert tape.taken < 24 + 40


def test_targets_between_frames_get_the_frame_on_the_screen(film: MakeFilm) -> None:
    made = film("film.mkv", seconds=3, vfr=True)
    with opened(made.path) as one:
        targets = [int(1e9 * at) for at in (0.0, 0.05, 0.13, 1.0, 1.01, 2.5, float(made.last), 100.0)]
        got = list(Decoder(one, loop_filter=True).run(Tape(one), targets))
        assert [target for target, _ in got] == targets[:-1]
        for target, frame in got:
            assert frame is not None
            number = read_frame_number(frame.to_ndarray(format="rgb24"))
            assert number == made.frame_at(Fraction(target, 10**9))


OPEN_GOPS: list[tuple[str, str, dict[str, Any]]] = [
    ("film.mkv", "hevc", {}),
    ("film.ts", "hevc", {}),
    ("film.mp4", "hevc", {}),
    ("film.mkv", "h264", {}),
    ("film.ts", "h264", {}),
    ("film.ts", "mpeg2video", {}),
]


@pytest.mark.parametrize(("name", "codec", "more"), OPEN_GOPS)
def test_frames_before_an_open_keyframe_come_from_the_one_before(
    film: MakeFilm, name: str, codec: str, more: dict[str, Any]
) -> None:
    made = film(name, codec=codec, seconds=8, gop=48, open_gop=True, b_frames=4, **more)
    wanted = Wanted(intervals_ms=(125,), mode=Mode.EXACT)
    with ThumbnailReader(SourceFile(made.path), wanted) as reader:
        shown = [(one.number * Fraction(1, 8), one.picture, one.stand_in) for one in reader]
        assert not reader.damaged
    for moment, picture, stand_in in shown:
        number = read_frame_number(jpeg.encode(picture.y, picture.u, picture.v, 85))
        assert abs(made.times[number] - made.times[made.frame_at(moment + TICK)]) <= TICK
        assert not stand_in


def keyframes(path: Path) -> Iterator[bytes]:
    with av.open(path) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.size and packet.is_keyframe:
                yield bytes(packet)


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        *[(codec, "film.mkv") for codec in ("h264", "hevc", "av1", "vp9", "vp8", "mpeg2video", "mpeg4")],
        ("wmv2", "film.wmv"),
        ("prores", "film.mov"),
        ("vc1", "film.mkv"),
    ],
)
def test_a_keyframe_decodes_alone_also_after_rubbish(film: MakeFilm, codec: str, name: str) -> None:
    made = film(name, codec=codec, seconds=3, gop=24 if codec not in ("prores", "vc1") else 1)
    payloads = list(keyframes(made.path))
    with opened(made.path) as one:
        decoder = Decoder(one, loop_filter=False)
        for rubbish in (b"", b"\0" * 2000, b"\xff" * 2000, payloads[1][: len(payloads[1]) // 2], payloads[2]):
            if rubbish:
                decoder.keyframe(rubbish)
            frame = decoder.keyframe(payloads[1])
            assert frame is not None
            assert read_frame_number(frame.to_ndarray(format="rgb24")) == made.keyframes[1]


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "vp8", "mpeg4"])
def test_a_keyframe_half_of_which_never_came_is_no_picture(film: MakeFilm, codec: str) -> None:
    encoder = {"crf": "5"} if codec in ("h264", "hevc") else {}
    made = film("film.mkv", codec=codec, seconds=3, gop=24, size=(640, 360), encoder=encoder)
    payload = next(keyframes(made.path))
    with opened(made.path) as one:
        decoder = Decoder(one, loop_filter=False)
        half = len(payload) // 2
        assert decoder.keyframe(payload[:half] + bytes(len(payload) - half)) is None
        assert decoder.keyframe(payload) is not None


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4"])
def test_frames_that_are_called_keyframes_and_are_none_are_not_believed(film: MakeFilm, codec: str) -> None:
    made = film("film.mkv", codec=codec, seconds=2, gop=48)
    with opened(made.path) as one:
        packets = list(Tape(one))
        decoder = Decoder(one, loop_filter=False)
        assert decoder.keyframe(packets[0]) is not None
        with pytest.raises(IndexUnusable, match="called keyframes"):
            any(decoder.keyframe(packet) for packet in packets[1:])


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "mpeg4"])
def test_a_run_shows_nothing_that_refers_to_a_damaged_frame(film: MakeFilm, codec: str) -> None:
    made = film("film.mkv", codec=codec, seconds=3, gop=72, size=(640, 360))

    def damaged(packets: Tape) -> Iterator[VideoPacket]:
        for rank, packet in enumerate(packets):
            if rank != 30:
                yield packet
                continue
            bad: Packet[Any] = Packet(bytes(packet)[:8] + bytes(packet.size - 8))
            bad.pts, bad.dts, bad.time_base, bad.stream = (
                packet.pts,
                packet.dts,
                packet.time_base,
                packet.stream,
            )
            yield bad

    with opened(made.path) as one:
        targets = [one.to_ns(0) + at * 10**9 // 24 for at in (5, 20, 50, 60)]
        got = list(Decoder(one, loop_filter=True).run(damaged(Tape(one)), targets))
    numbers = [
        None if frame is None else read_frame_number(frame.to_ndarray(format="rgb24")) for _, frame in got
    ]
    assert numbers[:2] in ([5, 20], [4, 19])
    assert not any(numbers[2:]) or numbers[2:] == [50, 60]


@pytest.mark.parametrize("gop", [24, 96])
def test_the_last_whole_frame_is_found_after_a_cut(film: MakeFilm, tmp_path: Path, gop: int) -> None:
    made = film("film.mkv", seconds=4, gop=gop)
    with opened(made.path) as one:
        packets = list(Tape(one))[-gop:]
        assert Decoder(one, loop_filter=True).last_whole(packets) == int(made.last * 10**9)
    with opened(made.path) as one:
        assert Decoder(one, loop_filter=True).last_whole([]) == -1


def test_a_picture_larger_than_any_film_is_refused_before_memory_is_taken(film: MakeFilm) -> None:
    made = film("film.mkv", codec="mjpeg", gop=1, seconds=1)
    payload = bytearray(next(keyframes(made.path)))
    at = payload.index(b"\xff\xc0") + 5
    payload[at : at + 4] = b"\xff\xff\xff\xff"
    with opened(made.path) as one:
        decoder = Decoder(one, loop_filter=False)
        assert decoder.keyframe(bytes(payload)) is None
