"""Pictures for tests of the output formats: small, each one different, as planes and as JPEGs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from projectionist.frames import jpeg
from projectionist.frames.jpeg import Plane
from projectionist.frames.spool import Spool


def planes(number: int, width: int = 32, height: int = 18) -> tuple[Plane, Plane, Plane]:
    """A picture whose brightness and colours tell its number: 4:2:0, full range."""
    y = np.full((height, width), 60 + number * 17 % 160, np.uint8)
    y[: height // 2, : width // 2] = 240
    u = np.full((height // 2, width // 2), 40 + number * 31 % 180, np.uint8)
    v = np.full((height // 2, width // 2), 40 + number * 47 % 180, np.uint8)
    return y, u, v


def picture(number: int, width: int = 32, height: int = 18) -> bytes:
    """The same as a JPEG."""
    return jpeg.encode(*planes(number, width, height), 80)


def spool_of(count: int, folder: Path, *, in_memory: int = 1 << 20) -> Spool:
    """A spool of `count` pictures."""
    spool = Spool(folder, in_memory=in_memory)
    for number in range(count):
        spool.add(picture(number))
    return spool


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, hidden ones too, by relative path; empty folders end in a slash."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[f"{name}/"] = b""
    return found
