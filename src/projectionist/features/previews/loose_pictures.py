"""A folder of JPEGs by any tool, under any names: taken in the order in which a person would count them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

from projectionist.errors import PreviewInvalid
from projectionist.frames import faults, jpeg, numbered

_JPEG_NAME = re.compile(r"[^.].*\.jpe?g", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)", re.ASCII)
_MOST_PICTURES = 1 << 20


class LoosePictures:
    """The JPEGs in `folder`, `count` of them, numbered from 0. Raises PreviewInvalid where there is none."""

    def __init__(self, folder: Path) -> None:
        try:
            names = [path.name for path in folder.iterdir()]
        except OSError as error:
            raise PreviewInvalid(
                f"{folder} cannot be listed ({error.strerror}); check that it is there and readable."
            ) from None
        names = sorted((name for name in names if _JPEG_NAME.fullmatch(name)), key=_counted)
        if not names:
            raise PreviewInvalid(f"{folder} holds no preview: neither folders of sheets nor JPEGs.")
        if len(names) > _MOST_PICTURES:
            raise PreviewInvalid(f"{folder} holds {len(names)} JPEGs, more than any film needs.")
        self.paths = [folder / name for name in names]
        self.count = len(names)

    def picture(self, number: int) -> bytes:
        """The JPEG `number`, from 0. Raises IndexError beyond the count, PreviewInvalid where it is unreadable."""
        if not 0 <= number < self.count:
            raise IndexError(number)
        return numbered.read(self.paths[number])

    def problems(self) -> list[str]:
        """Everything that is wrong, a sentence each; decodes every picture."""
        return faults.listed(self._faults())

    def _faults(self) -> Iterator[str]:
        yield from self._gaps()
        expected: tuple[int, int] | None = None
        for number, path in enumerate(self.paths):
            try:
                picture = self.picture(number)
                size = jpeg.dimensions(picture)
                expected = expected or size
                if size != expected:
                    yield f"{path.name} has another size than the pictures before it."
                jpeg.decode(picture)
            except PreviewInvalid as error:
                yield f"{path.name}: {error.message}"

    def _gaps(self) -> Iterator[str]:
        """Missing numbers, where the names are counted one by one (and not, say, in seconds)."""
        numbers = [_NUMBER.findall(path.stem) for path in self.paths]
        if not all(numbers) or self.count < 3:
            return
        last = [int(found[-1]) for found in numbers]
        if median(b - a for a, b in pairwise(last)) != 1:
            return
        for path, (a, b) in zip(self.paths[1:], pairwise(last), strict=True):
            if b > a + 1:
                yield f"number {a + 1} is missing before {path.name}."


def _counted(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """So that 9.jpg comes before 10.jpg; the whole name decides between 1.jpg and 01.jpg."""
    parts = _NUMBER.split(name)
    return [(1, int(part), "") if place % 2 else (0, 0, part) for place, part in enumerate(parts)], name
