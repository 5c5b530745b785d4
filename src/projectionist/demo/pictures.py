"""Posters and backgrounds of the demo house, painted from the scenery of its films."""

from __future__ import annotations

import io
import unicodedata
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from projectionist.demo.programme import MOODS
from projectionist.demo.scenery import Planes, Scene
from projectionist.demo.signal import SDR

POSTER, SQUARE, WIDE = (400, 600), (400, 400), (960, 540)
"""The sizes of a film's poster, a record's cover, and a background."""
_TITLE, _SUBTITLE, _LEADING = 0.085, 0.05, 1.3
"""The heights of letters as shares of the width, and of lines as shares of the letters."""
_CREAM, _SAND = (255, 247, 230), (222, 200, 170)
_QUALITY = 82
_LARGEST = 4_000


@lru_cache(maxsize=64)
def poster(title: str, subtitle: str, look: int, size: tuple[int, int] = POSTER) -> bytes:
    """A JPEG of scenery that no other title has, with the title on its near hills."""
    picture = _scenery(look, size, title)
    draw = ImageDraw.Draw(picture)
    width, height = size
    lines = [
        (line, _TITLE * width, _CREAM) for line in _lines(_capitals(title), width * 0.86, _TITLE * width)
    ]
    lines += [
        (line, _SUBTITLE * width, _SAND)
        for line in _lines(_capitals(subtitle), width * 0.86, _SUBTITLE * width)
    ]
    top = height * 0.95 - sum(each * _LEADING for _, each, _ in lines)
    for line, each, color in lines:
        draw.text((width / 2, top), line, color, ImageFont.load_default(each), anchor="ma")
        top += each * _LEADING
    return _jpeg(picture)


@lru_cache(maxsize=32)
def background(title: str, look: int) -> bytes:
    """A JPEG of the same kind of scenery alone."""
    return _jpeg(_scenery(look, WIDE, title))


@lru_cache(maxsize=256)
def resized(picture: bytes, width: int, height: int) -> bytes:
    """The JPEG fitted into width x height, never enlarged; raises ValueError for a size that no picture has."""
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
        raise ValueError(f"{width}x{height} is no size for a picture.")
    with Image.open(io.BytesIO(picture)) as opened:
        if opened.width <= width and opened.height <= height:
            return picture
        return _jpeg(ImageOps.contain(opened, (width, height)))


def _scenery(look: int, size: tuple[int, int], title: str) -> Image.Image:
    width, height = size
    chance = zlib.crc32(title.encode())
    scene = Scene(size, SDR, MOODS[look % len(MOODS)], 10.0, seed=chance)
    planes: Planes = [
        np.zeros((height, width), np.uint8),
        np.zeros((height // 2, width // 2), np.uint8),
        np.zeros((height // 2, width // 2), np.uint8),
    ]
    scene.paint_scenery(planes, 1.5 + chance % 8)
    return Image.fromarray(_rgb(planes))


def _rgb(planes: Planes) -> np.typing.NDArray[np.uint8]:
    """8-bit BT.709 of limited range to red, green and blue: shape (height, width, 3)."""
    luma = (planes[0].astype(np.float32) - 16) / 219
    blue, red = (
        (plane.astype(np.float32) - 128).repeat(2, axis=0).repeat(2, axis=1) / 224 for plane in planes[1:]
    )
    r, b = luma + 1.5748 * red, luma + 1.8556 * blue
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.asarray(np.rint(np.stack((r, g, b), axis=-1).clip(0, 1) * 255), np.uint8)


def _capitals(text: str) -> str:
    """Without accents, which the letters at hand lack, and which capitals may do without."""
    parts = unicodedata.normalize("NFD", text.upper())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _lines(text: str, width: float, size: float) -> list[str]:
    """The text in lines of at most `width`."""
    font, lines = ImageFont.load_default(size), [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [line for line in lines if line]


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
