"""Jellyfin's trickplay: `<stem>.trickplay/<width> - 10x10/<n>.jpg`, sheets of tiles in reading order.

Sheets are numbered from 0. All are of full size; the last is padded with black. No file tells interval or count.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from projectionist.errors import PreviewInvalid
from projectionist.frames import jpeg
from projectionist.frames.jpeg import Plane
from projectionist.kit import files

SHEET_NAME = re.compile(r"(0|[1-9]\d*)\.jpg")


def sheets_path(trickplay: Path, width: int, columns: int = 10, rows: int = 10) -> Path:
    """The folder of sheets in `<stem>.trickplay` whose tiles are `width` pixels wide."""
    return trickplay / f"{width} - {columns}x{rows}"


class SheetWriter:
    """Fills sheets with pictures as they come, and publishes the folder of sheets as a whole.

    `target` is the folder that `sheets_path` names; other widths beside it stay. Finished sheets wait in a hidden
    folder beside `<stem>.trickplay`. Leaving the block without `finish` leaves no trace. Memory: one sheet of
    planes and the first sheet's JPEG. Raises TargetFull and TargetUnwritable.
    """

    def __init__(self, target: Path, *, quality: int = 90, columns: int = 10, rows: int = 10) -> None:
        self.target = target
        self.count = 0
        self._quality = quality
        self._columns, self._rows = columns, rows
        self._planes: tuple[Plane, Plane, Plane] | None = None
        self._tile = (0, 0)
        self._first = b""
        self._folder = files.NewFolder(target, SHEET_NAME, with_parent=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop what is not published; closing twice is harmless."""
        self._folder.close()

    def add(self, y: Plane, u: Plane, v: Plane) -> None:
        """Put the next picture on the sheet: full-range BT.601 4:2:0, as `jpeg.encode` takes it.

        All pictures are of one size. Raises PreviewInvalid where a sheet would be larger than a JPEG can be.
        """
        planes = self._planes or self._blank(*y.shape)
        if y.shape != self._tile:
            raise ValueError(f"a tile of {y.shape} among tiles of {self._tile}")
        row, column = divmod(self.count % (self._columns * self._rows), self._columns)
        for sheet, tile in zip(planes, (y, u, v), strict=True):
            height, width = tile.shape
            sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
        self.count += 1
        if self.count % (self._columns * self._rows) == 0:
            self._put_away(planes)

    def finish(self, comment: str) -> None:
        """Pad the last sheet, put `comment` into the first one, publish. Raises PreviewInvalid without pictures."""
        if self._planes is None:
            raise PreviewInvalid(f"{self.target} would be sheets without any picture; nothing was written.")
        if self.count % (self._columns * self._rows):
            self._put_away(self._planes)
        self._folder.write("0.jpg", jpeg.with_comment(self._first, comment))
        self._folder.publish()

    def _blank(self, height: int, width: int) -> tuple[Plane, Plane, Plane]:
        size = (height * self._rows, width * self._columns)
        if max(size) > jpeg.LARGEST_SIDE:
            raise PreviewInvalid(
                f"Sheets of {size[1]}x{size[0]} pixels cannot be made, {jpeg.LARGEST_SIDE} being the most a side of a "
                "JPEG can have; choose a smaller width."
            )
        half = (size[0] // 2, size[1] // 2)
        self._tile = (height, width)
        self._planes = np.zeros(size, np.uint8), np.full(half, 128, np.uint8), np.full(half, 128, np.uint8)
        return self._planes

    def _put_away(self, planes: tuple[Plane, Plane, Plane]) -> None:
        """Write the sheet in the planes and blank them; the first is kept for its comment."""
        number = (self.count - 1) // (self._columns * self._rows)
        sheet = jpeg.encode(*planes, self._quality)
        if number:
            self._folder.write(f"{number}.jpg", sheet)
        else:
            self._first = sheet
        for plane, black in zip(planes, (0, 128, 128), strict=True):
            plane[:] = black


def recover(trickplay: Path) -> list[Path]:
    """Put right what a killed process left of `<stem>.trickplay`: nothing, the old sheets or the new ones."""
    return files.remove_stale_temporaries(trickplay.parent)
