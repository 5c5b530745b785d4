"""What colours a frame has, where it, the container or only custom says so."""

from __future__ import annotations

import av
import numpy as np
import pytest

from projectionist.frames.colour import (
    Colour,
    Matrix,
    Primaries,
    Range,
    Transfer,
    colour_of,
    rgb_to_bt709,
    ycc_to_jpeg,
    ycc_to_rgb,
)

NOTHING = Colour()


@pytest.mark.parametrize(
    ("width", "height", "matrix"),
    [
        (720, 576, Matrix.SMPTE170M),
        (720, 480, Matrix.SMPTE170M),
        (1024, 576, Matrix.SMPTE170M),
        (1280, 720, Matrix.BT709),
        (1280, 536, Matrix.BT709),
        (960, 720, Matrix.BT709),
        (1920, 1080, Matrix.BT709),
    ],
)
def test_an_unstated_matrix_follows_from_the_size(width: int, height: int, matrix: Matrix) -> None:
    assert colour_of(av.VideoFrame(width, height, "yuv420p"), NOTHING).matrix == matrix


def test_the_frame_is_believed_before_the_container() -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = 1, 1, 1, 2
    found = colour_of(frame, Colour(Matrix.BT2020_NCL, Primaries.BT2020, Transfer.PQ, Range.LIMITED))
    assert found == Colour(Matrix.BT709, Primaries.BT709, 1, Range.FULL)


def test_the_container_completes_the_frame() -> None:
    stated = Colour(Matrix.BT2020_NCL, Primaries.BT2020, Transfer.PQ, Range.LIMITED)
    assert colour_of(av.VideoFrame(64, 48, "yuv420p10le"), stated) == stated


def test_hdr_without_a_matrix_is_bt2020() -> None:
    frame = av.VideoFrame(64, 48, "yuv420p10le")
    frame.color_trc = Transfer.HLG
    assert colour_of(frame, NOTHING).matrix == Matrix.BT2020_NCL


@pytest.mark.parametrize("pixels", ["rgb24", "gbrp", "bgra", "pal8", "monow"])
def test_rgb_has_no_matrix_and_full_range(pixels: str) -> None:
    frame = av.VideoFrame(1920, 1080, pixels)
    frame.color_range = Range.LIMITED
    found = colour_of(frame, NOTHING)
    assert (found.matrix, found.range) == (Matrix.RGB, Range.FULL)


def test_yuvj_is_full_range_whatever_is_flagged() -> None:
    assert colour_of(av.VideoFrame(64, 48, "yuvj420p"), NOTHING).range == Range.FULL


def test_yuv_without_a_range_is_limited() -> None:
    assert colour_of(av.VideoFrame(64, 48, "yuv420p"), NOTHING).range == Range.LIMITED


def test_the_matrix_of_bt709_is_the_one_of_its_recommendation() -> None:
    assert np.allclose(
        ycc_to_rgb(Matrix.BT709), [[1, 0, 1.5748], [1, -0.1873, -0.4681], [1, 1.8556, 0]], atol=1e-4
    )


def test_bt2020_light_becomes_bt709_light_as_bt2087_says() -> None:
    wanted = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    assert np.allclose(rgb_to_bt709(Primaries.BT2020), wanted, atol=1e-4)


@pytest.mark.parametrize("primaries", [Primaries.BT2020, Primaries.DCI_P3, Primaries.DISPLAY_P3])
def test_white_stays_white(primaries: Primaries) -> None:
    assert np.allclose(rgb_to_bt709(primaries).sum(axis=1), 1)


@pytest.mark.parametrize("matrix", [*Matrix])
def test_grey_stays_grey_in_every_matrix(matrix: Matrix) -> None:
    assert np.allclose(ycc_to_jpeg(matrix)[:, 0], [1, 0, 0])


def test_ycgco_is_inverted_exactly() -> None:
    red, green, blue = 0.2, 0.7, 0.4
    luma, cg, co = red / 4 + green / 2 + blue / 4, -red / 4 + green / 2 - blue / 4, red / 2 - blue / 2
    assert np.allclose(ycc_to_rgb(Matrix.YCGCO) @ [luma, cg, co], [red, green, blue])


@pytest.mark.parametrize(
    ("colour", "wide"),
    [
        (Colour(Matrix.BT709, Primaries.BT709, 1), False),
        (NOTHING, False),
        (Colour(transfer=Transfer.PQ), True),
        (Colour(transfer=Transfer.HLG), True),
        (Colour(primaries=Primaries.BT2020), True),
    ],
)
def test_hdr_and_wide_gamuts_pass_through_light(colour: Colour, wide: bool) -> None:
    assert colour.is_wide is wide
