"""EBML numbers, headers and windowed reads."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from projectionist.errors import IndexUnusable
from projectionist.frames.ebml import Element, Window, children, element_at, real, text, unsigned, vint
from tests.frames.matroska_films import FilmBytes, element


def written(value: int, length: int) -> bytes:
    return (value | 1 << 7 * length).to_bytes(length, "big")


@given(
    st.integers(1, 8).flatmap(lambda n: st.tuples(st.integers(0, (1 << 7 * n) - 1), st.just(n))), st.binary()
)
def test_a_number_of_any_length_is_read_back(value: tuple[int, int], rest: bytes) -> None:
    assert vint(written(*value) + rest, 0) == value


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\xff\xff", b"\x40", b"\x01" + bytes(6)])
def test_a_number_that_is_cut_off_or_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(IndexUnusable, match="malformed"):
        vint(data, 0)


def test_a_header_tells_identifier_place_and_size() -> None:
    assert element_at(b"..\x1a\x45\xdf\xa3\x85", 2, 100) == Element(0x1A45DFA3, 102, 107, 5)
    assert element_at(b"\xec\x40\x05", 0).size == 5


@pytest.mark.parametrize("length", range(1, 9))
def test_a_size_of_ones_is_unknown_at_every_length(length: int) -> None:
    unknown = element_at(b"\xec" + written((1 << 7 * length) - 1, length), 0)
    assert unknown.size is None
    with pytest.raises(IndexUnusable, match="no size"):
        _ = unknown.end


def test_an_identifier_of_five_bytes_is_refused() -> None:
    with pytest.raises(IndexUnusable, match="no element begins at byte 7"):
        element_at(b"\x08\1\1\1\1\x80", 0, 7)


def test_children_are_told_in_order_and_must_fit() -> None:
    data = b"\xec\x82ab\xec\x80\x42\x86\x81x"
    assert [(child.identifier, child.end) for child in children(data)] == [(0xEC, 4), (0xEC, 6), (0x4286, 10)]
    with pytest.raises(IndexUnusable, match="larger than the one that holds it"):
        list(children(data, 0, 9))


def test_values_are_read_as_the_format_defines_them() -> None:
    def one(content: bytes) -> tuple[bytes, Element]:
        data = element(0xEC, content)
        return data, element_at(data, 0)

    assert unsigned(*one(b"")) == 0
    assert unsigned(*one(b"\1\0")) == 256
    assert (real(*one(b"")), real(*one(struct.pack(">f", 0.5))), real(*one(struct.pack(">d", 0.1)))) == (
        0,
        0.5,
        0.1,
    )
    assert text(*one(b"webm\0junk")) == "webm"
    assert text(*one(b"\xff")) == "\ufffd"
    for read, content in ((unsigned, bytes(9)), (real, bytes(5))):
        with pytest.raises(IndexUnusable):
            read(*one(content))


@given(
    st.binary(max_size=20_000),
    st.lists(st.tuples(st.integers(0, 1 << 64), st.integers(0, 5000)), max_size=20),
)
@example(b"x" * 8192, [(4095, 2), (0, 1), (4096, 4096)])
def test_a_window_shows_what_the_file_holds(content: bytes, wanted: list[tuple[int, int]]) -> None:
    window = Window(FilmBytes(content), 100)
    for offset, count in wanted:
        assert window.bytes_at(offset, count) == content[offset : offset + count]


def test_neighbours_cost_one_read() -> None:
    source = FilmBytes(b"\xec\x80" * 4096)
    window = Window(source, 100)
    for offset in range(0, 4000, 2):
        window.element(offset)
    assert (source.reads, source.bytes_read) == (1, 4096)


def test_a_window_gives_up_after_so_many_reads_or_elements() -> None:
    far_apart = Window(FilmBytes(bytes(100_000)), 3)
    for place in range(3):
        far_apart.bytes_at(place * 8192, 1)
    with pytest.raises(IndexUnusable, match="too many places"):
        far_apart.bytes_at(3 * 8192, 1)
    close_by = Window(FilmBytes(b"\xec\x80" * 100), 1)
    for _ in range(64):
        close_by.element(0)
    with pytest.raises(IndexUnusable, match="too many places"):
        close_by.element(0)


def test_an_element_is_read_whole_only_where_it_is_whole_and_small() -> None:
    content = b"\xec\x84abcd"
    window = Window(FilmBytes(content), 9)
    assert window.whole(window.element(0), 4) == b"abcd"
    with pytest.raises(IndexUnusable, match="more than 3 bytes"):
        window.whole(window.element(0), 3)
    cut = Window(FilmBytes(content[:-1]), 9)
    with pytest.raises(IndexUnusable, match="beyond the end of the file"):
        cut.whole(cut.element(0), 4)


def test_a_file_that_shrinks_while_it_is_read_is_refused() -> None:
    source = FilmBytes(b"\xec\x84abcd")
    window = Window(source, 9)
    whole = window.element(0)
    source.content = source.content[:4]
    with pytest.raises(IndexUnusable, match="became shorter"):
        window.whole(whole, 4)
