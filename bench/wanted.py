"""Which bytes of a film its thumbnails are made of: the floor under what can be read."""

from __future__ import annotations

from pathlib import Path

from projectionist.errors import IndexUnusable
from projectionist.frames.film import Film
from projectionist.frames.slots import Mode, choose
from projectionist.frames.source import SourceFile


def wanted_extents(film: Film, interval: float) -> list[tuple[int, int]]:
    """Offset and byte count of each wanted keyframe, in the order of the film. Raises IndexUnusable."""
    index = film.index
    if index is None:
        raise film.index_fault or IndexUnusable(f"{film.path} has no index of keyframes")
    picks = choose(index.times_ns, index.last_ns, (round(interval * 1000),), Mode.KEYFRAME)
    return [index.extent(number) for number in sorted({pick.keyframe for pick in picks})]


def wanted_bytes(path: Path, interval: float) -> int:
    """The bytes of the wanted keyframes' packets."""
    with Film(SourceFile(path)) as film:
        return sum(size for _, size in wanted_extents(film, interval))
