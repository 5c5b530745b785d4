"""What the demo films show: hills passing under a sun or moon, with the time in the picture.

Everything that does not change is painted once per scene, wider than the picture; a frame is cut out of it. So a
picture takes a fraction of a millisecond, and films are there before anybody wonders.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from projectionist.demo.signal import Rgb, Signal
from projectionist.demo.timecode import LENGTH, lettering, timecode

Planes = list[npt.NDArray[np.uint8] | npt.NDArray[np.uint16]]
"""Y, Cb and Cr of one picture; the last two have half the width and height of the first."""

_LAYERS = ((0.50, 0.13, 14.0), (0.66, 0.10, 34.0), (0.82, 0.08, 80.0))
"""The hills, far to near: where they start and how high they are, as shares of the height; pixels a second."""
_DIGITS: Rgb = (1.0, 0.97, 0.90)
_PLATE: Rgb = (0.07, 0.06, 0.08)


@dataclass(frozen=True)
class Mood:
    """The colours of a scene: the sky from top to horizon, the hills from far to near, the light, and stars."""

    zenith: Rgb
    horizon: Rgb
    far: Rgb
    near: Rgb
    light: Rgb
    stars: int = 0


DAWN = Mood((0.20, 0.22, 0.42), (0.98, 0.66, 0.47), (0.55, 0.38, 0.46), (0.13, 0.10, 0.19), (1.0, 0.90, 0.62))
NOON = Mood((0.24, 0.53, 0.83), (0.80, 0.91, 0.96), (0.45, 0.65, 0.67), (0.11, 0.30, 0.25), (1.0, 0.98, 0.86))
EMBER = Mood(
    (0.30, 0.10, 0.22), (0.99, 0.48, 0.21), (0.53, 0.19, 0.20), (0.12, 0.05, 0.09), (1.0, 0.82, 0.40)
)
NIGHT = Mood(
    (0.03, 0.03, 0.09), (0.16, 0.20, 0.38), (0.10, 0.13, 0.26), (0.02, 0.02, 0.05), (0.93, 0.93, 0.84), 220
)
FOREST = Mood(
    (0.10, 0.25, 0.26), (0.75, 0.86, 0.62), (0.30, 0.48, 0.38), (0.05, 0.15, 0.11), (1.0, 0.96, 0.70)
)
VIOLET = Mood(
    (0.15, 0.10, 0.32), (0.85, 0.52, 0.70), (0.43, 0.27, 0.50), (0.10, 0.06, 0.17), (1.0, 0.84, 0.80), 60
)


class Scene:
    """One mood at one size, `seconds` long, ready to be painted at any moment of it."""

    def __init__(self, size: tuple[int, int], signal: Signal, mood: Mood, seconds: float, seed: int) -> None:
        self._width, self._height = size
        self._seconds = seconds
        self._signal = signal
        random = np.random.default_rng(seed)
        self._sky = _halved_chroma(_sky(size, signal, mood, random))
        self._hills = [self._layer(layer, mood, random) for layer in range(len(_LAYERS))]
        self._glow = _glow(self._height // 3)
        self._light = signal.codes(mood.light, times_white=4.0)
        self._scale = digit_scale(size)
        self._digits, self._plate = signal.codes(_DIGITS), signal.codes(_PLATE)

    def paint(self, planes: Planes, moment: float, time: Fraction) -> None:
        """Paint the picture `moment` seconds into the scene; `time` is what the digits in it show."""
        self.paint_scenery(planes, moment)
        self._paint_time(planes, time)

    def paint_scenery(self, planes: Planes, moment: float) -> None:
        """Paint the same without the digits."""
        for plane, sky in zip(planes, self._sky, strict=True):
            plane[:] = sky
        self._paint_light(planes, moment / self._seconds)
        for (_, _, speed), (top, ridge, codes) in zip(_LAYERS, self._hills, strict=True):
            offset = int(moment * speed * self._width / 640) & ~1
            for plane, shift, code in zip(planes, (0, 1, 1), codes, strict=True):
                hill = ridge[:: 1 << shift, offset : offset + self._width : 1 << shift]
                part = plane[top >> shift :]
                np.copyto(part, part.dtype.type(code), where=hill)

    def _layer(
        self, layer: int, mood: Mood, random: np.random.Generator
    ) -> tuple[int, npt.NDArray[np.bool_], npt.NDArray[np.int32]]:
        """The first row of a row of hills, where they are from there down, and their colour."""
        start, height, speed = _LAYERS[layer]
        length = self._width + int(self._seconds * speed * self._width / 640) + 2
        x = np.arange(length) / self._width
        ridge = sum(
            np.sin(2 * np.pi * (x * waves + random.random())) / waves
            for waves in random.uniform(0.7, 1.3, 5) * (1, 2, 4, 9, 17)
        )
        share = start + height * (0.5 - 0.5 * ridge / np.abs(ridge).max())
        top = int(start * self._height) & ~1
        rows = np.arange(top, self._height)
        nearness = layer / (len(_LAYERS) - 1)
        color = tuple(np.array(mood.far) * (1 - nearness) + np.array(mood.near) * nearness)
        return top, rows[:, None] >= (share * self._height)[None, :], self._signal.codes(np.array(color))

    def _paint_light(self, planes: Planes, share: float) -> None:
        size = len(self._glow)
        across = 0.12 + 0.76 * share
        left = int(across * self._width - size / 2) & ~1
        top = int((0.62 - 1.5 * across * (1 - across)) * self._height - size / 2) & ~1
        for plane, shift, code in zip(planes, (0, 1, 1), self._light, strict=True):
            step = 1 << shift
            rows = slice(max(0, top) >> shift, max(0, top + size) >> shift)
            columns = slice(max(0, left) >> shift, max(0, left + size) >> shift)
            part = plane[rows, columns]
            glow = self._glow[max(0, -top) :: step, max(0, -left) :: step][: part.shape[0], : part.shape[1]]
            under = part.astype(np.int32)
            part[:] = under + ((code - under) * glow >> 8)

    def _paint_time(self, planes: Planes, time: Fraction) -> None:
        text = lettering(timecode(time), self._scale)
        height, width = (text.shape[0] + 1) & ~1, (text.shape[1] + 1) & ~1
        top, left = time_place((self._width, self._height), self._scale)
        luma = planes[0][top : top + height, left : left + width]
        luma[:] = self._plate[0]
        luma[: text.shape[0], : text.shape[1]][text] = self._digits[0]
        for plane, code in zip(planes[1:], self._plate[1:], strict=True):
            plane[top >> 1 : (top + height) >> 1, left >> 1 : (left + width) >> 1] = code


def digit_scale(size: tuple[int, int]) -> int:
    """How many samples a dot of the digits is wide: half of a wide picture, most of a tall one."""
    width, height = size
    share = 0.55 if width > height else 0.85
    return max(2, int(width * share) // (6 * LENGTH + 1))


def time_place(size: tuple[int, int], scale: int) -> tuple[int, int]:
    """The top row and left column of the digits in a picture of (width, height)."""
    width, height = size
    return (height - scale * 12) & ~1, (width - scale * (6 * LENGTH + 1)) // 2 & ~1


def _sky(
    size: tuple[int, int], signal: Signal, mood: Mood, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Zenith to horizon with stars, dithered so that it shows no bands: shape (3, height, width)."""
    width, height = size
    share = np.linspace(0, 1.35, height).clip(0, 1)[:, None]
    column = signal.codes(np.array(mood.zenith) * (1 - share) + np.array(mood.horizon) * share)
    sky = np.repeat(column[:, :, None].astype(np.float64), width, axis=2)
    sky[0] += random.uniform(-0.8, 0.8, (height, width))
    rows = (random.random(mood.stars) ** 1.5 * 0.55 * height).astype(int)
    columns = random.integers(0, width, mood.stars)
    sky[0, rows, columns] += random.uniform(0.1, 0.6, mood.stars) * (200 << (signal.bits - 8))
    return sky


def _halved_chroma(picture: npt.NDArray[np.float64]) -> Planes:
    whole = np.rint(picture).astype(np.uint16)
    return [whole[0], whole[1, ::2, ::2], whole[2, ::2, ::2]]


def _glow(size: int) -> npt.NDArray[np.int32]:
    """A disc in its halo, as 256ths of how much it covers: shape (size, size), even."""
    size &= ~1
    place = (np.arange(size) + 0.5) / size * 2 - 1
    distance = np.hypot(place[:, None], place[None, :])
    disc = np.clip((0.30 - distance) * size / 2, 0, 1)
    halo = 0.55 * np.clip(1 - distance, 0, 1) ** 2.2
    return np.asarray(np.maximum(disc, halo) * 256, np.int32)
