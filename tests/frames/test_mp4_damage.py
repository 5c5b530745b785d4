"""Damaged and hostile MP4 files: named errors only, in bounded time and memory."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from projectionist.errors import FilmEncrypted, FilmUnreadable, IndexUnusable
from projectionist.frames.mp4 import open_mp4
from projectionist.frames.mp4_boxes import MAX_MOOV
from tests.frames.mp4_films import FilmBytes, Track, box, film, sound_entry, table, visual_entry

CLAP = box(b"clap", struct.pack(">8I", 60, 1, 40, 1, 0, 1, 0, 1))
GOOD = film(
    Track(
        shifts=((1, 20), (1, 40), (1, 10), (5, 10)),
        keys=(0, 4),
        edits=[(100, -1, 1 << 16), (9000, 20, 1 << 16)],
        entries=[visual_entry(b"cvid", CLAP)],
        extra=table(b"stps", [(3,)], "I"),
    ),
    Track(sizes=(2,) * 8, kind=b"soun", entries=[sound_entry()]),
)
MOOV = GOOD.index(b"moov") - 4
TABLES = [
    GOOD.index(kind) for kind in (b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"ctts", b"stss", b"elst")
]


def open_any(content: bytes) -> None:
    """Open whatever it is: an index that keeps its word, or one of the named errors."""
    source = FilmBytes(content)
    try:
        index = open_mp4(source)
    except (IndexUnusable, FilmEncrypted):
        pass
    else:
        assert len(index.times_ns) > 0
        assert index.last_ns >= index.times_ns[-1]
        for number in range(len(index.times_ns)):
            offset, size = index.extent(number)
            assert offset >= 0
            assert 0 < size <= source.size - offset
    assert source.reads < 2000


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
@example(bytes(300))
@example(b"\xff" * 300)
@example(struct.pack(">I4sQ", 1, b"free", (1 << 64) - 1))
@example(struct.pack(">I4sQ", 1, b"free", 1 << 63) + bytes(99))
@example(struct.pack(">I4s", 1, b"moov"))
def test_random_bytes_are_refused(content: bytes) -> None:
    open_any(content)
    open_any(box(b"ftyp", b"isom") + content)
    open_any(box(b"moov", content))


@settings(max_examples=600, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(MOOV, len(GOOD) - 1),
            st.sampled_from(
                [b"\0", b"\1", b"\x7f", b"\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"]
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_mutated_indexes_raise_named_errors_only(changes: list[tuple[int, bytes]]) -> None:
    content = bytearray(GOOD)
    for at, change in changes:
        content[at : at + len(change)] = change
    open_any(bytes(content))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TABLES), st.integers(-4, 40), st.integers(0, (1 << 32) - 1))
def test_any_number_in_a_table_is_survived(table_at: int, field: int, value: int) -> None:
    content = bytearray(GOOD)
    content[table_at + field : table_at + field + 4] = struct.pack(">I", value)
    open_any(bytes(content[: len(GOOD)]))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 60))
def test_cut_and_gapped_files_raise_named_errors_only(at: int, count: int) -> None:
    open_any(GOOD[:at])
    open_any(GOOD[:at] + GOOD[at + count :])
    open_any(GOOD[:at] + bytes(count) + GOOD[at:])


def test_the_good_film_is_good() -> None:
    assert list(open_mp4(FilmBytes(GOOD)).times_ns) == [100_000_000, 141_666_667, 225_000_000]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no 'moov'"),
        (b"\0\0\0\x08moov", "0 video tracks"),
        (box(b"ftyp", b"isom") + struct.pack(">I4s", 5000, b"moov") + bytes(99), "cut off"),
        (box(b"free") * 2000, "top-level boxes"),
        (box(b"moov", box(b"free") * 500), "in one place"),
        (box(b"moov", struct.pack(">I4s", 3, b"trak"), bytes(9)), "less than its own header"),
        (box(b"moov", box(b"cmov")), "compressed"),
        (box(b"moof") + GOOD, "fragmented"),
    ],
)
def test_broken_box_structures_are_refused_with_their_reason(content: bytes, reason: str) -> None:
    with pytest.raises(IndexUnusable, match=reason):
        open_mp4(FilmBytes(content))


def test_boxes_within_boxes_within_boxes_are_not_followed() -> None:
    nested = b""
    for _ in range(20_000):
        nested = struct.pack(">I4s", len(nested) + 8, b"trak") + nested
    with pytest.raises(IndexUnusable):
        open_mp4(FilmBytes(box(b"moov", nested)))


def test_a_giant_index_is_not_read() -> None:
    source = FilmBytes(struct.pack(">I4s", MAX_MOOV + 9, b"moov"), size=MAX_MOOV << 1)
    with pytest.raises(IndexUnusable, match="claims"):
        open_mp4(source)


def test_an_index_that_shrinks_while_it_is_read_is_refused() -> None:
    with pytest.raises(IndexUnusable, match="became shorter"):
        open_mp4(FilmBytes(GOOD[:-20], size=len(GOOD)))


def test_a_read_that_fails_is_passed_on() -> None:
    class Broken(FilmBytes):
        def pread(self, offset: int, count: int) -> bytes:
            raise FilmUnreadable("The disk stopped answering; check it.")

    with pytest.raises(FilmUnreadable):
        open_mp4(Broken(GOOD))


def test_lying_counts_take_no_memory() -> None:
    lies = [
        Track(deltas=((0xFFFFFFFF, 1),) * 50),
        Track(shifts=((0x7FFFFFFF, 1),) * 50),
        Track(replaced={b"stsc": table(b"stsc", [(1, 0xFFFFFFFF, 1)], "III")}),
        Track(replaced={b"stsc": table(b"stsc", [(1, 3, 1), (0xFFFFFFFF, 1, 1)], "III")}),
        Track(extra=table(b"sbgp", [(0xFFFFFFFF, 1)], "II")),
    ]
    tracemalloc.start()
    try:
        for track in lies:
            open_any(film(track))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
