"""Turning colours into the codes of a video signal: 8-bit BT.709, or 10-bit BT.2020 with PQ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]
"""Y, Cb and Cr of limited range: shape (3,), or (3, n) for n colours."""
Rgb = tuple[float, float, float]
"""Red, green and blue as on a screen (sRGB), 0 to 1."""

_REFERENCE_WHITE = 203.0
"""cd/m2 (ITU-R BT.2408)."""
_BT709_TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
"""ITU-R BT.2087-0, for linear light."""


@dataclass(frozen=True)
class Signal:
    """A planar 4:2:0 signal of limited range; the codes are those of ITU-T H.273."""

    pix_fmt: str
    bits: int
    primaries: int
    transfer: int
    matrix: int
    luma: tuple[float, float]
    """The weights of red and blue."""

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """What one sample of a plane is stored in."""
        return np.uint8 if self.bits == 8 else np.uint16

    def codes(self, colors: Rgb | npt.NDArray[np.float64], *, times_white: float = 1.0) -> Codes:
        """The codes of one colour, or of colours of shape (n, 3), lit `times_white` as bright where PQ allows."""
        rgb = np.asarray(colors, np.float64)
        if self.transfer == HDR10.transfer:
            rgb = _pq(_linear(rgb) @ _BT709_TO_BT2020.T * _REFERENCE_WHITE * times_white)
        red_weight, blue_weight = self.luma
        red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
        luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
        chroma = [(blue - luma) / (2 - 2 * blue_weight), (red - luma) / (2 - 2 * red_weight)]
        unit = 1 << (self.bits - 8)
        coded = [(16 + 219 * luma) * unit, *((128 + 224 * part) * unit for part in chroma)]
        return np.rint(np.stack(coded)).astype(np.int32)


SDR = Signal("yuv420p", 8, primaries=1, transfer=1, matrix=1, luma=(0.2126, 0.0722))
HDR10 = Signal("yuv420p10le", 10, primaries=9, transfer=16, matrix=9, luma=(0.2627, 0.0593))


def _linear(rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sRGB to linear light (IEC 61966-2-1)."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _pq(nits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Light in cd/m2 to the PQ signal (SMPTE ST 2084, equation 5.2)."""
    share = (np.clip(nits, 0, 10000) / 10000) ** (2610 / 16384)
    top, bottom = 3424 / 4096 + 2413 / 128 * share, 1 + 2392 / 128 * share
    return np.asarray((top / bottom) ** (2523 / 32))
