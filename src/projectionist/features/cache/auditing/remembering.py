"""Remembering again what a database lost: files at rest, and originals set aside for fast copies."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

from projectionist.features.cache.journal import Resting
from projectionist.features.cache.mending import moves
from projectionist.features.cache.mending.comparing import Check, Likeness, compare
from projectionist.features.cache.mending.grounds import Care, Ground
from projectionist.features.cache.mending.known import remembered
from projectionist.features.cache.models import Step
from projectionist.features.cache.settling import settle
from projectionist.features.cache.spots import (
    ASIDE,
    RESTING,
    Spot,
    Standing,
    look,
    name_mark,
    status,
)


def remember(care: Care, hidden: Path, check: Check) -> bool:
    """Remember a file at rest, or an original that is set aside; False where there is nothing to remember.

    An original whose path does not lead to its copy is settled: it gets its path back, or rests. Raises OSError as
    words, SwapRefused, DatabaseUnusable and what `check` raises.
    """
    found = status(hidden)
    if found is None:
        return False
    if rest := RESTING.fullmatch(hidden.name):
        grounds = moves.grounds_above(care, hidden) or moves.grounds_at(care, hidden)
        if not grounds:
            return False
        on_slow = hidden.is_relative_to(grounds[0].slow_root)
        root = grounds[0].slow_root if on_slow else grounds[0].fast_root
        name = _name(hidden, rest[1], grounds) or hidden.name
        care.desk.journal.adopt_rest(hidden.parent / name, Resting(hidden, root, "found", found.st_size))
        return True
    aside = ASIDE.fullmatch(hidden.name)
    grounds = moves.grounds_above(care, hidden)
    original = _name(hidden, aside[1], grounds) if aside else None
    if original is None or remembered(care.database, hidden.parent / original) is not None:
        return False
    _remember_copy(care, hidden.parent / original, grounds, check)
    return True


def _remember_copy(care: Care, path: Path, grounds: list[Ground], check: Check) -> None:
    spot = _spot(path, grounds)
    aside = moves.content_of_file(spot.aside)
    if look(spot) is not Standing.AWAY or not moves.is_plain(spot.fast):
        unproved = replace(aside, digest="", fast_ctime_ns=0)
        with moves.journalled(care.desk, spot, unproved, Step.SWAPPING) as move:
            settle(care.desk, move, forward=True)
        return
    before = spot.fast.stat()
    likeness, _ = compare(spot.aside, spot.fast, check)
    if likeness is Likeness.TORN:
        moves.put_back(care.desk, spot, spot.aside, aside, "damaged")
        return
    # A copy that holds something else was written to through its path: it is the newest, and goes back as such.
    unchanged = before.st_ctime_ns if likeness is Likeness.SAME else 0
    care.desk.journal.adopt(spot, replace(aside, fast_ctime_ns=unchanged))


def _spot(path: Path, grounds: list[Ground]) -> Spot:
    """Where the fast copy of a path is, by the link there, or on the first tier that has it."""
    here = status(path)
    text = str(path.readlink()) if here is not None and stat.S_ISLNK(here.st_mode) else None
    for ground in grounds:
        spot = ground.spot(path)
        if text is not None:
            fast = ground.led_to(str(path.parent), text)
            if fast is not None:
                return replace(spot, fast=Path(fast), link=text)
        elif status(spot.fast) is not None:
            return spot
    return grounds[0].spot(path)


def _name(hidden: Path, mark: str, grounds: list[Ground]) -> str | None:
    """The file in a folder, or in one that mirrors it, whose name has a mark. Raises OSError."""
    folders = {hidden.parent}
    for ground in grounds:
        if hidden.is_relative_to(ground.slow_root):
            folders.add(ground.base / hidden.parent.relative_to(ground.slow_root))
        elif hidden.is_relative_to(ground.base):
            folders.add(ground.mirrored(hidden).parent)
    for folder in sorted(folders):
        try:
            names = [entry.name for entry in folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            continue
        for name in names:
            if name_mark(name) == mark:
                return name
    return None
