"""Folders of JPEGs that are numbered from 0: listed, checked for gaps, read within bounds."""

from __future__ import annotations

import os
import re
import stat
from itertools import pairwise
from pathlib import Path

from projectionist.errors import PreviewInvalid
from projectionist.kit import files

_LARGEST_PICTURE = 64 << 20
_MOST_PICTURES = 1 << 20


def listing(folder: Path, pattern: re.Pattern[str]) -> tuple[list[str], list[str]]:
    """Names that match `pattern`, in the order of their numbers, and the strays.

    What file managers leave behind counts as neither. Raises PreviewInvalid where the folder cannot be listed or
    holds no picture.
    """
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise PreviewInvalid(
            f"{folder} cannot be listed ({error.strerror}); check that it is there and readable."
        ) from error
    pictures = sorted((name for name in names if pattern.fullmatch(name)), key=_number)
    if not pictures:
        raise PreviewInvalid(f"{folder} holds no pictures of a preview.")
    if len(pictures) > _MOST_PICTURES:
        raise PreviewInvalid(f"{folder} holds {len(pictures)} pictures, more than any film needs.")
    return pictures, sorted(
        name for name in names if not pattern.fullmatch(name) and not files.is_litter(name)
    )


def gaps(names: list[str]) -> list[str]:
    """What is wrong with the numbers of sorted names, a clause each; the first gap and the first double only."""
    numbers = [_number(name) for name in names]
    doubled = next((a for a, b in pairwise(names) if _number(a) == _number(b)), None)
    if doubled is not None:
        return [f"the number of {doubled} is taken twice"]
    missing = next((k for k, number in enumerate(numbers) if k != number), None)
    if missing is None:
        return []
    return [f"number {missing} is missing before {names[missing]}"]


def read(path: Path) -> bytes:
    """The whole file. Raises PreviewInvalid, also beyond 64 MiB."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(_regular(fd, path), "rb") as file:
            content = file.read(_LARGEST_PICTURE + 1)
    except OSError as error:
        raise PreviewInvalid(
            f"{path} cannot be read ({error.strerror}); check its permissions and disk."
        ) from error
    if len(content) > _LARGEST_PICTURE:
        raise PreviewInvalid(f"{path} has more than {_LARGEST_PICTURE} bytes, too many for a preview.")
    return content


def _regular(fd: int, path: Path) -> int:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise PreviewInvalid(f"{path} is no regular file, and so no picture.")
    return fd


def _number(name: str) -> int:
    return int(name.partition(".")[0][:9])
