"""Jellyfin's trickplay: `<stem>.trickplay/<width> - 10x10/<n>.jpg`, sheets of tiles in reading order.

Sheets are numbered from 0. All are of full size; the last is padded with black. No file tells interval or count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import simplejpeg

from projectionist.errors import PreviewInvalid
from projectionist.frames import faults, jpeg, numbered
from projectionist.frames.jpeg import Plane
from projectionist.kit import files

SHEET_NAME = re.compile(r"(0|[1-9]\d*)\.jpg")
_FOLDER_NAME = re.compile(r"([1-9]\d{0,4}) - ([1-9]\d{0,2})x([1-9]\d{0,2})")
_MOST_PIXELS = 100_000_000
"""What a sheet may have: 10x10 tiles of 1280x720 fit."""
_BLACK = 16
"""Luma up to which a tile counts as padding; JPEG noise stays below."""
_BLOCK = 16
"""Pixels of a block whose noise a neighbour's picture may carry into the edge of a tile, with 4:2:0."""
_TILE_QUALITY = 95


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


class Trickplay:
    """A folder of sheets; `read_trickplay` makes one. `sheets` of them, `columns` x `rows` tiles each.

    `count` tiles hold a picture: as our record says, or else, `count_is_guess` telling, up to the last tile that
    is not black. `tile_width` and `tile_height` are in pixels.
    """

    def __init__(self, path: Path, names: list[str], columns: int, rows: int) -> None:
        self.path = path
        self.columns, self.rows = columns, rows
        self._names = names
        self._shown: tuple[int, npt.NDArray[np.uint8]] | None = None
        first = numbered.read(path / names[0])
        width, height = jpeg.dimensions(first)
        if width % columns or height % rows:
            raise PreviewInvalid(
                f"{path} is broken: {names[0]} is {width}x{height}, which {columns}x{rows} tiles do not fill."
            )
        self.tile_width, self.tile_height = width // columns, height // rows
        self.comment = jpeg.comment_of(first)
        recorded = _recorded_count(self.comment)
        per_sheet = columns * rows
        self.count_is_guess = (
            recorded is None or not (self.sheets - 1) * per_sheet < recorded <= self.sheets * per_sheet
        )
        self.count = self._guess() if recorded is None or self.count_is_guess else recorded

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[bytes]:
        return (self.picture(number) for number in range(self.count))

    @property
    def sheets(self) -> int:
        """How many sheets there are."""
        return len(self._names)

    def picture(self, number: int) -> bytes:
        """Tile `number`, from 0, cut out and encoded again. Raises IndexError, PreviewInvalid."""
        if not 0 <= number < self.count:
            raise IndexError(number)
        sheet, place = divmod(number, self.columns * self.rows)
        tile = np.ascontiguousarray(self._tile(self._sheet(sheet), place))
        if not tile.size:
            raise PreviewInvalid(f"{self.path / self._names[sheet]} ends before tile {place}.")
        picture: bytes = simplejpeg.encode_jpeg(tile, _TILE_QUALITY, "RGB", "420")
        return picture

    def _tile(self, sheet: npt.NDArray[np.uint8], place: int) -> npt.NDArray[np.uint8]:
        row, column = divmod(place, self.columns)
        top, left = row * self.tile_height, column * self.tile_width
        return sheet[top : top + self.tile_height, left : left + self.tile_width]

    def _sheet(self, number: int) -> npt.NDArray[np.uint8]:
        """Sheet `number` as RGB; the last one asked for is kept."""
        if self._shown is None or self._shown[0] != number:
            path = self.path / self._names[number]
            try:
                decoded = jpeg.decode(numbered.read(path), most_pixels=_MOST_PIXELS)
            except PreviewInvalid as error:
                raise PreviewInvalid(f"{path} is broken: {error.message}") from None
            self._shown = number, decoded
        return self._shown[1]

    def _guess(self) -> int:
        """Tiles up to the last that is not black; a black picture at the very end goes unseen."""
        sheet = self._sheet(self.sheets - 1)
        per_sheet = self.columns * self.rows
        shown = (
            place for place in reversed(range(per_sheet)) if not self._is_black(self._tile(sheet, place))
        )
        return (self.sheets - 1) * per_sheet + next(shown, 0) + 1

    def _is_black(self, tile: npt.NDArray[np.uint8]) -> bool:
        inner = tile[min(_BLOCK, len(tile) // 2) :, min(_BLOCK, tile.shape[1] // 2) :]
        return not inner.size or int(inner.max()) <= _BLACK


def read_trickplay(path: Path) -> Trickplay:
    """Open `<stem>.trickplay` (its widest sheets) or a folder of sheets in it, of any maker and grid.

    Raises PreviewInvalid where there are no sheets, their numbers have gaps, or they do not fit the grid.
    """
    folder, columns, rows = max(_sheet_folders(path), key=lambda found: _width_of(found[0]))
    names, _ = numbered.listing(folder, SHEET_NAME)
    gaps = numbered.gaps(names)
    if gaps:
        raise PreviewInvalid(f"{folder} is broken: {gaps[0]}.")
    return Trickplay(folder, names, columns, rows)


def problems(path: Path, *, deep: bool = False) -> list[str]:
    """Everything that is wrong with `<stem>.trickplay` or one folder of sheets, a sentence each.

    Walks the markers of every sheet; `deep` decodes every sheet too.
    """
    try:
        folders = _sheet_folders(path)
    except PreviewInvalid as error:
        return [error.message]
    return faults.listed(
        f"{folder.name}: {fault}"
        for folder, columns, rows in folders
        for fault in _faults(folder, columns, rows, deep)
    )


def _faults(folder: Path, columns: int, rows: int, deep: bool) -> Iterator[str]:
    try:
        names, strays = numbered.listing(folder, SHEET_NAME)
    except PreviewInvalid as error:
        yield error.message
        return
    yield from (f"{clause}." for clause in numbered.gaps(names))
    yield from (f"it also holds {name}, which is none of its pictures." for name in strays)
    expected: tuple[int, int] | None = None
    for name in names:
        try:
            sheet = numbered.read(folder / name)
            jpeg.check(sheet)
            size = jpeg.dimensions(sheet)
            if expected is None:
                expected = size
                yield from _grid_faults(folder, name, size, columns, rows)
            if size != expected:
                yield f"{name} is {size[0]}x{size[1]}, and the sheets before it are {expected[0]}x{expected[1]}."
            if deep:
                jpeg.decode(sheet, most_pixels=_MOST_PIXELS)
        except PreviewInvalid as error:
            yield f"{name}: {error.message}"


def _grid_faults(folder: Path, name: str, size: tuple[int, int], columns: int, rows: int) -> Iterator[str]:
    if size[0] % columns or size[1] % rows:
        yield f"{name} is {size[0]}x{size[1]}, which {columns}x{rows} tiles do not fill."
    elif size[0] // columns != _width_of(folder):
        yield f"the tiles are {size[0] // columns} pixels wide, not {_width_of(folder)} as the folder's name says."


def _sheet_folders(path: Path) -> list[tuple[Path, int, int]]:
    """The folders of sheets at or in `path`, each with its columns and rows. Raises PreviewInvalid."""
    name = _FOLDER_NAME.fullmatch(path.name)
    if name is not None:
        return [(path, int(name[2]), int(name[3]))]
    try:
        named = [(entry, _FOLDER_NAME.fullmatch(entry.name)) for entry in path.iterdir() if entry.is_dir()]
    except OSError as error:
        raise PreviewInvalid(
            f"{path} cannot be listed ({error.strerror}); check that it is there and readable."
        ) from error
    found = [(entry, int(name[2]), int(name[3])) for entry, name in named if name is not None]
    if not found:
        raise PreviewInvalid(f"{path} holds no folder of sheets, such as '320 - 10x10'.")
    return sorted(found)


def _width_of(folder: Path) -> int:
    return int(folder.name.partition(" ")[0])


def _recorded_count(comment: str | None) -> int | None:
    """How many thumbnails our record tells of, where there is one."""
    try:
        record = json.loads(comment or "null")
    except (ValueError, RecursionError):
        return None
    count = record.get("thumbnails") if isinstance(record, dict) else None
    return count if type(count) is int else None
