"""Whether two files hold the same, and where they do not, whether one is a broken copy of the other."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

from projectionist.errors import SourceChanged
from projectionist.features.cache.copying import digest_on_device

Check = Callable[[], None]

_CHUNK = 1 << 20
_BLOCK = 4096
_ZEROS = bytes(_BLOCK)


class Likeness(Enum):
    """How a copy compares to an original."""

    SAME = auto()
    """Every byte is the same, read from both devices."""
    TORN = auto()
    """The copy holds the original's beginning, or blocks of zeros where the original has data: it was cut short."""
    OUTGROWN = auto()
    """It is the original that is such a piece of the copy."""
    OTHER = auto()
    """They are two different contents."""


def compare(original: Path, copy: Path, check: Check) -> tuple[Likeness, str]:
    """How two files compare, and the digest that was read of the original; empty where their sizes differ.

    `check` is called often; what it raises ends the reading. Raises SourceChanged where either is written to
    meanwhile, and OSError.
    """
    before = _identity(original), _identity(copy)
    if before[0][:2] == before[1][:2]:
        return Likeness.OTHER, ""  # two names of one file prove nothing about a second one
    likeness, digest = Likeness.OTHER, ""
    if before[0][2] == before[1][2]:
        digest = digest_on_device(original, lambda _: check())
        if digest_on_device(copy, lambda _: check()) == digest:
            likeness = Likeness.SAME
    if likeness is Likeness.OTHER and _is_torn(original, copy, check):
        likeness = Likeness.TORN
    if likeness is Likeness.OTHER and _is_torn(copy, original, check):
        likeness = Likeness.OUTGROWN
    if (_identity(original), _identity(copy)) != before:
        raise SourceChanged(
            f"{original} or {copy} was written to while they were compared; both stay as they are: try again when "
            "they rest."
        )
    return likeness, digest


def _identity(path: Path) -> tuple[int, int, int, int, int]:
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise SourceChanged(f"{path} is no plain file any more; nothing was changed: run an audit again.")
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_torn(original: Path, copy: Path, check: Check) -> bool:
    """Whether every block of the copy is the original's, or zeros, or missing at the end."""
    if copy.stat().st_size > original.stat().st_size:
        return False
    with original.open("rb") as whole, copy.open("rb") as part:
        while piece := part.read(_CHUNK):
            check()
            like = whole.read(_CHUNK)
            if piece != like[: len(piece)] and not _blocks_fit(piece, like):
                return False
    return True


def _blocks_fit(piece: bytes, like: bytes) -> bool:
    if len(piece) > len(like):
        return False
    for at in range(0, len(piece), _BLOCK):
        block = piece[at : at + _BLOCK]
        if block not in (like[at : at + len(block)], _ZEROS[: len(block)]):
            return False
    return True
