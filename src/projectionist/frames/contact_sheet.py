"""A contact sheet: pictures of a preview, evenly chosen, on one JPEG."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import simplejpeg

from projectionist.errors import PreviewInvalid
from projectionist.frames import jpeg

_GREY = 96
"""What stands where a picture is broken or a row ends early."""
_GAP = 4
_QUALITY = 85
_TALLEST = 4
"""Heights of a tile in widths, at most."""


class Pictures(Protocol):
    """What every reader of previews offers."""

    @property
    def count(self) -> int:
        """How many pictures there are."""

    def picture(self, number: int) -> bytes:
        """The JPEG `number`, from 0. Raises PreviewInvalid."""


def contact_sheet(pictures: Pictures, *, columns: int = 10, most: int = 100, tile_width: int = 160) -> bytes:
    """A JPEG of up to `most` pictures in reading order, each `tile_width` pixels wide.

    A broken picture is shown as a grey tile. Raises PreviewInvalid where there is no picture at all that can be
    shown, or where the sheet would be larger than a JPEG can be.
    """
    shown = min(pictures.count, most)
    numbers = np.linspace(0, pictures.count - 1, shown).round().astype(int).tolist() if shown else []
    tiles = [_tile(pictures, number, tile_width) for number in numbers]
    heights = [tile.shape[0] for tile in tiles if tile is not None]
    if not heights:
        raise PreviewInvalid("There is no picture that could be shown on a contact sheet.")
    columns = min(columns, shown)
    rows = -(-shown // columns)
    size = (_GAP + rows * (max(heights) + _GAP), _GAP + columns * (tile_width + _GAP))
    if max(size) > jpeg.LARGEST_SIDE:
        raise PreviewInvalid(
            f"A contact sheet of {size[1]}x{size[0]} pixels cannot be made; choose fewer or smaller pictures."
        )
    sheet = np.full((*size, 3), _GREY, np.uint8)
    for place, tile in enumerate(tiles):
        if tile is not None:
            row, column = divmod(place, columns)
            top, left = _GAP + row * (max(heights) + _GAP), _GAP + column * (tile_width + _GAP)
            sheet[top : top + tile.shape[0], left : left + tile_width] = tile
    made: bytes = simplejpeg.encode_jpeg(sheet, _QUALITY, "RGB", "420")
    return made


def _tile(pictures: Pictures, number: int, width: int) -> npt.NDArray[np.uint8] | None:
    """Picture `number`, `width` pixels wide, as RGB; None where it is broken."""
    try:
        picture = jpeg.decode(pictures.picture(number), narrowest=width)
    except PreviewInvalid:
        return None
    height = min(max(1, round(picture.shape[0] * width / picture.shape[1])), _TALLEST * width)
    return picture[_evenly(picture.shape[0], height)][:, _evenly(picture.shape[1], width)]


def _evenly(available: int, wanted: int) -> npt.NDArray[np.intp]:
    """`wanted` indices spread over `available` samples: the middles of equal parts."""
    return ((np.arange(wanted) + 0.5) * available / wanted).astype(np.intp)
