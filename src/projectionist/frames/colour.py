"""What the numbers in a picture mean, and the matrices between their meanings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import av
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_XY = tuple[float, float]
"""Chromaticity, CIE 1931."""


class Matrix(IntEnum):
    """Matrix coefficients that matter here (ITU-T H.273 table 4; libavutil's numbers are the same)."""

    RGB = 0
    BT709 = 1
    UNSPECIFIED = 2
    FCC = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    YCGCO = 8
    BT2020_NCL = 9
    BT2020_CL = 10


class Primaries(IntEnum):
    """Colour primaries that matter here (ITU-T H.273 table 2)."""

    BT709 = 1
    UNSPECIFIED = 2
    BT2020 = 9
    DCI_P3 = 11
    DISPLAY_P3 = 12


class Transfer(IntEnum):
    """Transfer characteristics that matter here (ITU-T H.273 table 3)."""

    UNSPECIFIED = 2
    PQ = 16
    HLG = 18


class Range(IntEnum):
    """Whether 8-bit luma spans 16 to 235 or 0 to 255 (libavutil's AVColorRange)."""

    UNSPECIFIED = 0
    LIMITED = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class Colour:
    """What the numbers of a picture mean, as H.273 code points; `range` is a `Range`."""

    matrix: int = Matrix.UNSPECIFIED
    primaries: int = Primaries.UNSPECIFIED
    transfer: int = Transfer.UNSPECIFIED
    range: int = Range.UNSPECIFIED

    @property
    def is_wide(self) -> bool:
        """Whether this must pass through light (HDR, or primaries wider than BT.709) to be right in a JPEG."""
        return self.transfer in (Transfer.PQ, Transfer.HLG) or self.primaries in _CHROMATICITIES


def colour_of(frame: av.VideoFrame, stated: Colour) -> Colour:
    """The colours of one frame: what the decoder found, completed by the container, completed by custom.

    Custom, for an unstated matrix: RGB formats have none, HDR transfers and BT.2020 primaries mean the BT.2020
    matrix, and otherwise pictures of HD size (at least 1280 wide or above 576 lines) are BT.709, smaller ones
    BT.601. RGB and the formats called yuvj are full range; everything else unstated is limited.
    """
    primaries = _first(frame.color_primaries, stated.primaries, Primaries.UNSPECIFIED)
    transfer = _first(frame.color_trc, stated.transfer, Transfer.UNSPECIFIED)
    if holds_rgb(frame.format):
        return Colour(Matrix.RGB, primaries, transfer, Range.FULL)
    matrix = _first(frame.colorspace, stated.matrix, Matrix.UNSPECIFIED)
    if matrix == Matrix.UNSPECIFIED:
        matrix = _customary_matrix(frame, primaries, transfer)
    is_full = frame.format.name.startswith("yuvj") or (frame.color_range or stated.range) == Range.FULL
    return Colour(matrix, primaries, transfer, Range.FULL if is_full else Range.LIMITED)


def holds_rgb(pixels: av.VideoFormat) -> bool:
    """Whether samples are red, green and blue, or become so before anything else (palettes, bitmaps, XYZ)."""
    return pixels.is_rgb or pixels.has_palette or pixels.name.startswith(("mono", "xyz"))


@cache
def ycc_to_rgb(matrix: int) -> Floats:
    """The 3 x 3 matrix from full-range (Y, Cb, Cr), chroma centred on 0, to (R, G, B), all spanning one unit.

    From Kr and Kb as H.273 section 8.3 does; YCgCo by its own equations there. Unknown matrices pass for BT.709.
    """
    if matrix == Matrix.YCGCO:  # planes are Y, Cg, Co
        return np.array([[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]])
    red, blue = _KR_KB.get(matrix, _KR_KB[Matrix.BT709])
    green = 1 - red - blue
    return np.array(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 2 * (1 - blue), 0],
        ]
    )


@cache
def ycc_to_jpeg(matrix: int) -> Floats:
    """The 3 x 3 matrix from full-range YCbCr of some kind to JPEG's, which is BT.601's (JFIF 1.02 = ITU-T T.871)."""
    return np.asarray(np.linalg.inv(ycc_to_rgb(Matrix.SMPTE170M)) @ ycc_to_rgb(matrix))


@cache
def rgb_to_bt709(primaries: int) -> Floats:
    """The 3 x 3 matrix from linear RGB of these primaries to linear BT.709 RGB; for BT.2020 it is BT.2087's M2.

    White goes to white, also where the two whites differ.
    """
    source = _rgb_to_xyz(*_CHROMATICITIES.get(primaries, _BT709))
    target = _rgb_to_xyz(*_BT709)
    combined = np.linalg.inv(target) @ source
    return np.asarray(combined / combined.sum(axis=1, keepdims=True))


def _rgb_to_xyz(red: _XY, green: _XY, blue: _XY, white: _XY) -> Floats:
    """SMPTE RP 177 section 3.3."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in (red, green, blue)]).T
    x, y = white
    return np.asarray(columns * np.linalg.solve(columns, np.array([x / y, 1, (1 - x - y) / y])))


_KR_KB: dict[int, tuple[float, float]] = {
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.FCC: (0.30, 0.11),
    Matrix.BT470BG: (0.299, 0.114),
    Matrix.SMPTE170M: (0.299, 0.114),
    Matrix.SMPTE240M: (0.212, 0.087),
    Matrix.BT2020_NCL: (0.2627, 0.0593),
    Matrix.BT2020_CL: (0.2627, 0.0593),
}

_D65 = (0.3127, 0.3290)
_BT709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
_CHROMATICITIES: dict[int, tuple[_XY, _XY, _XY, _XY]] = {
    Primaries.BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    Primaries.DCI_P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    Primaries.DISPLAY_P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}


def _first(found: int, stated: int, unspecified: int) -> int:
    """The first code point that says something; 0 is reserved in H.273, but for RGB, which the format tells."""
    return next((value for value in (found, stated) if value not in (0, unspecified)), unspecified)


def _customary_matrix(frame: av.VideoFrame, primaries: int, transfer: int) -> int:
    if primaries == Primaries.BT2020 or transfer in (Transfer.PQ, Transfer.HLG):
        return Matrix.BT2020_NCL
    return Matrix.BT709 if frame.width >= 1280 or frame.height > 576 else Matrix.SMPTE170M
