"""HDR on an SDR screen: bright enough, nothing flat, no hue changed.

Signals are made here with formulas of SMPTE ST 2084 and ITU-R BT.2100 that are written out anew, and checked
against values that those documents and BT.2408 print.
"""

from __future__ import annotations

import colorsys
import struct
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type as SideDataType

from projectionist.frames.look import Look
from projectionist.frames.picture import Renderer
from projectionist.frames.tonemap import peak_of
from tests.films import HDR10, HLG, Film, read_colors, read_frame_number, read_levels
from tests.frames.patches import Floats, first_keyframe, seen, yuv_patches

PQ_TRC, HLG_TRC = 16, 18

BT709_TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
"""ITU-R BT.2087, section 2: linear light."""

BT2020_LUMA = (0.2627, 0.6780, 0.0593)


def pq(nits: Floats) -> Floats:
    power = (nits / 10000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def hlg(nits: Floats) -> Floats:
    """For a screen of 1000 nits, whose system gamma is 1.2."""
    shown = nits / 1000
    luminance = np.maximum(shown @ BT2020_LUMA, 1e-9)[:, None]
    scene = shown * luminance ** (1 / 1.2 - 1)
    logarithmic = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), logarithmic)


SIGNALS = {PQ_TRC: pq, HLG_TRC: hlg}


def rendered(nits: Floats, transfer: int = PQ_TRC, pixels: str = "yuv420p10le") -> Floats:
    """BT.709 light in nits, shape (n, 3), in a BT.2020 film, as a viewer sees it: RGB, 0 to 255."""
    signal = SIGNALS[transfer](nits @ BT709_TO_BT2020.T)
    frame = yuv_patches(signal, matrix=9, pixels=pixels)
    frame.color_primaries, frame.color_trc = 9, transfer
    return seen(Renderer(Look()).render(frame), len(nits))


def grey(*nits: float) -> Floats:
    return np.array(nits)[:, None].repeat(3, axis=1)


def test_the_signals_of_these_tests_are_those_of_the_standards() -> None:
    assert np.allclose(pq(np.array([100.0, 203.0, 1000.0])), [0.508, 0.581, 0.752], atol=1e-3)
    assert np.allclose(hlg(grey(203.0, 1000.0)), [[0.75] * 3, [1.0] * 3], atol=2e-3)


@pytest.mark.parametrize("transfer", [PQ_TRC, HLG_TRC])
@pytest.mark.parametrize("nits", [0.0, 1.0, 5.0, 20.0, 50.0])
def test_darks_and_mid_tones_are_shown_as_they_are(transfer: int, nits: float) -> None:
    """Relative to white at 203 nits, on a screen with a gamma of 2.2."""
    wanted = 255 * (nits / 203) ** (1 / 2.2)
    assert np.abs(rendered(grey(nits), transfer) - wanted).max() <= 3


@pytest.mark.parametrize("transfer", [PQ_TRC, HLG_TRC])
def test_white_and_skin_stand_where_an_sdr_grade_has_them(transfer: int) -> None:
    skin, white, peak = rendered(grey(90, 203, 1000), transfer)[:, 1]
    assert 160 <= skin <= 185
    assert 205 <= white <= 235
    assert peak >= 253


@pytest.mark.parametrize("transfer", [PQ_TRC, HLG_TRC])
def test_nothing_below_a_thousand_nits_is_flat_white(transfer: int) -> None:
    steps = rendered(grey(200, 300, 400, 500, 600, 700, 800, 1000), transfer)[:, 1]
    assert (np.diff(steps) > 0.5).all()
    assert steps[-2] < 254


@pytest.mark.parametrize("transfer", [PQ_TRC, HLG_TRC])
def test_a_grey_ramp_rises_everywhere_and_stays_grey(transfer: int) -> None:
    ramp = rendered(grey(*np.geomspace(0.05, 1000, 20)), transfer)
    assert (np.diff(ramp[:, 1]) > 0).all()
    assert np.ptp(ramp, axis=1).max() <= 2


@pytest.mark.parametrize("transfer", [PQ_TRC, HLG_TRC])
@pytest.mark.parametrize("nits", [30, 200, 800])
def test_patches_keep_their_hue(transfer: int, nits: float) -> None:
    skin, orange, sky = (0.60, 0.30, 0.22), (0.68, 0.20, 0.03), (0.15, 0.28, 0.60)
    colours = np.array([skin, orange, sky, (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 1, 0)], float)
    for colour, pixel in zip(colours, rendered(colours * nits, transfer), strict=True):
        wanted = colorsys.rgb_to_hsv(*(colour ** (1 / 2.2)))[0]
        found = colorsys.rgb_to_hsv(*(pixel / 255))[0]
        assert abs((found - wanted + 0.5) % 1 - 0.5) * 360 <= 6, (colour, pixel)


@pytest.mark.parametrize("transfer", [PQ_TRC, HLG_TRC])
def test_colours_in_mid_tones_are_shown_as_they_are(transfer: int) -> None:
    skin, blue, green = (0.60, 0.30, 0.22), (0.05, 0.05, 0.9), (0.1, 0.8, 0.05)
    colours = np.array([skin, blue, green, (0.9, 0.05, 0.05), (0.9, 0.9, 0.05)]) * 50
    wanted = 255 * (colours / 203) ** (1 / 2.2)
    assert np.abs(rendered(colours, transfer, "yuv444p12le") - wanted).max() <= 2.5


def test_colours_beyond_bt709_become_its_purest() -> None:
    pure = np.eye(3) * 100
    signal = pq(pure)
    frame = yuv_patches(signal, matrix=9, pixels="yuv444p10le")
    frame.color_primaries, frame.color_trc = 9, PQ_TRC
    pixels = seen(Renderer(Look()).render(frame), 3)
    assert pixels.argmax(axis=1).tolist() == [0, 1, 2]
    assert (np.sort(pixels, axis=1)[:, 1] <= 40).all()


@pytest.mark.parametrize("pixels", ["yuv444p12le", "yuv422p10le", "yuv420p", "gray10le"])
def test_hdr_comes_in_other_layouts_too(pixels: str) -> None:
    wanted = rendered(grey(2, 20, 90, 400))
    assert np.abs(rendered(grey(2, 20, 90, 400), pixels=pixels) - wanted).max() <= 6


def test_full_range_hdr_looks_like_limited() -> None:
    signal = pq(grey(2, 20, 90, 400) @ BT709_TO_BT2020.T)
    frame = yuv_patches(signal, matrix=9, full=True, pixels="yuv420p10le")
    frame.color_primaries, frame.color_trc = 9, PQ_TRC
    assert np.abs(seen(Renderer(Look()).render(frame), 4) - rendered(grey(2, 20, 90, 400))).max() <= 2


def test_wide_gamut_sdr_keeps_its_colours() -> None:
    """BT.2020 film with an SDR transfer: skin, sky and grey are to look as in BT.709."""
    colours = np.array([(0.60, 0.30, 0.22), (0.15, 0.28, 0.60), (0.2, 0.2, 0.2), (1, 1, 1)])
    frame = yuv_patches((colours @ BT709_TO_BT2020.T) ** (1 / 2.2), matrix=9, pixels="yuv420p10le")
    frame.color_primaries = 9
    pixels = seen(Renderer(Look()).render(frame), 4)
    assert np.abs(pixels - 255 * colours ** (1 / 2.2)).max() <= 4


def hable_as_the_usual_filters_do(nits: Floats) -> Floats:
    """zscale=t=linear:npl=100, tonemap=hable with its default peak of 10, zscale=t=bt709 on grey; 0 to 255."""

    def curve(x: Floats) -> Floats:
        return (x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.50) + 0.06) - 0.02 / 0.30

    light = np.minimum(curve(nits / 100) / curve(np.array(10.0)), 1)
    return np.asarray(255 * np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099))


def test_a_typical_picture_is_about_as_bright_as_with_the_usual_filters() -> None:
    """Light of a film is spread evenly over orders of magnitude, most of it below 100 nits."""
    nits = np.geomspace(0.5, 400, 20)
    ours, theirs = rendered(grey(*nits))[:, 1].mean(), hable_as_the_usual_filters_do(nits).mean()
    assert theirs <= ours <= 1.4 * theirs


@pytest.mark.parametrize("color", [HDR10, HLG])
@pytest.mark.parametrize("codec", ["hevc", "av1", "h264"])
def test_hdr_films_are_tone_mapped(film: Callable[..., Film], codec: str, color: Any) -> None:
    made = film("film.mkv", codec=codec, frames=2, pix_fmt="yuv420p10le", color=color, size=(640, 360))
    frame, look = first_keyframe(made.path)
    picture = Renderer(look).render(frame)
    black, white = read_levels(picture.y)
    assert read_frame_number(picture.y) == 0
    assert black <= 4
    assert 200 <= white <= 240
    assert read_colors(np.dstack([picture.y] * 3)).shape == (3, 3)


def with_side_data(**kinds: bytes) -> av.VideoFrame:
    """Stands in for a frame: PyAV cannot attach side data to one."""
    return cast(
        "av.VideoFrame", SimpleNamespace(side_data={SideDataType[name]: kinds[name] for name in kinds})
    )


def mastering(nits: Fraction, *, known: bool = True) -> bytes:
    return struct.pack("22i", *[1] * 18, nits.numerator, nits.denominator, 1, int(known))


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        ({}, 2000),
        ({"CONTENT_LIGHT_LEVEL": struct.pack("2I", 3980, 400)}, 4000),
        ({"CONTENT_LIGHT_LEVEL": struct.pack("2I", 400, 100)}, 2000),
        ({"CONTENT_LIGHT_LEVEL": struct.pack("2I", 65535, 100)}, 10000),
        ({"MASTERING_DISPLAY_METADATA": mastering(Fraction(4000))}, 4000),
        ({"MASTERING_DISPLAY_METADATA": mastering(Fraction(4000), known=False)}, 2000),
        (
            {
                "CONTENT_LIGHT_LEVEL": struct.pack("2I", 0, 0),
                "MASTERING_DISPLAY_METADATA": mastering(Fraction(40000001, 10000)),
            },
            4000,
        ),
        ({"MASTERING_DISPLAY_METADATA": b"1234"}, 2000),
        ({"MASTERING_DISPLAY_METADATA": bytes(88)}, 2000),
    ],
)
def test_the_peak_comes_from_the_films_metadata(kinds: dict[str, bytes], wanted: float) -> None:
    assert peak_of(with_side_data(**kinds)) == wanted


def test_the_metadata_of_a_real_film_is_found(film: Callable[..., Film]) -> None:
    stated = {"master-display": "G(1,1)B(1,1)R(1,1)WP(1,1)L(40000000,50)", "max-cll": "3000,400"}
    made = film("film.mkv", codec="hevc", frames=2, pix_fmt="yuv420p10le", color=HDR10, encoder_params=stated)
    assert peak_of(first_keyframe(made.path)[0]) == 3000
