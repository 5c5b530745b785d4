"""Posters and backgrounds of the demo house, painted from the scenery of its films."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from projectionist.demo.programme import MOODS
from projectionist.demo.scenery import Planes, Scene
from projectionist.demo.signal import SDR

POSTER, SQUARE, WIDE = (400, 600), (400, 400), (960, 540)
"""The sizes of a film's poster, a record's cover, and a background."""
_QUALITY = 82
_LARGEST = 4_000


@lru_cache(maxsize=64)
def poster(title: str, subtitle: str, look: int, size: tuple[int, int] = POSTER) -> bytes:
    """A JPEG of the scenery with the title below its sky."""
    picture = _scenery(look, size)
    draw = ImageDraw.Draw(picture)
    width, height = size
    top = height * 0.08
    for text, share in ((title, 0.115), (subtitle, 0.055)):
        for line in _lines(text, width * 0.84, share * width):
            font = ImageFont.load_default(share * width)
            draw.text((width / 2 + 1, top + 2), line, (12, 10, 16), font, anchor="ma")
            draw.text((width / 2, top), line, (255, 247, 230), font, anchor="ma")
            top += share * width * 1.25
        top += height * 0.015
    return _jpeg(picture)


@lru_cache(maxsize=32)
def background(look: int) -> bytes:
    """A JPEG of the scenery alone."""
    return _jpeg(_scenery(look, WIDE))


@lru_cache(maxsize=256)
def resized(picture: bytes, width: int, height: int) -> bytes:
    """The JPEG fitted into width x height, never enlarged; raises ValueError for a size that no picture has."""
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
        raise ValueError(f"{width}x{height} is no size for a picture.")
    with Image.open(io.BytesIO(picture)) as opened:
        if opened.width <= width and opened.height <= height:
            return picture
        return _jpeg(ImageOps.contain(opened, (width, height)))


def _scenery(look: int, size: tuple[int, int]) -> Image.Image:
    width, height = size
    scene = Scene(size, SDR, MOODS[look % len(MOODS)], 10.0, seed=look)
    planes: Planes = [
        np.zeros((height, width), np.uint8),
        np.zeros((height // 2, width // 2), np.uint8),
        np.zeros((height // 2, width // 2), np.uint8),
    ]
    scene.paint_scenery(planes, 3.0)
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
