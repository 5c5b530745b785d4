"""What happens to films: cut short, overwritten with noise, holes of zeros. A copy is damaged where one is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np


def truncate(path: Path, share: float, into: Path | None = None) -> Path:
    """Keep the first `share` (0 to 1) of the file's bytes; of a copy at `into`, where given. Returns the file."""
    path = _copied(path, into)
    with path.open("r+b") as file:
        file.truncate(round(path.stat().st_size * share))
    return path


def punch_random(path: Path, start: float, length: float, seed: int = 0, into: Path | None = None) -> Path:
    """Overwrite with noise from `start` for `length`, both as shares of the file's size. Returns the file."""
    path = _copied(path, into)
    first, count = _span(path, start, length)
    _overwrite(path, first, np.random.default_rng(seed).bytes(count))
    return path


def punch_zeros(path: Path, start: float, length: float, into: Path | None = None) -> Path:
    """Overwrite with zeros, as a download that never got this part has. Returns the file."""
    path = _copied(path, into)
    first, count = _span(path, start, length)
    _overwrite(path, first, bytes(count))
    return path


def overwrite(path: Path, offset: int, content: bytes, into: Path | None = None) -> Path:
    """Overwrite the bytes at `offset`. Returns the file."""
    path = _copied(path, into)
    _overwrite(path, offset, content)
    return path


def _copied(path: Path, into: Path | None) -> Path:
    if into is None:
        return path
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, into)
    return into


def _span(path: Path, start: float, length: float) -> tuple[int, int]:
    size = path.stat().st_size
    first = round(size * start)
    return first, min(size - first, round(size * length))


def _overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)
