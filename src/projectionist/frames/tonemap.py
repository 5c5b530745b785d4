"""From HDR or wide-gamut light to what a JPEG can show, on small pictures only.

The picture becomes light in nits, red, green and blue of BT.709, and its brightest component decides by how much all
three are dimmed, so that hue is kept and nothing clips below the film's peak. The curve is BT.2390's (section
5.4.1): a straight line in darks and mid-tones, then a Hermite roll-off to the peak, drawn in PQ. White stands for
203 nits, the level of diffuse white that BT.2408 gives HDR. The curve meets its end so flatly that the last third of
the nits would be one white in 8 bits; therefore it is drawn for a peak of at least 2000 nits, twice what most films
are graded for.

The rivals' usual curve is Hable's, with 100 nits as its unit and a camera curve (BT.709's OETF) after it. That shows
skin (about 90 nits) at 53 % signal where an SDR grade has it near 70 %: the known "dim HDR thumbnails". BT.2390
gives 68 %, at about the same mean brightness in darks, and is made for this. Output is encoded for the kind of screen
that shows a JPEG: gamma 2.2.
"""

from __future__ import annotations

from functools import cache, lru_cache

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type as SideDataType

from projectionist.frames.colour import Colour, Matrix, Primaries, Range, Transfer, rgb_to_bt709, ycc_to_rgb
from projectionist.frames.look import side_data_of

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint16]
Plane = npt.NDArray[np.uint8]

_WHITE = 203.0
"""Nits of HDR reference white (ITU-R BT.2408 section 2.2), shown as the JPEG's white."""

_HLG_PEAK = 1000.0
"""Nits of the screen that HLG's OOTF is given for here, as usual (ITU-R BT.2100 table 5, note 5e)."""

_LEAST_PEAK = 2000.0
"""Nits that the curve is drawn for at least; see above. Metadata that says less than 1000 is often wrong, too."""

_BRIGHTEST = 10000.0
"""Nits at the end of PQ."""

_GAMMA = 2.2
_CODES = 1024
_STEPS = 4096
"""Entries of the tables over light, which are indexed by its fourth root: about even steps for the eye."""


def peak_of(frame: av.VideoFrame) -> float:
    """The peak to draw the curve for, 2000 to 10000 nits in hundreds: MaxCLL, else the mastering screen's, else 2000.

    From libavutil's AVContentLightMetadata (two unsigned ints, MaxCLL first) and AVMasteringDisplayMetadata (ten
    rationals, the last of which is the maximum luminance, then a flag for the primaries and one for luminance).
    """
    found = 0.0
    level = side_data_of(frame, SideDataType.CONTENT_LIGHT_LEVEL)
    screen = side_data_of(frame, SideDataType.MASTERING_DISPLAY_METADATA)
    if len(level) >= 1:
        found = float(level[0])
    if found <= 0 and len(screen) >= 22 and screen[19] > 0 and screen[21]:
        found = screen[18] / screen[19]
    return min(max(_LEAST_PEAK, round(found, -2)), _BRIGHTEST)


def to_jpeg(y: Codes, u: Codes, v: Codes, colour: Colour, peak: float) -> tuple[Plane, Plane, Plane]:
    """Tone-mapped planes for a JPEG: BT.601, full range, 4:2:0; shapes (h, w), (h/2, w/2), (h/2, w/2).

    `y`, `u` and `v` are 10-bit 4:4:4 of shape (h, w), h and w even; `colour` says what they mean; `peak` is in nits
    and counts for PQ only.
    """
    light = _light(y, u, v, colour)
    brightest = np.maximum(np.maximum(light[0], light[1]), light[2])
    gain = _gains(colour.transfer, peak).take(_steps(brightest))
    red, green, blue = (_signals().take(_steps(part * gain)) for part in light)
    return _jpeg_planes(red, green, blue)


def _light(y: Codes, u: Codes, v: Codes, colour: Colour) -> list[Floats]:
    """Linear BT.709 red, green and blue in nits; what lies outside that gamut is cut to its edge."""
    matrix = Matrix.SMPTE170M if colour.matrix == Matrix.RGB else colour.matrix
    black, luma, chroma = (0, 1.0, 1.0) if colour.range == Range.FULL else (64, 1023 / 876, 1023 / 896)
    weights = ycc_to_rgb(matrix) * (luma, chroma, chroma)
    table = _lights(colour.transfer)
    light = [
        table.take((code + np.float32(0.5)).astype(np.intp), mode="clip")
        for code in _mixed(weights, [y - np.float32(black), u - np.float32(512), v - np.float32(512)])
    ]
    if colour.transfer == Transfer.HLG:
        gain = _hlg_gains().take(_steps(light[0] * 0.2627 + light[1] * 0.6780 + light[2] * 0.0593))
        light = [part * gain for part in light]
    primaries = Primaries.BT2020 if colour.primaries == Primaries.UNSPECIFIED else colour.primaries
    return [np.maximum(part, 0, out=part) for part in _mixed(rgb_to_bt709(primaries), light)]


def _mixed(matrix: npt.NDArray[np.float64], parts: list[Floats]) -> list[Floats]:
    """A 3 x 3 matrix times three planes; not through BLAS, which would start threads for it."""
    mixed = []
    for row in matrix.astype(np.float32):
        total = parts[0] * row[0]
        for part, weight in zip(parts[1:], row[1:], strict=True):
            if weight:
                total += part * weight
        mixed.append(total)
    return mixed


def _jpeg_planes(red: Floats, green: Floats, blue: Floats) -> tuple[Plane, Plane, Plane]:
    """8-bit BT.601 of gamma-encoded RGB from 0 to 255 (ITU-T T.871 section 7)."""
    luma = red * np.float32(0.299)
    luma += green * np.float32(0.587)
    luma += blue * np.float32(0.114)
    chroma = []
    for primary, scale in ((blue, 1.772), (red, 1.402)):
        difference = primary - luma
        rows = difference[::2] + difference[1::2]
        mean = (rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25 / scale) + np.float32(128.5)
        chroma.append(mean.clip(0, 255).astype(np.uint8))
    return (luma + np.float32(0.5)).astype(np.uint8), chroma[0], chroma[1]


def _steps(light: Floats) -> npt.NDArray[np.intp]:
    """Where light of so many nits stands in the tables."""
    steps = np.sqrt(np.sqrt(light * np.float32(1 / _BRIGHTEST)))
    steps *= np.float32(_STEPS - 1)
    np.minimum(steps, np.float32(_STEPS - 1), out=steps)
    return np.asarray(steps.astype(np.intp))


def _nits() -> npt.NDArray[np.float64]:
    """The light that each table entry stands for: the middle of its step."""
    return np.asarray(((np.arange(_STEPS) + 0.5) / (_STEPS - 1)) ** 4 * _BRIGHTEST)


@cache
def _lights(transfer: int) -> Floats:
    """Nits of each 10-bit code: PQ by SMPTE ST 2084, HLG scene light by BT.2100, otherwise a gamma curve."""
    signal = np.arange(_CODES) / (_CODES - 1)
    if transfer == Transfer.PQ:
        nits = _pq_to_nits(signal)
    elif transfer == Transfer.HLG:
        bright = (np.exp((np.maximum(signal, 0.5) - 0.55991073) / 0.17883277) + 0.28466892) / 12
        nits = np.where(signal <= 0.5, signal**2 / 3, bright) * _HLG_PEAK
    else:
        nits = signal**_GAMMA * _WHITE
    return nits.astype(np.float32)


@cache
def _hlg_gains() -> Floats:
    """BT.2100's OOTF for a screen of 1000 nits: light times the 0.2th power of scene luminance."""
    return ((_nits() / _HLG_PEAK) ** 0.2).astype(np.float32)


@lru_cache(maxsize=8)
def _gains(transfer: int, peak: float) -> Floats:
    """By how much to dim a colour whose brightest component has so many nits."""
    nits = _nits()
    if transfer == Transfer.PQ:
        shown = _bt2390(nits, peak)
    elif transfer == Transfer.HLG:
        shown = _bt2390(nits, _LEAST_PEAK)
    else:
        shown = np.minimum(nits, _WHITE)
    return (shown / nits).astype(np.float32)


@cache
def _signals() -> Floats:
    """JPEG component, 0 to 255, of each step of light."""
    shown = np.minimum(_nits() / _WHITE, 1)
    shown[0] = 0
    return (255 * shown ** (1 / _GAMMA)).astype(np.float32)


def _bt2390(nits: npt.NDArray[np.float64], peak: float) -> npt.NDArray[np.float64]:
    """ITU-R BT.2390 section 5.4.1, with black at 0: light from a screen of `peak` nits on one of `_WHITE` nits."""
    top = _nits_to_pq(np.array(peak))
    source = np.minimum(_nits_to_pq(nits) / top, 1)
    target = float(_nits_to_pq(np.array(_WHITE)) / top)
    knee = 1.5 * target - 0.5
    t = np.maximum(source - knee, 0) / (1 - knee)
    rolled = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * target
    )
    return _pq_to_nits(np.where(source < knee, source, rolled) * top)


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_to_nits(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084 equation 4.1."""
    power = signal ** (1 / _M2)
    return np.asarray((np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1) * _BRIGHTEST)


def _nits_to_pq(nits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084 equation 5.1."""
    power = (nits / _BRIGHTEST) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)
