"""Plain JPEGs in a folder, `<stem>.thumbnails/00000.jpg` and on: picture k stands for k times the interval."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from projectionist.errors import PreviewInvalid
from projectionist.frames import faults, jpeg, numbered
from projectionist.frames.spool import Spool
from projectionist.kit import files

PICTURE_NAME = re.compile(r"\d{5,}\.jpg")
"""Five digits, more only from picture 100000 on."""


class PictureFolder:
    """A folder of numbered JPEGs; `read_picture_folder` makes one. `count` pictures, numbered from 0."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path = path
        self._names = names
        self.count = len(names)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[bytes]:
        return (self.picture(number) for number in range(self.count))

    @property
    def comment(self) -> str | None:
        """The record in the first picture, or None. Raises PreviewInvalid."""
        return jpeg.comment_of(self.picture(0)) if self.count else None

    def picture(self, number: int) -> bytes:
        """The JPEG `number`, from 0. Raises IndexError beyond the count, PreviewInvalid where it is unreadable."""
        if not 0 <= number < self.count:
            raise IndexError(number)
        return numbered.read(self.path / self._names[number])


def write_picture_folder(target: Path, pictures: Spool, comment: str) -> None:
    """Publish the spooled pictures as a folder that appears whole or not at all, `comment` in the first one.

    Raises PreviewInvalid where there is no picture, TargetFull and TargetUnwritable.
    """
    if not len(pictures):
        raise PreviewInvalid(f"{target} would be a folder without any picture; nothing was written.")
    with files.NewFolder(target, PICTURE_NAME) as new:
        for number, picture in enumerate(pictures):
            new.write(f"{number:05}.jpg", picture if number else jpeg.with_comment(picture, comment))
        new.publish()


def read_picture_folder(path: Path) -> PictureFolder:
    """Open a folder of numbered JPEGs. Raises PreviewInvalid where there is none or the numbers have gaps."""
    names, _ = numbered.listing(path, PICTURE_NAME)
    gaps = numbered.gaps(names)
    if gaps:
        raise PreviewInvalid(f"{path} is broken: {gaps[0]}.")
    return PictureFolder(path, names)


def problems(path: Path, *, deep: bool = False) -> list[str]:
    """Everything that is wrong with a folder of JPEGs, a sentence each; `deep` decodes every picture too."""
    return faults.listed(_faults(path, deep))


def _faults(path: Path, deep: bool) -> Iterator[str]:
    try:
        names, strays = numbered.listing(path, PICTURE_NAME)
    except PreviewInvalid as error:
        yield error.message
        return
    yield from (f"{clause}." for clause in numbered.gaps(names))
    yield from (f"it also holds {name}, which is none of its pictures." for name in strays)
    expected: tuple[int, int] | None = None
    for name in names:
        try:
            picture = numbered.read(path / name)
            jpeg.check(picture)
            expected = expected or jpeg.dimensions(picture)
            if jpeg.dimensions(picture) != expected:
                yield f"{name} has another size than the pictures before it."
            if deep:
                jpeg.decode(picture)
        except PreviewInvalid as error:
            yield f"{name}: {error.message}"
