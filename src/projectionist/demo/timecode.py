"""Digits drawn in a picture: the time at which it is shown."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
"""What is lit: shape (height, width)."""

GLYPH_ROWS, GLYPH_COLUMNS = 7, 5
_ROWS_OF_GLYPHS = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "11110 00001 00001 01110 00001 00001 11110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    ":": "00000 00100 00100 00000 00100 00100 00000",
    ".": "00000 00000 00000 00000 00000 00110 00110",
}
GLYPHS: dict[str, Mask] = {
    sign: np.array([[dot == "1" for dot in row] for row in rows.split()])
    for sign, rows in _ROWS_OF_GLYPHS.items()
}
LENGTH = len("00:00.000")


def timecode(time: Fraction) -> str:
    """Minutes, seconds and milliseconds, as `01:05.250`; rounded to the nearest millisecond."""
    seconds, millis = divmod(round(time * 1000), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes:02}:{seconds:02}.{millis:03}"


def lettering(text: str, scale: int) -> Mask:
    """The text with every dot `scale` samples wide and high, and one empty dot around each sign.

    Shape (9 x scale, (6 x signs + 1) x scale).
    """
    dots = np.zeros((GLYPH_ROWS + 2, (GLYPH_COLUMNS + 1) * len(text) + 1), np.bool_)
    for place, sign in enumerate(text):
        left = place * (GLYPH_COLUMNS + 1) + 1
        dots[1 : 1 + GLYPH_ROWS, left : left + GLYPH_COLUMNS] = GLYPHS[sign]
    return dots.repeat(scale, axis=0).repeat(scale, axis=1)
