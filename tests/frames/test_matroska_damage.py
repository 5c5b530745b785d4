"""Damaged and hostile Matroska files: named errors only, in bounded reads, time and memory."""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from projectionist.errors import FilmEncrypted, FilmUnreadable, IndexUnusable
from projectionist.frames.matroska import open_matroska
from tests.frames.matroska_films import (
    CLUSTER,
    CUES,
    DOC_TYPE,
    HEADER,
    INFO,
    SCENES,
    SEEK_HEAD,
    SEGMENT,
    TAGS,
    TRACKS,
    VOID,
    Cue,
    FilmBytes,
    Frame,
    element,
    encoding,
    film,
    gop,
    number,
    seek,
    track,
)

LARGE = (1 << 56) - 2


def body(*parts: bytes) -> bytes:
    return element(HEADER, element(DOC_TYPE, b"webm")) + element(SEGMENT, *parts)


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = element(SEGMENT, inner)
    return inner


def moved(cluster: int = 0, relative: int = 0, ticks: int = 0) -> Callable[[list[Cue]], list[Cue]]:
    """Cues that lead so much too far."""

    def lie(cues: list[Cue]) -> list[Cue]:
        return [
            Cue(cue.ticks + ticks, cue.cluster + cluster, cue.relative and cue.relative + relative)
            for cue in cues
        ]

    return lie


def on_track(other: int) -> Callable[[list[Cue]], list[Cue]]:
    return lambda cues: [replace(cue, track=other) for cue in cues]


HEADED = element(INFO) + element(TRACKS, track())
BARE = HEADED + element(CLUSTER)
NO_CUES: Callable[[list[Cue]], list[Cue]] = lambda cues: []  # noqa: E731
SOUND = track(number_=2, kind=2)
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "malformed or cut off"),
    "text": (b"1\n00:00:00,000 --> 00:00:01,000\n", "does not begin as one"),
    "another kind": (element(HEADER, element(DOC_TYPE, b"mka3")) + element(SEGMENT), "another kind"),
    "no segment": (element(HEADER) + element(VOID), "no Segment"),
    "a huge header": (element(HEADER, claims=LARGE) + element(SEGMENT), "beyond the end"),
    "a header of 2^56-1": (element(HEADER, claims=-1) + element(SEGMENT), "no size"),
    "an empty segment": (body(), "ends before its pictures begin"),
    "segments in segments": (element(HEADER) + nested(2000), "does not belong into a Segment"),
    "no cluster": (body(HEADED, *[element(VOID)] * 1100), "no cluster is found"),
    "no info": (body(element(TRACKS, track()), element(CLUSTER)), "no Info"),
    "no tracks": (body(element(INFO), element(CLUSTER)), "no Tracks"),
    "no cues": (body(BARE), "no Cues"),
    "no video": (film(tracks=SOUND), "0 video tracks"),
    "tracks that overflow": (body(element(INFO), element(TRACKS, track()[:-3]), element(CLUSTER)), "larger"),
    "vast tracks": (body(element(INFO), element(TRACKS, claims=1 << 40), element(CLUSTER)), "ends before"),
    "a clock of its own": (film(tracks=track(element(0x23314F, struct.pack(">f", 1.5)))), "clock of its own"),
    "decoding times": (film(tracks=track(codec=b"V_MS/VFW/FOURCC")), "decoding times"),
    "two encodings": (
        film(tracks=track(element(0x6D80, element(0x6240), element(0x6240)))),
        "several content encodings",
    ),
    "an encoding of no kind": (film(tracks=track(encoding())), "unknown way"),
    "seek heads in a circle": (body(element(SEEK_HEAD, seek(SEEK_HEAD, 0)), BARE), "no Cues"),
    "a seek head elsewhere": (
        body(element(SEEK_HEAD, seek(SEEK_HEAD, len(element(SEEK_HEAD, seek(SEEK_HEAD, 0))))), BARE),
        "not there",
    ),
    "cues beyond the end": (body(element(SEEK_HEAD, seek(CUES, (1 << 64) - 1)), BARE), "beyond the end"),
    "cues elsewhere": (body(element(SEEK_HEAD, seek(CUES, 0)), BARE), "not where it says"),
    "empty cues": (film(lie=NO_CUES), "name no keyframe"),
    "cues of no track": (film(lie=on_track(7)), "name no keyframe"),
    "cues without a place": (body(element(CUES, element(0xBB, number(0xB3, 1))), BARE), "name no keyframe"),
    "cues cut off": (body(element(CUES, element(0xBB)[:-1]), BARE), "cut off"),
    "cues ending in an element": (body(element(CUES, b"\xb3\x85\0\0"), BARE), "cut off"),
    "cues of unknown size": (body(element(CUES, claims=-1), BARE), "no size"),
    "endless times": (film(lie=moved(ticks=1 << 61)), "impossible numbers"),
    "times of another age": (film([gop(1 << 50)]), "times are impossible"),
    "a delay of ages": (film(tracks=track(number(0x56AA, (1 << 64) - 1))), "times are impossible"),
    "clusters nowhere": (film(lie=moved(cluster=1 << 61)), "impossible numbers"),
    "clusters beyond the end": (film(lie=moved(cluster=1 << 50)), "beyond the end of the file"),
    "blocks beyond the end": (film(lie=moved(relative=1 << 50)), "beyond the end of the file"),
    "other times": (film(lie=moved(ticks=2)), "another block"),
    "other times, no places": (film(lie=moved(ticks=2), relative=False), "does not hold"),
    "clusters beside": (film(lie=moved(cluster=1)), "no (cluster|element)"),
    "blocks beside": (film(lie=moved(relative=1)), "malformed|no block|no element"),
    "the wrong track": (film([*SCENES, [Frame(500, track=2, cued=True)]]), "another block"),
    "a frame that is no keyframe": (film([*SCENES, [Frame(500, cued=True)]]), "no keyframe"),
    "a group that is no keyframe": (film([*SCENES, [Frame(500, cued=True, grouped=True)]]), "no keyframe"),
    "laced frames": (film([*SCENES, [Frame(500, key=True, flags=2)]]), "several frames share"),
    "an empty keyframe": (film([[Frame(0, key=True, size=0)]]), "claims 0 bytes"),
    "blocks before the time": (film().replace(b"\xe7\x01", b"\xec\x01"), "no Timestamp"),
    "an impossible time": (
        film().replace(number(0xE7, 320), element(0xE7, b"\1\x40", claims=9)),
        "impossible",
    ),
    "noise between clusters": (film(tail=b"noise" * 99), "x"),
    "cues of the beginning only": (film([gop(0, 2), [Frame(31_000)]]), "stop 31 seconds before"),
    "cues of far too little": (
        film([gop(at, 50) for at in range(0, 200_000, 2000)], lie=lambda cues: cues[:50]),
        "stop 101 seconds before",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_index_is_refused_with_its_reason(name: str) -> None:
    content, reason = REFUSED[name]
    source = FilmBytes(content)
    with pytest.raises(IndexUnusable, match=reason) as caught:
        open_matroska(source)
    assert caught.value.message.endswith(".")
    assert caught.value.message.startswith("The Matroska index cannot be used, since ")
    assert source.reads < 40


def chained(count: int) -> bytes:
    """A film whose Cues are named by the last of so many SeekHeads, all but the first behind the clusters."""
    cluster = element(CLUSTER, number(0xE7, 0), Frame(0, key=True).written(0))
    length = len(element(SEEK_HEAD, seek(CUES, 0)))
    place = length + len(HEADED)
    cues = element(CUES, Cue(0, place, len(number(0xE7, 0))).written())
    behind = place + len(cluster) + len(cues)
    heads = [element(SEEK_HEAD, seek(SEEK_HEAD, behind + length * number_)) for number_ in range(count - 1)]
    heads.append(element(SEEK_HEAD, seek(CUES, place + len(cluster))))
    return body(heads[0], HEADED, cluster, cues, *heads[1:])


def test_seek_heads_are_followed_for_a_few_steps() -> None:
    for count in (1, 2, 8):
        assert open_matroska(FilmBytes(chained(count))).extent(0)
    with pytest.raises(IndexUnusable, match="no Cues"):
        open_matroska(FilmBytes(chained(9)))


def test_cues_may_stop_where_keyframes_lie_far_apart() -> None:
    sparse = [gop(start, 10, step=2000) for start in range(0, 80_000, 20_000)]
    assert len(open_matroska(FilmBytes(film(sparse, lie=lambda cues: cues[:2]))).times_ns) == 2


def test_the_reason_for_a_keyframe_that_is_not_there_comes_when_it_is_asked_for() -> None:
    content = bytearray(film())
    content[content.index(b"1@160") - 1] = 0
    index = open_matroska(FilmBytes(bytes(content)))
    assert index.extent(0)
    with pytest.raises(IndexUnusable, match="no keyframe"):
        index.extent(1)


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("front", [True, False])
def test_a_film_cut_anywhere_shows_what_is_whole_or_nothing(relative: bool, front: bool) -> None:
    content = film([gop(0) + gop(160), gop(320), gop(480)], relative=relative, front=front)
    frames = [frame for start in (0, 160, 320, 480) for frame in gop(start)]
    ends = {frame.ticks: content.index(frame.payload) + frame.size for frame in frames}
    for size in range(len(content)):
        try:
            index = open_matroska(FilmBytes(content[:size]))
        except IndexUnusable:
            assert not front or size < ends[0]
            continue
        whole = [ticks for ticks, end in ends.items() if end <= size]
        assert index.last_ns == max(whole) * 10**6
        assert list(index.times_ns) == [ticks * 10**6 for ticks in whole if ticks % 160 == 0]
        assert index.truncated == (size < len(content))
        for place in range(len(index.times_ns)):
            assert sum(index.extent(place)) <= size


def small_point(ticks: int, cluster: int) -> bytes:
    """A CuePoint as muxers write it, with sizes of one byte."""
    positions = struct.pack(">3sHQHI", b"\xf7\x81\1", 0xF188, cluster, 0xF084, len(number(0xE7, 1 << 24)))
    return (
        struct.pack(">HHIBB", 0xBB80 | 8 + len(positions), 0xB384, ticks, 0xB7, 0x80 | len(positions))
        + positions
    )


def open_any(content: bytes) -> None:
    """Open whatever it is: an index that keeps its word, or one of the named errors."""
    source = FilmBytes(content)
    try:
        index = open_matroska(source)
    except (IndexUnusable, FilmEncrypted):
        pass
    else:
        assert len(index.times_ns) > 0
        assert np.all(np.diff(index.times_ns) > 0)
        assert index.last_ns >= index.times_ns[-1]
        for number_ in range(len(index.times_ns)):
            try:
                offset, size = index.extent(number_)
            except IndexUnusable:
                continue
            assert offset >= 0
            assert 0 < size <= source.size - offset
    assert source.reads < 500
    assert source.bytes_read <= 8192 * source.reads + len(content)


SMALL = film(
    [gop(0), gop(160, grouped=True), [*gop(320), Frame(330, key=True, track=2)]],
    tracks=track(
        element(0xE0, number(0x9A, 1), number(0x54AA, 1)), encoding(element(0x5034, number(0x4254, 3)))
    )
    + SOUND,
    info=number(0x2AD7B1, 1_000_000),
)
FILMS = [
    SMALL,
    film([gop(0) + gop(160), gop(320)], relative=False, front=True),
    film(unknown=True, tail=element(TAGS, bytes(9))),
]


@settings(max_examples=300)
@given(st.binary(max_size=400))
@example(bytes(300))
@example(b"\xff" * 300)
def test_random_bytes_are_refused(noise: bytes) -> None:
    open_any(noise)
    open_any(body(noise))
    open_any(body(HEADED, element(CUES, noise), element(CLUSTER, noise)))
    open_any(film(tail=noise))
    open_any(film(tracks=track(noise), info=noise))


@settings(max_examples=600)
@given(
    st.sampled_from(FILMS),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_changed_bytes_raise_named_errors_only(content: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(content)
    for place, value in changes:
        changed[place % len(changed)] = value
    open_any(bytes(changed))


@settings(max_examples=200)
@given(st.sampled_from(FILMS), st.integers(0, 1 << 16), st.integers(0, 99), st.binary(max_size=20))
def test_gaps_and_insertions_raise_named_errors_only(content: bytes, at: int, gap: int, more: bytes) -> None:
    at %= len(content)
    open_any(content[:at] + more + content[at + gap :])


def test_the_films_that_are_changed_are_good() -> None:
    for content in FILMS:
        assert open_matroska(FilmBytes(content)).last_ns == 440_000_000


def test_a_source_that_fails_is_not_called_a_bad_index() -> None:
    class Unplugged(FilmBytes):
        def pread(self, offset: int, count: int) -> bytes:
            if self.reads > 2:
                raise FilmUnreadable("The disk is gone.")
            return super().pread(offset, count)

    with pytest.raises(FilmUnreadable):
        open_matroska(Unplugged(film([gop(0)] * 3, head=element(VOID, bytes(50_000)))))


def film_of_cues(count: int) -> bytes:
    """A film with so many cues, of which the last is honest."""
    first = 1 << 24
    place = len(HEADED) + len(element(CUES)) + count * len(small_point(0, 0))
    points = b"".join([small_point(first + ticks, place) for ticks in range(1 - count, 1)])
    cluster = element(CLUSTER, number(0xE7, first), Frame(first, key=True).written(first))
    return body(HEADED, element(CUES, points), cluster)


def test_a_million_cues_are_read_in_seconds() -> None:
    source = FilmBytes(film_of_cues(1_000_000))
    started = time.process_time()
    assert len(open_matroska(source).times_ns) == 1_000_000
    assert time.process_time() - started < 25


def test_a_cue_takes_no_more_memory_than_in_the_file_and_four_numbers() -> None:
    source = FilmBytes(film_of_cues(50_000))
    tracemalloc.start()
    open_matroska(source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * source.size + 50_000 * 100


def test_a_sound_track_that_never_plays_is_not_waited_for() -> None:
    scenes = [[replace(frame, size=5000) for frame in gop(start, 25)] for start in range(0, 20_000, 1000)]
    source = FilmBytes(film(scenes, tracks=track() + SOUND))
    assert open_matroska(source).last_ns == 19_960_000_000
    assert source.reads < 130


@pytest.mark.parametrize("filler", [element(VOID), b"\xec\x80", element(CLUSTER, number(0xE7, 0))])
def test_endless_small_elements_are_given_up_on(filler: bytes) -> None:
    source = FilmBytes(film(tail=filler * (20_000_000 // len(filler))))
    started = time.process_time()
    with pytest.raises(IndexUnusable, match="too many places"):
        open_matroska(source)
    assert time.process_time() - started < 20
    assert source.reads < 10_000


def test_cues_that_claim_more_than_films_need_are_not_read() -> None:
    source = FilmBytes(body(HEADED, element(CUES, bytes(70 << 20)), element(CLUSTER)))
    with pytest.raises(IndexUnusable, match="claims more than"):
        open_matroska(source)
    assert source.bytes_read < 20_000
