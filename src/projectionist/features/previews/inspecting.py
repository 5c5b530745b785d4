"""Looking into one preview of any maker: what it is, what it holds, who made it, and what is wrong with it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from projectionist.errors import PreviewInvalid, UsageWrong
from projectionist.features.previews.formats import Format
from projectionist.features.previews.loose_pictures import LoosePictures
from projectionist.features.previews.record import Record
from projectionist.frames import bif, jpeg, picture_folder, trickplay
from projectionist.frames.contact_sheet import Pictures, contact_sheet
from projectionist.kit import files

_SHEETS_FOLDER = re.compile(r"\d+ - \d+x\d+")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a preview is and holds, as far as it can be told; `problems` is empty where it is whole.

    `size` is in bytes. `count` pictures, a guess where `count_is_guess`; `interval_ms` from picture to picture,
    None where nothing tells it, and `steady` off where it varies. `sizes` are the pictures' widths and heights in
    pixels, the most frequent first. `grid` is sheets, columns and rows; `others` are the folders of sheets beside
    the one looked into. `record` is ours, None for another tool's preview.
    """

    path: Path
    kind: Format | None
    size: int = 0
    count: int | None = None
    count_is_guess: bool = False
    interval_ms: int | None = None
    steady: bool = True
    sizes: tuple[tuple[int, int], ...] = ()
    grid: tuple[int, int, int] | None = None
    others: tuple[str, ...] = ()
    record: Record | None = None
    problems: tuple[str, ...] = ()


def inspect(path: Path) -> Inspection:
    """Look into the BIF, the trickplay folder or the folder of JPEGs at `path`; decodes every picture.

    A broken one is told about as far as it can be read. Raises UsageWrong where there is nothing at `path`.
    """
    try:
        kind = kind_of(path)
    except PreviewInvalid as error:
        return Inspection(path, None, problems=(error.message,))
    if kind is Format.TRICKPLAY:
        seen = _inspect_trickplay(path)
    elif kind is Format.JPEG:
        seen = _inspect_folder(path)
    else:
        seen = _inspect_bif(path)
    return replace(seen, problems=(*seen.problems, *_contradictions(seen)))


def save_picture(path: Path, number: int, target: Path) -> None:
    """Write picture `number`, from 0, to `target` as it is; a trickplay tile is cut out of its sheet.

    Raises UsageWrong where there is no such number or `target` is part of the preview, PreviewInvalid where the
    picture cannot be read, TargetUnwritable.
    """
    _require_outside(target, path)
    with _opened(path) as pictures:
        if not 0 <= number < pictures.count:
            raise UsageWrong(f"{path} has no picture {number}: its pictures are 0 to {pictures.count - 1}.")
        picture = pictures.picture(number)
    files.publish_file(target, partial(_put, content=picture))


def save_contact_sheet(path: Path, target: Path) -> None:
    """Write a JPEG with up to a hundred pictures, evenly chosen. Raises as `save_picture` does."""
    _require_outside(target, path)
    with _opened(path) as pictures:
        sheet = contact_sheet(pictures)
    files.publish_file(target, partial(_put, content=sheet))


def _put(file: BinaryIO, *, content: bytes) -> None:
    file.write(content)


def kind_of(path: Path) -> Format:
    """What kind of preview is at `path`. Raises UsageWrong where nothing is, PreviewInvalid where it is unreadable."""
    try:
        if not path.is_dir():
            path.stat()
            return Format.BIF
        names = [entry.name for entry in path.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        raise UsageWrong(f"{path} does not exist; check the spelling, or mount its disk.") from None
    except OSError as error:
        raise PreviewInvalid(
            f"{path} cannot be read ({error.strerror}); check its permissions and its disk."
        ) from None
    if path.suffix == ".trickplay" or any(_SHEETS_FOLDER.fullmatch(name) for name in (path.name, *names)):
        return Format.TRICKPLAY
    return Format.JPEG


@contextmanager
def _opened(path: Path) -> Iterator[Pictures]:
    """The pictures of a preview, of a broken one those that are left. Raises PreviewInvalid, UsageWrong."""
    kind = kind_of(path)
    if kind is Format.TRICKPLAY:
        yield trickplay.read_trickplay(path)
    elif kind is Format.JPEG:
        yield LoosePictures(path)
    else:
        with open_any_bif(path) as opened:
            yield BifPictures(opened)


def open_any_bif(path: Path) -> bif.Bif:
    """Unlike `read_bif` this opens one whose table is wrong, too. Raises PreviewInvalid."""
    if not path.is_file():
        raise PreviewInvalid(f"{path} is no regular file, and so no BIF.")
    try:
        file = path.open("rb")
    except OSError as error:
        raise PreviewInvalid(f"{path} cannot be read ({error.strerror}); check its permissions.") from None
    try:
        return bif.Bif(path, file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        file.close()
        raise PreviewInvalid(f"{path} cannot be read ({error.strerror}); check its disk.") from None
    except PreviewInvalid:
        file.close()
        raise


class BifPictures:
    """The pictures of a BIF whose table may lie."""

    def __init__(self, opened: bif.Bif) -> None:
        self._opened = opened
        self.count = opened.count

    def picture(self, number: int) -> bytes:
        """The JPEG `number`, from 0. Raises PreviewInvalid."""
        start, end = self._opened.offsets[number : number + 2].tolist()
        if not start < end <= self._opened.size:
            raise PreviewInvalid(
                f"{self._opened.path}: the table places picture {number} at bytes {start} to {end}, where none can be."
            )
        return self._opened.picture(number)


def _inspect_bif(path: Path) -> Inspection:
    problems = tuple(bif.problems(path, deep=True))
    try:
        opened = open_any_bif(path)
    except PreviewInvalid:
        return Inspection(path, None, _size_of([path]), problems=problems)
    with opened:
        steps = np.unique(np.diff(opened.timestamps)).tolist()
        pictures = BifPictures(opened)
        rising = min(steps, default=1) > 0
        return Inspection(
            path,
            Format.BIF,
            opened.size,
            opened.count,
            interval_ms=opened.interval_ms if rising else None,
            steady=len(steps) <= 1,
            sizes=_sizes(pictures),
            record=_record_in(pictures),
            problems=problems,
        )


def _inspect_trickplay(path: Path) -> Inspection:
    seen = Inspection(path, Format.TRICKPLAY, problems=tuple(trickplay.problems(path, deep=True)))
    try:
        opened = trickplay.read_trickplay(path)
    except PreviewInvalid as error:
        return seen if seen.problems else replace(seen, problems=(error.message,))
    record = record_of(opened.comment)
    return replace(
        seen,
        size=_size_of(opened.path / f"{number}.jpg" for number in range(opened.sheets)),
        count=opened.count,
        count_is_guess=opened.count_is_guess,
        interval_ms=record.interval_ms if record else None,
        sizes=((opened.tile_width, opened.tile_height),),
        grid=(opened.sheets, opened.columns, opened.rows),
        others=_sheets_beside(opened.path, path),
        record=record,
    )


def _sheets_beside(sheets: Path, path: Path) -> tuple[str, ...]:
    if sheets == path:
        return ()
    with suppress(OSError):
        names = [entry.name for entry in path.iterdir() if entry != sheets]
        return tuple(sorted(name for name in names if _SHEETS_FOLDER.fullmatch(name)))
    return ()


def _inspect_folder(path: Path) -> Inspection:
    try:
        pictures = LoosePictures(path)
    except PreviewInvalid as error:
        return Inspection(path, None, problems=(error.message,))
    record = _record_in(pictures)
    ours = record is not None or path.suffix == ".thumbnails"
    problems = picture_folder.problems(path, deep=True) if ours else pictures.problems()
    return Inspection(
        path,
        Format.JPEG,
        _size_of(pictures.paths),
        pictures.count,
        interval_ms=record.interval_ms if record else None,
        sizes=_sizes(pictures),
        record=record,
        problems=tuple(problems),
    )


def record_of(comment: str | None) -> Record | None:
    """Our record in a picture's comment, None for a forgery that no code of ours can have written."""
    record = Record.from_comment(comment)
    if record is None:
        return None
    texts = (record.film, record.mode, record.method, record.version)
    numbers = (record.interval_ms, record.width, record.quality, record.thumbnails)
    plausible = all(type(one) is str for one in texts) and all(type(one) is int for one in numbers)
    return record if plausible and type(record.max_height) in (int, type(None)) else None


def _record_in(pictures: Pictures) -> Record | None:
    with suppress(PreviewInvalid):
        return record_of(jpeg.comment_of(pictures.picture(0))) if pictures.count else None
    return None


def _contradictions(seen: Inspection) -> Iterator[str]:
    """Where a preview of ours holds something else than its record tells of."""
    record = seen.record
    if record is None or seen.count is None:
        return
    if seen.count_is_guess or seen.count != record.thumbnails:
        yield f"Its record tells of {record.thumbnails} pictures, but it holds {seen.count}."
    if seen.interval_ms not in (None, record.interval_ms) and seen.count > 1:
        yield f"Its record tells of an interval of {record.interval_ms} ms, but its table of {seen.interval_ms}."


def _sizes(pictures: Pictures) -> tuple[tuple[int, int], ...]:
    found: Counter[tuple[int, int]] = Counter()
    for number in range(pictures.count):
        with suppress(PreviewInvalid):
            found[jpeg.dimensions(pictures.picture(number))] += 1
    return tuple(size for size, _ in found.most_common())


def _size_of(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _require_outside(target: Path, path: Path) -> None:
    """Refuse to write a picture over, or into, the preview that it is taken from."""
    at, preview = (Path(os.path.realpath(one)) for one in (target, path))
    if at.is_relative_to(preview):
        raise UsageWrong(f"{target} is part of the preview itself; choose another place to save to.")
    if at.is_dir():
        raise UsageWrong(f"{target} is a folder; name the JPEG file to write.")
