"""Where others put what was cached: an *arr that renames a film moves our link, or the file on the fast branch."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from projectionist.features.cache.copying import digest_on_device
from projectionist.features.cache.models import Layout
from projectionist.features.cache.spots import Content, Spot, is_mounted, is_our_link, status

_BIN = re.compile(r"[.#@$].*|(recycl|trash|deleted).*", re.IGNORECASE)
"""Folders in which nobody looks for films: what is there was deleted."""


def find_renamed(spot: Spot, content: Content, listed: Collection[Path]) -> Spot | None:
    """The spot of a cached path that is not at its path any more but at another; None where it is nowhere.

    It is looked for in its folder, where its server lists it, and in all folders below the first one of its path (of
    the whole root where that is gone, too), but in no recycle bin. Raises OSError.
    """
    if spot.layout is Layout.SYMLINK:
        paths = (
            *_beside(spot.path.parent),
            *(path for path in listed if path.is_relative_to(spot.slow_root)),
        )
        found = next((path for path in paths if is_our_link(spot, path)), None) or next(
            (path for path in _around(spot.path.parent, spot.slow_root) if is_our_link(spot, path)), None
        )
        return None if found is None else replace(spot, path=found)
    if not is_mounted(spot.fast_root) or not content.digest:
        return None
    for fast in (*_beside(spot.fast.parent), *_around(spot.fast.parent, spot.fast_root)):
        path = spot.slow_root / fast.relative_to(spot.fast_root)
        if fast != spot.fast and _is_the_copy(fast, content) and status(path) is None:
            return replace(spot, path=path, fast=fast, link=str(Path(spot.link).parent / fast.name))
    return None


def _is_the_copy(fast: Path, content: Content) -> bool:
    found = status(fast)
    return found is not None and content.fits(found) and digest_on_device(fast) == content.digest


def _beside(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (folder / name for name in names if not name.startswith("."))


def _around(folder: Path, root: Path) -> Iterator[Path]:
    """Everything below the first folder of a path; nothing of a root that holds the files itself."""
    below = folder.relative_to(root).parts
    if not below:
        return
    top = root / below[0]
    for parent, folders, names in os.walk(top if top.is_dir() else root):
        folders[:] = sorted(one for one in folders if not _BIN.fullmatch(one))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))
