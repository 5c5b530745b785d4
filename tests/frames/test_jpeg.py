from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import PreviewInvalid
from projectionist.frames import jpeg
from tests.pictures import picture, planes

FOREIGN_COMMENT = b"\xff\xfe\x00\x09foreign"
REAL = picture(3)
COMMENTED = jpeg.with_comment(REAL, '{"made": "by us"}')


def test_planes_come_back_from_the_encoded_picture() -> None:
    y = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
    grey = np.full((24, 32), 128, np.uint8)
    shown = jpeg.decode(jpeg.encode(y, grey, grey, 95))
    assert shown.shape == (48, 64, 3)
    assert np.abs(shown.astype(int) - y[:, :, None]).max() <= 4


def test_colours_are_full_range_bt601() -> None:
    y, u, v = (
        np.full(shape, value, np.uint8) for shape, value in (((16, 16), 76), ((8, 8), 85), ((8, 8), 255))
    )
    red = jpeg.decode(jpeg.encode(y, u, v, 95))[8, 8]
    assert np.abs(red.astype(int) - (254, 0, 0)).max() <= 3


def test_planes_that_are_views_are_encoded_like_their_copies() -> None:
    y, u, v = planes(1, 64, 36)
    cut = y[:18, :32], u[:9, :16], v[:9, :16]
    copies = tuple(np.ascontiguousarray(plane) for plane in cut)
    assert jpeg.encode(*cut, 80) == jpeg.encode(copies[0], copies[1], copies[2], 80)


def test_planes_of_odd_size_are_a_mistake_of_the_caller() -> None:
    y, u, v = planes(1)
    with pytest.raises(ValueError, match="no 4:2:0 picture"):
        jpeg.encode(y[:17], u, v, 80)


def test_a_picture_larger_than_a_jpeg_is_refused_in_a_sentence() -> None:
    y, half = np.zeros((2, 65502), np.uint8), np.zeros((1, 32751), np.uint8)
    with pytest.raises(PreviewInvalid, match="65502x2 cannot be made, 65500 pixels being the most"):
        jpeg.encode(y, half, half, 80)


def test_the_comment_stands_right_behind_the_jfif_header() -> None:
    text = b"Projectionist \xe2\x82\xac"
    segment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
    assert REAL[2:4] == b"\xff\xe0"
    assert jpeg.with_comment(REAL, "€") == REAL[:20] + segment + REAL[20:]


def test_a_comment_is_read_back_and_changes_no_pixel() -> None:
    assert jpeg.comment_of(COMMENTED) == '{"made": "by us"}'
    assert jpeg.comment_of(REAL) is None
    assert np.array_equal(jpeg.decode(COMMENTED), jpeg.decode(REAL))


def test_a_second_comment_replaces_the_first_and_leaves_a_foreign_one() -> None:
    foreign = COMMENTED[:20] + FOREIGN_COMMENT + COMMENTED[20:]
    again = jpeg.with_comment(foreign, "second")
    assert jpeg.comment_of(again) == "second"
    assert FOREIGN_COMMENT in again
    assert b"made" not in again


def test_the_longest_comment_fits_and_one_byte_more_is_refused() -> None:
    longest = "x" * (65533 - len("Projectionist "))
    assert jpeg.comment_of(jpeg.with_comment(REAL, longest)) == longest
    with pytest.raises(PreviewInvalid, match="does not fit"):
        jpeg.with_comment(REAL, longest + "x")


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_text_comes_back_from_a_comment(text: str) -> None:
    assert jpeg.comment_of(jpeg.with_comment(REAL, text)) == text


def test_dimensions_come_from_the_frame_header() -> None:
    assert jpeg.dimensions(picture(0, 320, 134)) == (320, 134)


@pytest.mark.parametrize("length", range(len(COMMENTED)))
def test_a_picture_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(PreviewInvalid, match=r"truncated|start marker"):
        jpeg.check(COMMENTED[:length])


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "start marker"),
        (b"GIF89a" + REAL, "start marker"),
        (b"\xff\xd8\xff\xd9", "no picture data"),
        (b"\xff\xd8\x00\x00", "0x00 at byte 2 where a marker belongs"),
        (b"\xff\xd8\xff\xe0\x00\x01", "impossible length 1 at byte 2"),
        (b"\xff\xd8\xff\xe0\xff\xff", "ends at byte 6 inside the segment 0xe0 from byte 2"),
        (b"\xff\xd8\xff\xd8", "impossible marker 0xd8 at byte 3"),
        (b"\xff\xd8\xff\xc0\x00\x04\x08\x00\xff\xd9", "frame header of 2 bytes"),
        (b"\xff\xd8\xff\xc0\x00\x0b\x08" + bytes(8) + b"\xff\xd9", "size of 0x0"),
        (b"\xff\xd8\xff\xda\x00\x02\xff\xd9", "before any frame header"),
        (REAL[:-2] + b"\xff\xda\x00\x02" * 100 + b"\xff\xd9", "101 scans"),
    ],
)
def test_a_broken_picture_is_refused_with_the_place(broken: bytes, reason: str) -> None:
    with pytest.raises(PreviewInvalid, match=reason):
        jpeg.check(broken)


def test_what_follows_a_whole_picture_does_not_matter() -> None:
    jpeg.check(REAL + b"\0\0\0")


def test_damaged_picture_data_is_found_by_decoding() -> None:
    at = REAL.index(b"\xff\xda") + 14
    damaged = REAL[:at] + b"\xff\xd0" + REAL[at + 2 :]
    jpeg.check(damaged)
    with pytest.raises(PreviewInvalid, match="cannot be decoded"):
        jpeg.decode(damaged)


def test_a_picture_that_claims_gigabytes_is_not_decoded() -> None:
    at = REAL.index(b"\xff\xc0") + 5
    with pytest.raises(PreviewInvalid, match="65000x65000, too large"):
        jpeg.decode(REAL[:at] + (65000).to_bytes(2, "big") * 2 + REAL[at + 4 :])


def test_a_smaller_picture_is_decoded_where_that_is_enough() -> None:
    assert jpeg.decode(picture(0, 320, 180), narrowest=100).shape == (68, 120, 3)
    assert jpeg.decode(picture(0, 32, 18), narrowest=100).shape == (18, 32, 3)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    rubbish = bytearray(COMMENTED)
    for place in draw(st.lists(st.integers(0, len(rubbish) - 1), max_size=8)):
        rubbish[place] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(rubbish)))
    return bytes(rubbish[:cut] if draw(st.booleans()) else rubbish)


@given(mutated() | st.binary(max_size=400).map(b"\xff\xd8".__add__))
def test_rubbish_raises_nothing_but_preview_invalid(rubbish: bytes) -> None:
    said = []
    for read in (
        jpeg.check,
        jpeg.dimensions,
        jpeg.comment_of,
        jpeg.decode,
        lambda it: jpeg.with_comment(it, "x"),
    ):
        try:
            read(rubbish)
        except PreviewInvalid as error:
            said.append(error.message)
    assert all(sentence.endswith(".") for sentence in said)
