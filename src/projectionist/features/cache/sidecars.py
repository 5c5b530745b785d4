"""What lies beside a film and travels along: subtitles, or everything; art of several films goes last."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from projectionist.errors import NotFound
from projectionist.features.cache.copying import Progress
from projectionist.features.cache.settling import Desk, Outcome
from projectionist.features.cache.spots import Spot
from projectionist.features.cache.swapping import cache_in, move_back, unheard
from projectionist.media.names import FILM_SUFFIXES

SUBTITLES = frozenset({".srt", ".ass", ".ssa", ".sub", ".idx", ".vtt", ".sup", ".smi", ".ttml", ".usf"})


class Sidecars(StrEnum):
    """What travels along with a film."""

    ALL = "all"
    SUBTITLES = "subtitles"
    NONE = "none"


def sidecars_of(film: Path, wanted: Sidecars, cached: Collection[str] = ()) -> list[Path]:
    """The plain files that belong to a film, in order of their names. Raises OSError.

    Those named like it, and with ALL also those named like no film of the folder: they are shared. Hidden files and
    links are nobody's, except where the name is in `cached`: that of a sidecar on the fast disk.
    """
    if wanted is Sidecars.NONE:
        return []
    with os.scandir(film.parent) as entries:
        plain = {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
    names = {name for name in plain | set(cached) if not name.startswith(".")}
    films = {name for name in names if Path(name).suffix.lower() in FILM_SUFFIXES} | {film.name}
    stems = sorted({Path(name).stem for name in films}, key=len, reverse=True)
    found = []
    for name in sorted(names - films):
        owner = next((stem for stem in stems if name.startswith((f"{stem}.", f"{stem}-"))), None)
        if owner == film.stem or (owner is None and wanted is Sidecars.ALL):
            found.append(film.parent / name)
    if wanted is Sidecars.SUBTITLES:
        return [path for path in found if path.suffix.lower() in SUBTITLES]
    return found


def cache_with_sidecars(
    desk: Desk,
    spot: Spot,
    wanted: Sidecars,
    *,
    item_id: int | None = None,
    hard_links: bool = False,
    progress: Progress = unheard,
) -> Outcome:
    """Cache a film, then what travels along with it; `item_id` is the film's in the index.

    Returns the film's outcome. Raises what `cache_in` raises, for a sidecar also: the film is cached then.
    """
    done = cache_in(desk, spot, item_id=item_id, hard_links=hard_links, progress=progress)
    if done is not Outcome.CACHED:
        return done
    known = {path.name for path in desk.journal.cached_in(spot.path.parent)}
    for path in sidecars_of(spot.path, wanted, known):
        if path.name in known:
            desk.journal.hold(path, spot.path)
        else:
            cache_in(desk, _beside(spot, path), film=spot.path, hard_links=hard_links)
    return done


def move_back_with_sidecars(desk: Desk, film: Path, *, progress: Progress = unheard) -> Outcome:
    """Move a film back, then the sidecars that no other film on the fast disk needs.

    Returns the film's outcome. Raises what `move_back` raises.
    """
    beside = [path for path in desk.journal.held_by(film) if path != film]  # before its row goes
    done = move_back(desk, film, progress=progress)
    if done is Outcome.PLAYING and desk.journal.cached(film) is not None:
        return done
    for path in beside:
        if desk.journal.release(path, film):
            _back(desk, path)
    return done


def return_stranded(desk: Desk) -> list[Path]:
    """Move back the sidecars whose films are not on the fast disk any more; returns them. Raises as `move_back`."""
    stranded = desk.journal.stranded()
    return [path for path in stranded if _back(desk, path) is not Outcome.PLAYING]


def _back(desk: Desk, path: Path) -> Outcome:
    """What is played stays, and is stranded until later."""
    try:
        return move_back(desk, path)
    except NotFound:  # its outcome has been found meanwhile
        return Outcome.RESTING


def _beside(spot: Spot, path: Path) -> Spot:
    """The spot of a file in the film's folder."""
    fast = spot.fast.parent / path.name
    return replace(spot, path=path, fast=fast, link=str(Path(spot.link).parent / path.name))
