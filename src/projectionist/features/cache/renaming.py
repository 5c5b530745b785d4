"""Where others put what was cached: an *arr that renames a film moves our link, or the file on the fast branch."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from projectionist.features.cache.copying import digest_on_device
from projectionist.features.cache.models import Layout
from projectionist.features.cache.spots import Content, Spot, is_mounted, is_our_link, status

_BIN = re.compile(r"[.#@$].*|(recycl|trash|deleted).*", re.IGNORECASE)
"""Folders in which nobody looks for films: what is there was deleted."""


def find_renamed(spot: Spot, content: Content, listed: Collection[Path], *, far: bool) -> Spot | None:
    """The spot of a cached path that is not at its path any more but at another; None where it is nowhere.

    It is looked for in its folder and where its server lists it, and where `far` also by all names below its root, but
    in no recycle bin: a fast copy that went while something leads to it would be a film gone. Raises OSError.
    """
    if spot.layout is Layout.SYMLINK:
        near = (*_beside(spot.path.parent), *(path for path in listed if path.is_relative_to(spot.slow_root)))
        paths = chain(near, _below(spot.slow_root) if far else ())
        found = next((path for path in paths if is_our_link(spot, path)), None)
        return None if found is None else replace(spot, path=found)
    if not is_mounted(spot.fast_root) or not content.digest:
        return None
    for fast in chain(_beside(spot.fast.parent), _below(spot.fast_root) if far else ()):
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


def _below(root: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not _BIN.fullmatch(one))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))
