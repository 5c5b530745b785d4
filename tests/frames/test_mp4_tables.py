"""The sample tables and edit lists of MP4, each written on purpose; libavformat judges what is accepted."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projectionist.errors import FilmEncrypted, IndexUnusable
from projectionist.frames.mp4 import MAX_PACKET, open_mp4
from tests.frames.mp4_films import FilmBytes, Track, box, film, full, sound_entry, table, visual_entry
from tests.frames.mp4_judge import assert_as_judged

ONE = 1 << 16
KEYS = (0, 4)


def numbers(kind: bytes, *values: int) -> dict[bytes, bytes]:
    return {kind: table(kind, [(value,) for value in values], "I")}


def group(version: int, *rows: int) -> bytes:
    extra = struct.pack(">I", 0) if version else b""
    return full(b"sbgp", version, b"rap ", extra, struct.pack(f">I{len(rows)}I", len(rows) // 2, *rows))


def sizes(kind: bytes, head: tuple[int, int], content: bytes) -> dict[bytes, bytes]:
    return {b"stsz": full(kind, 0, struct.pack(">II", *head), content)}


ACCEPTED: dict[str, Track] = {
    "all keyframes": Track(),
    "wide fields and co64": Track(keys=KEYS, wide=True, edits=[(1000, 0, ONE)]),
    "keyframes counted from zero": Track(replaced=numbers(b"stss", 0, 4)),
    "keyframes beyond the samples": Track(replaced=numbers(b"stss", 1, 5, 100)),
    "partial sync samples": Track(keys=KEYS, replaced=numbers(b"stps", 3, 7)),
    "partial sync samples only": Track(replaced=numbers(b"stss") | numbers(b"stps", 1, 3)),
    "random access points": Track(keys=KEYS, extra=group(0, 3, 0, 2, 1)),
    "random access points, version 1": Track(keys=KEYS, extra=group(1, 3, 0, 2, 1)),
    "constant size": Track(keys=KEYS, replaced=sizes(b"stsz", (100, 8), b"")),
    "8-bit sizes": Track(keys=KEYS, replaced=sizes(b"stz2", (8, 8), bytes([100] * 8))),
    "16-bit sizes": Track(keys=KEYS, replaced=sizes(b"stz2", (16, 8), struct.pack(">8H", *[100] * 8))),
    "4-bit sizes": Track(
        sizes=(3, 5, 7, 9, 11), keys=KEYS, replaced=sizes(b"stz2", (4, 5), bytes([0x35, 0x79, 0xB0]))
    ),
    "durations of too few samples": Track(keys=KEYS, deltas=((3, 10),)),
    "durations of too many samples": Track(keys=KEYS, deltas=((300_000_000, 10),)),
    "a duration of no samples": Track(keys=KEYS, deltas=((3, 10), (0, 50), (5, 20))),
    "offsets of too few samples": Track(keys=KEYS, shifts=((3, 10),)),
    "negative offsets": Track(keys=KEYS, shifts=((1, 0), (1, 20), (2, -10), (1, 0), (1, 20), (2, -10))),
    "empty samples": Track(keys=(0, 3, 4), sizes=(100, 0, 100, 0, 100, 0, 100, 100)),
    "an edit that begins between frames": Track(edits=[(1000, 25, ONE)]),
    "an edit that begins between keyframes": Track(keys=KEYS, edits=[(1000, 25, ONE)]),
    "an edit whose keyframe follows a later frame": Track(
        keys=(0, 3, 6), shifts=((1, 0), (1, 500), (6, 0)), edits=[(9000, 35, ONE)]
    ),
    "an edit that ends early": Track(edits=[(200, 0, ONE)]),
    "empty edits": Track(keys=KEYS, edits=[(300, -1, ONE), (250, -1, ONE), (1000, 0, ONE)]),
    "several equal descriptions": Track(keys=KEYS, entries=[visual_entry(), visual_entry()]),
    "an unused description": Track(keys=KEYS, entries=[visual_entry(), visual_entry(b"SVQ3")]),
    "an alias to itself": Track(keys=KEYS, reference=box(b"alis", b"\0\0\0\1")),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_tables_are_read_as_libavformat_reads_them(name: str) -> None:
    tone = Track(sizes=(2,) * 48, deltas=((48, 10),), kind=b"soun", entries=[sound_entry()])
    for content in (film(ACCEPTED[name]), film(ACCEPTED[name], tone, front=True)):
        assert_as_judged(content, open_mp4(FilmBytes(content)))


REFUSED: dict[str, tuple[Track, str]] = {
    "no keyframe": (Track(replaced=numbers(b"stss")), "no keyframe at all"),
    "keyframes twice": (Track(replaced=numbers(b"stss", 1, 1, 5)), "out of order"),
    "no durations": (Track(deltas=()), "no sample durations"),
    "negative durations": (Track(deltas=((3, 10), (1, 0xFFFFFFFF))), "negative sample durations"),
    "endless times": (Track(sizes=(9,) * 2000, deltas=((2000, (1 << 31) - 1),), scale=1), "30 years"),
    "wild offsets": (Track(shifts=((8, -1 << 30),)), "beyond reason"),
    "sizes of 5 bits": (Track(replaced=sizes(b"stz2", (5, 8), bytes(8))), "of 5 bits"),
    "no chunks": (Track(replaced=numbers(b"stco")), "no chunks"),
    "a chunk beyond any file": (
        Track(per_chunk=8, replaced={b"stco": table(b"co64", [(1 << 63,)], "Q")}),
        "beyond any file",
    ),
    "chunks from 2": (Track(replaced={b"stsc": table(b"stsc", [(2, 3, 1)], "III")}), "no sensible order"),
    "chunks falling": (
        Track(replaced={b"stsc": table(b"stsc", [(1, 3, 1), (1, 2, 1)], "III")}),
        "no sensible order",
    ),
    "chunks not placed": (
        Track(replaced={b"stsc": table(b"stsc", [(1, 3, 1), (9, 2, 1)], "III")}),
        "does not place",
    ),
    "too many in the chunks": (Track(replaced={b"stsc": table(b"stsc", [(1, 3, 1)], "III")}), "contradicts"),
    "too few in the chunks": (Track(replaced={b"stsc": table(b"stsc", [(1, 2, 1)], "III")}), "contradicts"),
    "two kinds of video": (
        Track(
            entries=[visual_entry(), visual_entry(b"SVQ3")],
            replaced={b"stsc": table(b"stsc", [(1, 3, 1), (3, 2, 2)], "III")},
        ),
        "changes the kind",
    ),
    "a description that is not there": (
        Track(replaced={b"stsc": table(b"stsc", [(1, 3, 2), (3, 2, 2)], "III")}),
        "changes the kind",
    ),
    "no description": (Track(entries=[]), "does not describe"),
    "another file": (Track(reference=box(b"url ", bytes(4), b"file:///x\0")), "another file"),
    "an alias": (Track(reference=box(b"alis", bytes(4), b"x" * 200)), "another file"),
    "a scale of 0": (Track(scale=0), "time scale of 0"),
    "two pieces": (Track(edits=[(100, 0, ONE), (100, 40, ONE)]), "rearranges"),
    "half speed": (Track(edits=[(1000, 0, ONE // 2)]), "rearranges"),
    "a still": (Track(edits=[(1000, 0, 0)]), "rearranges"),
    "only nothing": (Track(edits=[(1000, -1, ONE)]), "rearranges"),
    "beyond the end": (Track(edits=[(1000, 1000, ONE)]), "shows no frame"),
    "an endless edit": (
        Track(edits=[((1 << 64) - 1, -1, ONE)] * 2 + [(1000, 0, ONE)], wide=True),
        "longer than any film",
    ),
    "no keyframe shown": (Track(keys=(0,), edits=[(1000, 25, ONE)]), "no keyframe that is shown"),
    "two stss": (Track(keys=KEYS, extra=numbers(b"stss", 1)[b"stss"]), "2 'stss' boxes"),
    "no stsc": (Track(replaced={b"stsc": b""}), "lacks its 'stsc'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_handled_is_refused_with_its_reason(name: str) -> None:
    track, reason = REFUSED[name]
    with pytest.raises(IndexUnusable, match=reason):
        open_mp4(FilmBytes(film(track)))


LYING = [b"stts", b"ctts", b"stss", b"stsc", b"stco", b"stps", b"elst"]


@pytest.mark.parametrize("kind", [*LYING, b"stsz"])
def test_a_count_of_billions_allocates_nothing(kind: bytes) -> None:
    lie = full(kind, 0, bytes(4) if kind == b"stsz" else b"", b"\xff\xff\xff\xff", bytes(64))
    track = Track(keys=KEYS, shifts=((8, 20),), edits=[(1000, 20, ONE)], replaced={kind: lie})
    content = film(track)
    if kind == b"elst":
        content = content.replace(b"elst\0\0\0\0\0\0\0\1", b"elst\0\0\0\0\xff\xff\xff\xff")
    with pytest.raises(IndexUnusable, match=r"content needs|names \d+ video samples"):
        open_mp4(FilmBytes(content))


def test_a_constant_size_of_billions_of_samples_is_refused() -> None:
    with pytest.raises(IndexUnusable, match="4294967295 video samples"):
        open_mp4(FilmBytes(film(Track(replaced=sizes(b"stsz", (1, 0xFFFFFFFF), b"")))))


def test_encryption_is_told_by_its_scheme() -> None:
    secret = box(b"sinf", full(b"schm", 0, b"cbcs", bytes(4)))
    with pytest.raises(FilmEncrypted, match=r"The film is encrypted \(cbcs\)"):
        open_mp4(FilmBytes(film(Track(entries=[visual_entry(b"encv", secret)]))))
    with pytest.raises(FilmEncrypted, match="unnamed"):
        open_mp4(FilmBytes(film(Track(entries=[visual_entry(b"drmi")]))))


def test_a_huge_frame_is_refused_when_it_is_asked_for() -> None:
    track = Track(sizes=(100, MAX_PACKET + 1), per_chunk=2, keys=(0, 1))
    head = film(Track(sizes=(), replaced=track_tables(track)))
    index = open_mp4(FilmBytes(head, size=MAX_PACKET + 10_000))
    assert index.extent(0)[1] == 100
    with pytest.raises(IndexUnusable, match="claims a frame"):
        index.extent(1)


def track_tables(track: Track) -> dict[bytes, bytes]:
    """The tables of a track whose samples are not written."""
    return {
        b"stsc": table(b"stsc", [(1, len(track.sizes), 1)], "III"),
        b"stco": table(b"stco", [(36,)], "I"),
        b"stsz": full(b"stsz", 0, struct.pack(f">II{len(track.sizes)}I", 0, len(track.sizes), *track.sizes)),
    }


def test_a_text_track_without_edits_leaves_the_start_open() -> None:
    text = Track(kind=b"text", entries=[box(b"text", bytes(40))])
    late = Track(keys=KEYS, edits=[(500, -1, ONE), (1000, 0, ONE)])
    with pytest.raises(IndexUnusable, match="where the film begins"):
        open_mp4(FilmBytes(film(late, text)))
    text.edits = [(100, -1, ONE), (1000, 0, ONE)]
    assert open_mp4(FilmBytes(film(late, text))).times_ns[0] == 400_000_000
    late.edits = [(1500, -1, ONE), (1000, 0, ONE)]
    assert open_mp4(FilmBytes(film(late, text))).times_ns[0] == 0


def test_a_million_samples_are_indexed() -> None:
    count = 1_000_000
    runs = np.array([np.ones(count, np.int64), np.full(count, 10)]).T

    def rows(kind: bytes, values: npt.NDArray[np.int64]) -> bytes:
        return full(kind, 0, struct.pack(">I", len(values)), values.astype(">u4").tobytes())

    track = Track(
        sizes=(),
        replaced={
            b"stts": rows(b"stts", runs),
            b"ctts": rows(b"ctts", runs),
            b"stsc": table(b"stsc", [(1, 1, 1)], "III"),
            b"stsz": full(b"stsz", 0, struct.pack(">II", 0, count), struct.pack(">I", 7) * count),
            b"stco": rows(b"stco", np.arange(count) * 7),
            b"stss": rows(b"stss", np.arange(1, count, 50)),
        },
    )
    source = FilmBytes(film(track), size=1 << 40)
    index = open_mp4(source)
    assert len(index.times_ns) == 20_000
    assert index.extent(19_999) == (19_999 * 50 * 7, 7)
    assert source.reads < 10


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    """Tracks with reordered frames in small groups, uneven frame times and an edit list."""
    count = draw(st.integers(1, 24))
    keys = sorted({0, *draw(st.lists(st.integers(0, count - 1), max_size=4))})
    shown: list[int] = []
    for begin, end in zip(keys, [*keys[1:], count], strict=True):
        shown.append(begin)
        while len(shown) < end:
            size = min(draw(st.integers(1, 4)), end - len(shown))
            shown += [len(shown) + size - 1, *range(len(shown), len(shown) + size - 1)]
    lag = max(number - place for number, place in enumerate(shown)) if draw(st.booleans()) else 0
    begin = draw(st.sampled_from([0, lag * 10, 7, 45]))
    empty = draw(st.lists(st.integers(0, 900), max_size=2))
    return Track(
        sizes=draw(st.lists(st.integers(50, 60), min_size=count, max_size=count)),
        deltas=[(count, 10)],
        shifts=[(1, 10 * (place - number + lag)) for number, place in enumerate(shown)],
        keys=keys,
        per_chunk=draw(st.integers(1, 5)),
        edits=[*((time, -1, ONE) for time in empty), (10**6, begin, ONE)] if draw(st.booleans()) else (),
        scale=draw(st.sampled_from([24, 600, 1000, 90_000])),
        wide=draw(st.booleans()),
    )


@settings(max_examples=150, deadline=None)
@given(tracks(), tracks(), st.sampled_from([600, 1000, 90_000]), st.booleans())
def test_any_track_is_read_as_libavformat_reads_it(
    track: Track, other: Track, movie_scale: int, front: bool
) -> None:
    content = film(track, other, movie_scale=movie_scale, front=front)
    try:
        index = open_mp4(FilmBytes(content))
    except IndexUnusable as error:
        refusal = error.message
    else:
        refusal = ""
        assert_as_judged(content, index)
    assert not refusal or "edit list" in refusal or "no keyframe that is shown" in refusal
