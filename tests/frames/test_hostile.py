"""Films that are not what they claim get thumbnails or a named error, in bounded time and memory."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from projectionist.errors import FilmEncrypted, FilmError, FilmUndecodable, NoVideo
from projectionist.frames import Mode, Thumbnail, ThumbnailReader, Wanted, jpeg
from projectionist.frames.film import Film as OpenFilm
from projectionist.frames.packets import Tape, VideoPacket
from projectionist.frames.source import SourceFile
from tests.films import ENCRYPTED, FRAGMENTED, Film, read_frame_number
from tests.frames import hostile_films as lies
from tests.frames.hostile_films import Lie

MakeFilm = Callable[..., Film]
ROOT = Path(__file__).resolve().parents[2]

HONEST = list(range(0, 240, 24))


def read(
    path: Path, interval_ms: int = 1000, mode: Mode = Mode.AUTO
) -> tuple[ThumbnailReader, list[Thumbnail]]:
    with ThumbnailReader(SourceFile(path), Wanted(intervals_ms=(interval_ms,), mode=mode)) as reader:
        return reader, list(reader)


def number_in(thumbnail: Thumbnail) -> int:
    picture = thumbnail.picture
    return read_frame_number(jpeg.encode(picture.y, picture.u, picture.v, 85))


def weigh(paths: list[Path], mode: Mode = Mode.AUTO, interval_ms: int = 1000) -> list[dict[str, Any]]:
    """What comes of each film in one process; see tests/frames/weigh.py."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.frames.weigh", mode, str(interval_ms), *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, (run.returncode, str(paths[len(told)]), run.stderr[-2000:])
    return told


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def scrambled(stream: bytes) -> bytes:
    """A transport stream whose video packets are marked as scrambled, and are noise."""
    noise, content = random.Random(1), bytearray(stream)
    for at in range(0, len(content), 188):
        if (content[at + 1] & 0x1F) << 8 | content[at + 2] == 0x100:
            content[at + 3] |= 0x80
            payload = at + 4 + (content[at + 4] + 1 if content[at + 3] & 0x20 else 0)
            content[payload : at + 188] = noise.randbytes(at + 188 - payload)
    return bytes(content)


def test_films_without_a_moving_picture_are_said_to_have_none(film: MakeFilm) -> None:
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("sound.mkv", {}),
        ("sound.m4a", {}),
        ("sound.ts", {}),
        ("sound.wmv", {"audio": "wmav2"}),
        ("cover.mkv", {"cover": True}),
        ("cover.m4a", {"cover": True}),
    ]
    for name, more in kinds:
        made = film(name, codec=None, seconds=2, **{"audio": "aac", **more})
        with pytest.raises(NoVideo, match=f"{name} has no moving picture"):
            read(made.path)


def test_encrypted_films_are_said_to_be(film: MakeFilm, tmp_path: Path) -> None:
    paths = [
        film("plain.mp4", seconds=3, muxer=ENCRYPTED).path,
        film("pieces.mp4", seconds=3, muxer={**ENCRYPTED, **FRAGMENTED}).path,
        written(tmp_path, "stream.ts", scrambled(film("film.ts", seconds=3).path.read_bytes())),
    ]
    for path in paths:
        with pytest.raises(FilmEncrypted, match=f"{path.name} is encrypted; use a copy"):
            read(path)


@pytest.mark.parametrize(
    ("name", "codec", "old", "new"),
    [
        ("film.mkv", "h264", b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/ABC"),
        ("film.mp4", "h264", b"avc1", b"xyz9"),
        ("film.avi", "mpeg4", b"FMP4", b"XYZ9"),
    ],
)
def test_video_that_nothing_decodes_is_said_to_be_that(
    film: MakeFilm, tmp_path: Path, name: str, codec: str, old: bytes, new: bytes
) -> None:
    content = film(name, codec=codec, seconds=3).path.read_bytes().replace(old, new)
    with pytest.raises(FilmUndecodable, match=f"{name} holds video .* no decoder .* convert it"):
        read(written(tmp_path, name, content))


MP4_LIES: dict[str, tuple[Lie, bool]] = {
    "chunks one byte on": (lies.table(b"stco", 8, 4, lambda at: at + 1), False),
    "chunks beyond the end": (lies.table(b"stco", 8, 4, lambda at: at + 10**6), False),
    "a frame of 3 GB": (lies.field(b"stsz", 12 + 4 * 48, "I", 3_000_000_000), True),
    "2^31 frames": (lies.field(b"stsz", 8, "I", 1 << 31), False),
    "2^31 frames of one byte": (lies.field(b"stsz", 4, "II", 1, 1 << 31), False),
    "2^26 frames of one byte": (
        lambda film: lies.field(b"stts", 8, "I", 1 << 26)(
            lies.field(b"stsc", 12, "I", 1 << 26)(lies.field(b"stsz", 4, "II", 1, 1 << 26)(film))
        ),
        False,
    ),
    "frames of no time": (lies.field(b"stts", 12, "I", 0), True),
    "frames of years": (lies.field(b"stts", 12, "I", (1 << 31) - 1), True),
    "a frame shown in years": (lies.field(b"ctts", 8 + 4 + 8 * 5, "i", (1 << 31) - 1), True),
    "a frame shown years ago": (lies.field(b"ctts", 8 + 4 + 8 * 5, "i", -(1 << 31)), True),
    "no ticks a second": (lies.field(b"mdhd", 12, "I", 0), True),
    "one tick a second": (lies.field(b"mdhd", 12, "I", 1), True),
    "a length of years": (lies.field(b"mvhd", 16, "I", 0xFFFFFFFF), True),
    "no codec set-up": (lies.field(b"avcC", 0, "IIII", *[0xFFFFFFFF] * 4), False),
    "a codec set-up of 2 GB": (lies.field(b"avcC", -8, "I", (1 << 31) - 1), True),
    "an index in an index": (lies.moov_in_moov, True),
    "boxes in boxes": (lies.deep(b"moov"), False),
    "tracks in tracks": (lies.deep(b"trak"), False),
    "very many tracks": (lies.many(b"trak"), False),
    "a million frames": (lies.a_million_samples, False),
}

MKV_LIES: dict[str, tuple[Lie, bool]] = {
    "ticks of no time": (
        lies.swapped(bytes.fromhex("2ad7b1830f4240"), bytes.fromhex("2ad7b183000000")),
        True,
    ),
    "ticks of a nanosecond": (
        lies.swapped(bytes.fromhex("2ad7b1830f4240"), bytes.fromhex("2ad7b183000001")),
        True,
    ),
    "long ticks": (lies.swapped(bytes.fromhex("2ad7b1830f4240"), bytes.fromhex("2ad7b183ffffff")), True),
    "a time that stands still": (lies.cluster_times(lambda rank, time: 0), True),
    "a time that runs backwards": (lies.cluster_times(lambda rank, time: 50_000 - time), True),
    "cues a few bytes off": (lies.shifted_cues(3), True),
    "cues far off": (lies.shifted_cues(5000), True),
    "a block of 2^40 bytes": (lies.huge_block, True),
    "a million empty clusters": (lies.tiny_clusters, True),
    "clusters in clusters": (lies.recursive("1f43b675"), False),
    "groups in groups": (lies.recursive("a0"), False),
    "tracks in tracks": (lies.recursive("1654ae6b"), False),
}


@pytest.mark.parametrize(("name", "chosen"), [("film.mp4", MP4_LIES), ("film.mkv", MKV_LIES)])
def test_lies_cost_little_time_and_memory(
    film: MakeFilm, tmp_path: Path, name: str, chosen: dict[str, tuple[Lie, bool]]
) -> None:
    honest = film(name, seconds=10, gop=24).path.read_bytes()
    paths = [written(tmp_path, f"{about}{name[4:]}", lie(honest)) for about, (lie, _) in chosen.items()]
    for told, (about, (_, shows)) in zip(weigh(paths), chosen.items(), strict=True):
        assert told["in_order"], about
        assert (told["count"] > 0) is shows, (about, told)
        assert bool(told["error"]) is not shows, (about, told)
        assert not told["error"] or told["film"] in told["message"]
        assert told["seconds"] < 25, (about, told)  # five times what is meant
        assert told["growth"] < 150, (about, told)


@pytest.mark.parametrize(
    ("name", "lie", "method"),
    [
        ("film.mp4", lies.field(b"avc1", 24, "HH", 16384, 16384), "mp4-index"),
        ("film.mp4", lies.field(b"avc1", 24, "HH", 1, 1), "mp4-index"),
        ("film.mp4", lies.table(b"stss", 8, 4, lambda number: number + 5), "seek"),
        ("film.mp4", lies.table(b"stss", 8, 4, lambda number: number + 5, skip=1), "seek"),
        ("film.mp4", lies.field(b"stss", -4, "4s", *[b"free"]), "mp4-index"),  # type: ignore[arg-type]
        ("film.mkv", lies.without_cues, "linear"),
        ("film.mkv", lies.shifted_cues(3), "linear"),
        ("film.mkv", lies.cluster_times(lambda rank, time: time + 40_000 * (rank == 3)), "linear"),
    ],
)
def test_what_lies_beside_the_pictures_does_not_change_them(
    film: MakeFilm, tmp_path: Path, name: str, lie: Lie, method: str
) -> None:
    path = written(tmp_path, name, lie(film(name, seconds=10, gop=24).path.read_bytes()))
    reader, thumbnails = read(path)
    assert reader.method == method
    wrong = [one for one in thumbnails if number_in(one) != HONEST[one.number]]
    assert len(thumbnails) == 10
    assert [one.number for one in wrong] in ([], [6, 7])  # those of the cluster at a wrong time
    assert reader.damaged is bool(wrong)


@pytest.mark.parametrize(
    ("codec", "name"), [("h264", "film.mp4"), ("hevc", "film.mp4"), ("mpeg4", "film.mp4")]
)
def test_keyframes_that_are_none_are_found_out(film: MakeFilm, tmp_path: Path, codec: str, name: str) -> None:
    """Without its table of keyframes, an MP4 claims that every frame is one (ISO/IEC 14496-12, 8.6.2)."""
    made = film(name, codec=codec, seconds=10, gop=48)
    content = made.path.read_bytes().replace(b"stss", b"free")
    _, thumbnails = read(written(tmp_path, name, content), interval_ms=700)
    assert len(thumbnails) == 15
    for one in thumbnails:
        assert abs(made.times[number_in(one)] * 1000 - one.number * 700) <= 1000


def test_a_mid_film_fault_of_the_index_neither_repeats_nor_misses_a_thumbnail(
    film: MakeFilm, tmp_path: Path
) -> None:
    made = film("film.mkv", seconds=20, gop=24)
    content = bytearray(made.path.read_bytes())
    with av.open(made.path) as container:
        keys = [packet for packet in container.demux(video=0) if packet.is_keyframe]
    at = keys[14].pos or 0
    block = content.rindex(b"\xa3", 0, at)
    content[block] = 0xA4  # no block: what the Cues say of this one is wrong
    reader, thumbnails = read(written(tmp_path, "film.mkv", bytes(content)))
    assert reader.method == "linear"
    assert [one.number for one in thumbnails] == list(range(20))
    assert [number_in(one) for one in thumbnails[:14]] == [24 * number for number in range(14)]


def test_a_stream_that_changes_its_size_is_followed(film: MakeFilm, tmp_path: Path) -> None:
    first = film("film.ts", seconds=5, gop=24)
    second = film("film.ts", seconds=5, gop=24, size=(640, 360), start=5)
    path = written(tmp_path, "film.ts", first.path.read_bytes() + second.path.read_bytes())
    for mode in (Mode.KEYFRAME, Mode.EXACT):
        _, thumbnails = read(path, mode=mode)
        assert len(thumbnails) == 10
        assert {one.picture.y.shape for one in thumbnails} == {(180, 320)}
        assert [number_in(one) // 24 for one in thumbnails] == [0, 1, 2, 3, 4] * 2


def test_a_stream_that_begins_late_is_shown_from_its_first_picture_on(film: MakeFilm, tmp_path: Path) -> None:
    content = film("film.ts", seconds=10, gop=24, audio="aac").path.read_bytes()
    packets = [content[at : at + 188] for at in range(0, len(content), 188)]
    late = [
        packet
        for rank, packet in enumerate(packets)
        if rank > len(packets) // 2 or (packet[1] & 0x1F) << 8 | packet[2] != 0x100
    ]
    _, thumbnails = read(written(tmp_path, "film.ts", b"".join(late)))
    numbers = [number_in(one) for one in thumbnails]
    assert len(numbers) == 10
    assert numbers == sorted(numbers)
    assert numbers[0] == numbers[3] > 0
    assert numbers[-1] == 216


def test_streams_that_turn_up_after_opening_disturb_nothing(film: MakeFilm, tmp_path: Path) -> None:
    first = film("film.ts", seconds=5, gop=24)
    moved = {"mpegts_start_pid": "0x300", "mpegts_pmt_start_pid": "0x1100"}
    second = film("film.ts", seconds=5, gop=24, start=5, muxer=moved)
    content = first.path.read_bytes() + second.path.read_bytes()
    _, thumbnails = read(written(tmp_path, "film.ts", content))
    assert [number_in(one) for one in thumbnails][:5] == [0, 24, 48, 72, 96]


def test_the_fault_that_such_streams_give_at_the_end_is_the_end(film: MakeFilm) -> None:
    """PyAV reads beyond its own list of streams there (InputContainer.demux, "Flush!")."""

    class Stumbling:
        def __init__(self, container: av.container.InputContainer) -> None:
            self._container = container

        def __getattr__(self, name: str) -> Any:
            return getattr(self._container, name)

        def demux(self, stream: av.VideoStream) -> Iterator[VideoPacket]:
            yield from (packet for packet in self._container.demux(stream) if packet.size)
            raise IndexError("list index out of range")

    with OpenFilm(SourceFile(film("film.ts", seconds=3).path)) as opened:
        opened.container = Stumbling(opened.container)  # type: ignore[assignment]
        assert len(list(Tape(opened))) == 72
        assert not opened.damaged


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory, film: MakeFilm) -> list[Path]:
    """One film of 3840 x 2160 in three containers, to be read by index, by seeking and from end to end."""
    made = film("film.mp4", frames=30, fps=Fraction(6), gop=6, size=(3840, 2160), b_frames=2)
    folder = tmp_path_factory.mktemp("large")
    paths = [made.path]
    for name, options in [("film.ts", {}), ("film.mkv", {"live": "1"})]:
        paths.append(folder / name)
        form = "mpegts" if name.endswith("ts") else "matroska"
        with av.open(made.path) as source, av.open(paths[-1], "w", form, container_options=options) as out:
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
    return paths


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "method"), [(0, "mp4-index"), (1, "seek"), (2, "linear")])
@pytest.mark.parametrize("mode", [Mode.KEYFRAME, Mode.EXACT])
def test_large_pictures_take_bounded_memory_however_they_are_read(
    large: list[Path], rank: int, method: str, mode: Mode
) -> None:
    (told,) = weigh([large[rank]], mode, 500)
    assert (told["method"], told["count"], told["error"]) == (method, 10, "")
    assert told["growth"] < 250


FUZZED: list[tuple[str, str, dict[str, Any]]] = [
    ("film.mkv", "h264", {"audio": "aac"}),
    ("film.mp4", "h264", {"audio": "aac"}),
    ("pieces.mp4", "hevc", {"muxer": FRAGMENTED}),
    ("film.ts", "h264", {"audio": "aac"}),
    ("film.avi", "mpeg4", {}),
    ("film.webm", "vp9", {}),
    ("film.wmv", "wmv2", {}),
]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A few changes, mostly where the structures are: at the head and at the tail."""
    film = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4, 10, 30))):
        at = chance.choice(
            (
                chance.randrange(len(film)),
                chance.randrange(min(1500, len(film))),
                -1 - chance.randrange(min(3000, len(film))),
            )
        ) % len(film)
        length = chance.choice((1, 2, 4, 8, 188, 2000))
        change = chance.randrange(6)
        if change == 0:
            film[at] ^= 1 << chance.randrange(8)
        elif change == 1:
            film[at : at + 4] = chance.choice(
                (b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\x80\0\0\0")
            )
        elif change == 2:
            film[at : at + length] = chance.randbytes(min(length, len(film) - at))
        elif change == 3:
            film[at : at + length] = bytes(min(length, len(film) - at))
        elif change == 4 and len(film) > length + 16:
            del film[at : at + length]
        else:
            film[at:at] = chance.randbytes(length)
    return bytes(film)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "codec", "more"), FUZZED, ids=[f"{one[1]}-{one[0]}" for one in FUZZED])
def test_whatever_is_changed_in_a_film_it_gets_thumbnails_or_a_named_error(
    film: MakeFilm, tmp_path: Path, name: str, codec: str, more: dict[str, Any]
) -> None:
    honest = film(name, codec=codec, seconds=6, gop=24, size=(160, 96), **more).path.read_bytes()
    paths = [
        written(tmp_path, f"{seed}{Path(name).suffix}", mutated(honest, random.Random(seed)))
        for seed in range(60)
    ]
    for mode, some in zip(Mode, (paths[:20], paths[20:40], paths[40:]), strict=True):
        for told in weigh(some, mode, 700):
            assert told["in_order"], told
            assert told["error"] or told["count"] == told["last_ns"] // 700_000_000 + 1, told
            assert not told["error"] or told["film"] in told["message"], told
            assert told["seconds"] < 25, told
            assert told["growth"] < 150, told


def test_every_refusal_is_one_sentence_of_what_where_and_what_to_do(film: MakeFilm, tmp_path: Path) -> None:
    honest = film("film.mp4", seconds=3).path.read_bytes()
    for content in (
        b"text" * 100,
        honest[:2000],
        honest.replace(b"avc1", b"xyz9"),
        honest.replace(b"moov", b"moof"),
    ):
        path = written(tmp_path, "film.mp4", content)
        with pytest.raises(FilmError) as told:
            read(path)
        message = told.value.message
        assert message.startswith(str(path))
        assert message.endswith(".")
        assert "; " in message
        assert "Errno" not in message
        assert "\n" not in message
