"""What lies on the fast disks: every file there, and which of them nobody remembers."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.mending.known import Known
from projectionist.features.cache.mending.walking import Check, folders
from projectionist.features.cache.spots import RESTING, TEMPORARY, is_mounted

HIDDEN = ".projectionist-"
"""How the names of our own hidden files begin."""


@dataclass(slots=True)
class FastSide:
    """One fast tier as it was seen: `unknown` by folder, `forgotten` are our own hidden files nobody remembers."""

    root: Path
    files: set[str] = field(default_factory=set)
    unknown: dict[str, dict[str, os.DirEntry[str]]] = field(default_factory=lambda: defaultdict(dict))
    forgotten: list[os.DirEntry[str]] = field(default_factory=list)

    def names_in(self, folder: str) -> set[str]:
        """The files of one of its folders, by the names of those nobody remembers."""
        return set(self.unknown.get(folder, ()))


def cannot_look(root: Path, reason: str) -> Finding:
    """That nobody could look, so that nothing is said of what lies there."""
    return Finding(
        FindingKind.UNSEEN,
        root,
        f"Could not look below {root}: {reason} Nothing is said about what lies there, and what was found before stays "
        "on this list.",
    )


def survey(root: Path, known: Known, check: Check) -> FastSide | Finding:
    """Look through a fast tier; a finding that nobody could where it is not mounted or a folder cannot be read.

    Raises what `check` raises.
    """
    if not is_mounted(root):
        return cannot_look(root, "it is not mounted.")
    side = FastSide(root)
    try:
        for folder in folders(root, check):
            for name, entry in folder.files.items():
                _sort_in(side, folder.path, name, entry, known)
    except OSError as error:
        return cannot_look(root, f"{error.filename or root} cannot be read ({error.strerror}).")
    return side


def _sort_in(side: FastSide, folder: str, name: str, entry: os.DirEntry[str], known: Known) -> None:
    if name.startswith(HIDDEN):
        if is_forgotten(entry.path, name, known):
            side.forgotten.append(entry)
        return
    side.files.add(entry.path)
    if entry.path not in known.fast and entry.path not in known.resting and not name.startswith("."):
        side.unknown[folder][name] = entry


def is_forgotten(path: str, name: str, known: Known) -> bool:
    """Whether a hidden file of ours is one that rests or is in the making, and nobody remembers it."""
    if RESTING.fullmatch(name):
        return path not in known.resting
    temporary = TEMPORARY.fullmatch(name)
    return temporary is not None and temporary[1] not in known.tokens


def forgotten(entry: os.DirEntry[str]) -> Finding:
    """A hidden file of ours that rests, or was in the making, and that nobody remembers. Raises OSError."""
    path, size = Path(entry.path), size_of([entry])
    if RESTING.fullmatch(entry.name):
        evidence = "It was put to rest, but nobody remembers until when."
        return Finding(FindingKind.ORPHAN, path, evidence, Repair.REMEMBER, size)
    return Finding(FindingKind.ORPHAN, path, "A move that nobody remembers was making it.", Repair.REST, size)


def size_of(entries: Iterable[os.DirEntry[str]]) -> int:
    """The bytes of files; those that vanished meanwhile count nothing. Raises OSError."""
    total = 0
    for entry in entries:
        try:
            total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return total
