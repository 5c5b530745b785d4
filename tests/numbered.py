"""Pictures that say which frame they are, to a program, and still do so as small lossy thumbnails.

The upright picture is a grid of 3 rows and 8 columns of flat cells:

- top row: bits 13 to 7 of the frame number, then a bit that makes the count of white cells odd;
- middle row: white, black, white, red, green, blue, black, white: gives the levels of black and white, and
  tells a picture that is turned or mirrored from an upright one;
- bottom row: bits 6 to 0, then a bit that makes the count even.

In interlaced pictures the red and the green cell are replaced: in the first one the top field is white and
the bottom field black, in the second one the other way round, so fields that were averaged show as grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import simplejpeg
from av import VideoFrame
from av.video.format import VideoFormat

Gray = npt.NDArray[np.uint8]
"""Luma of a picture, shape (height, width), 0 is black and 255 white."""

ROWS, COLUMNS = 3, 8
NUMBERS = 1 << 14
"""Frame numbers are below this."""

_WHITE = (1.0, 1.0, 1.0)
_BLACK = (0.0, 0.0, 0.0)
_RED, _GREEN, _BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_STRIP = (_WHITE, _BLACK, _WHITE, _RED, _GREEN, _BLUE, _BLACK, _WHITE)
_STRIP_WHITE, _STRIP_BLACK = (0, 2, 7), (1, 6)
_TOP_FIELD_CELL, _BOTTOM_FIELD_CELL = COLUMNS + 3, COLUMNS + 4


class NumberUnreadable(ValueError):
    """The picture carries no number that can be trusted: wrong parity, grey cells, turned, not ours."""


@dataclass(frozen=True)
class Color:
    """How the signal is coded; the codes are those of ITU-T H.273, 2 meaning that nothing is said.

    `white` is the signal level of the white cells, 0 to 1; the coloured cells use it too. `luma` holds the
    weights of red and blue that the pictures are drawn with, whatever is flagged.
    """

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool = False
    white: float = 1.0
    luma: tuple[float, float] = (0.299, 0.114)


UNFLAGGED = Color()
BT601 = Color(primaries=6, transfer=6, matrix=6)
BT709 = Color(primaries=1, transfer=1, matrix=1, luma=(0.2126, 0.0722))
FULL_RANGE = Color(primaries=1, transfer=1, matrix=1, full_range=True, luma=(0.2126, 0.0722))
HDR10 = Color(primaries=9, transfer=16, matrix=9, white=0.5807, luma=(0.2627, 0.0593))
"""PQ (SMPTE ST 2084); white is the 203 cd/m2 of ITU-R BT.2408."""
HLG = Color(primaries=9, transfer=18, matrix=9, white=0.75, luma=(0.2627, 0.0593))
"""Hybrid log-gamma; white is the 75 % signal of ITU-R BT.2408."""


class NumberedPictures:
    """Draws frame n of a film of this size, planar YUV format, colour and rotation.

    `size` is the coded (width, height). `rotation` is what a player has to turn the coded picture by,
    counter-clockwise, in degrees, for it to be upright.
    """

    def __init__(
        self,
        size: tuple[int, int],
        pix_fmt: str,
        color: Color,
        *,
        rotation: int = 0,
        interlaced: bool = False,
    ) -> None:
        self._size, self._pix_fmt, self._color, self._interlaced = size, pix_fmt, color, interlaced
        form = VideoFormat(pix_fmt, *size)
        if form.is_rgb or not form.is_planar:
            raise ValueError(f"{pix_fmt} is not planar YUV; pictures are drawn in planar YUV only.")
        self._components = form.components
        self._cells = [_cell_map(part.width, part.height, rotation) for part in self._components]

    def frame(self, number: int) -> VideoFrame:
        """The picture of frame `number`, with its colour flagged; its time is up to the caller."""
        frame = VideoFrame(*self._size, self._pix_fmt)
        rgb = np.array(_colors_of(number)) * self._color.white
        for plane, cells, levels in zip(range(3), self._cells, self._code(rgb), strict=False):
            self._paint(frame, plane, levels, cells)
        color = self._color
        frame.color_primaries, frame.color_trc, frame.colorspace = (
            color.primaries,
            color.transfer,
            color.matrix,
        )
        frame.color_range = 2 if color.full_range else 1
        return frame

    def _paint(
        self, frame: VideoFrame, plane: int, levels: npt.NDArray[Any], cells: npt.NDArray[Any]
    ) -> None:
        picture = levels[cells]
        if self._interlaced:
            field_pair = levels.copy()
            field_pair[[_TOP_FIELD_CELL, _BOTTOM_FIELD_CELL]] = levels[[COLUMNS, COLUMNS + 1]]
            picture[0::2] = field_pair[cells[0::2]]
            field_pair[[_TOP_FIELD_CELL, _BOTTOM_FIELD_CELL]] = levels[[COLUMNS + 1, COLUMNS]]
            picture[1::2] = field_pair[cells[1::2]]
        wide = self._components[plane].bits > 8
        into = np.frombuffer(memoryview(frame.planes[plane]), np.uint16 if wide else np.uint8)
        pitch = frame.planes[plane].line_size // into.itemsize
        into[: pitch * len(cells)].reshape(len(cells), pitch)[:, : cells.shape[1]] = picture

    def _code(self, rgb: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Y, Cb and Cr codes, by ITU-R BT.709-6 section 3 with this colour's weights and range."""
        red_weight, blue_weight = self._color.luma
        red, green, blue = rgb[:, 0], rgb[:, 1], rgb[:, 2]
        luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
        chroma = ((blue - luma) / (2 - 2 * blue_weight), (red - luma) / (2 - 2 * red_weight))
        bits = self._components[0].bits
        unit, top = 1 << (bits - 8), (1 << bits) - 1
        if self._color.full_range:
            coded = [luma * top, *(part * top + 128 * unit for part in chroma)]
        else:
            coded = [(16 + 219 * luma) * unit, *((128 + 224 * part) * unit for part in chroma)]
        return [np.clip(np.rint(part), 0, top).astype(np.uint16) for part in coded]


def read_frame_number(picture: bytes | npt.NDArray[Any]) -> int:
    """The frame number in a thumbnail: a JPEG, luma (h, w) or (h, w, 1), or RGB (h, w, 3).

    Raises NumberUnreadable.
    """
    cells = _gray_cells(picture)
    black, white = _levels(cells)
    shares = (cells - black) / (white - black)
    _check_strip(shares[1])
    bits = shares[[0, 2]]
    grey = (bits > 0.33) & (bits < 0.67)
    if grey.any():
        raise NumberUnreadable(
            f"{int(grey.sum())} cells are neither black nor white: {np.rint(cells).tolist()}"
        )
    white_cells = bits > 0.5
    if white_cells[0].sum() % 2 != 1 or white_cells[1].sum() % 2 != 0:
        raise NumberUnreadable(f"The parity is off: {white_cells.astype(int).tolist()}")
    digits = [*white_cells[0][:7], *white_cells[1][:7]]
    return int("".join("1" if bit else "0" for bit in digits), 2)


def read_levels(picture: bytes | npt.NDArray[Any]) -> tuple[float, float]:
    """The luma of the black and the white cells, 0 to 255. Raises NumberUnreadable where they are alike."""
    return _levels(_gray_cells(picture))


def read_fields(picture: bytes | npt.NDArray[Any]) -> tuple[float, float]:
    """The luma of the two cells in which the fields of an interlaced film differ: (first cell, second cell).

    One is black and one white where one field was kept; both are grey where the fields were averaged.
    """
    cells = _gray_cells(picture)
    return float(cells[1][3]), float(cells[1][4])


def read_colors(picture: bytes | npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The red, green and blue cell as a thumbnail (JPEG or RGB array) shows them: shape (3, 3), 0 to 255."""
    if isinstance(picture, bytes):
        picture = simplejpeg.decode_jpeg(picture)
    return read_cells(picture)[1, 3:6]


def read_cells(picture: bytes | npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The mean of the middle of every cell: shape (3, 8), or (3, 8, 3) of an RGB array."""
    pixels = simplejpeg.decode_jpeg(picture, colorspace="GRAY") if isinstance(picture, bytes) else picture
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    means = [[_middle(pixels, row, column) for column in range(COLUMNS)] for row in range(ROWS)]
    return np.array(means, dtype=np.float64)


def _gray_cells(picture: bytes | npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    cells = read_cells(picture)
    return cells.mean(axis=2) if cells.ndim == 3 else cells


def _middle(picture: npt.NDArray[Any], row: int, column: int) -> npt.NDArray[Any]:
    height, width = picture.shape[:2]
    top, left = (row + 0.3) * height / ROWS, (column + 0.3) * width / COLUMNS
    bottom, right = (row + 0.7) * height / ROWS, (column + 0.7) * width / COLUMNS
    part = picture[int(top) : max(int(bottom), int(top) + 1), int(left) : max(int(right), int(left) + 1)]
    return np.asarray(part.mean(axis=(0, 1)))


def _levels(cells: npt.NDArray[Any]) -> tuple[float, float]:
    black, white = cells[1, _STRIP_BLACK].mean(), cells[1, _STRIP_WHITE].mean()
    if white - black < 50:
        raise NumberUnreadable(
            f"Black is {black:.0f} and white {white:.0f}: not a numbered picture, or turned."
        )
    return float(black), float(white)


def _check_strip(shares: npt.NDArray[Any]) -> None:
    upright = (shares[list(_STRIP_WHITE)] > 0.8).all() and (shares[list(_STRIP_BLACK)] < 0.2).all()
    if not upright or shares[5] > 0.5:
        raise NumberUnreadable(f"The middle row is not as drawn: {np.round(shares, 2).tolist()}")


def _colors_of(number: int) -> list[tuple[float, float, float]]:
    if not 0 <= number < NUMBERS:
        raise ValueError(f"Frame number {number} does not fit into {NUMBERS}.")
    top, bottom = (
        [_WHITE if part >> bit & 1 else _BLACK for bit in range(6, -1, -1)]
        for part in (number >> 7, number & 127)
    )
    top.append(_BLACK if top.count(_WHITE) % 2 else _WHITE)
    bottom.append(_WHITE if bottom.count(_WHITE) % 2 else _BLACK)
    return [*top, *_STRIP, *bottom]


def _cell_map(width: int, height: int, rotation: int) -> npt.NDArray[np.intp]:
    """For every sample of a coded plane the number of the cell it belongs to."""
    if rotation % 180:
        width, height = height, width
    rows, columns = np.arange(height) * ROWS // height, np.arange(width) * COLUMNS // width
    upright = rows[:, None] * COLUMNS + columns[None, :]
    return np.rot90(upright, -(rotation // 90))
