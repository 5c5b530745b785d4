"""What is amiss in one folder of a slow disk: names are looked up, and files asked only where something is odd."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from projectionist.features.cache.adopting.backups import is_backup, original_among, originals_of
from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.surveying import HIDDEN, FastSide, forgotten, is_forgotten, size_of
from projectionist.features.cache.mending.grounds import Ground
from projectionist.features.cache.mending.known import Copy, Known
from projectionist.features.cache.mending.walking import Folder
from projectionist.features.cache.models import Layout
from projectionist.features.cache.spots import ASIDE, Standing, name_mark, status


@dataclass(frozen=True, slots=True)
class Pair:
    """A whole file at a path, and a fast file that would be its copy."""

    ground: Ground
    path: Path
    fast: Path


@dataclass(slots=True)
class Judge:
    """Looks at the folders of one slow root; `grounds` are that root on the tiers that could be looked at."""

    known: Known
    grounds: Sequence[Ground]
    sides: Mapping[Path, FastSide]
    every_ground: Sequence[Ground]
    found: list[Finding] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    linked: set[str] = field(default_factory=set)
    """Fast files that links lead to."""
    mirrored: set[str] = field(default_factory=set)
    """Fast files whose folder the slow disk has too, and nothing of their name in it."""
    looked_at: int = 0

    def look(self, folder: Folder) -> None:
        """Judge one folder. Raises OSError."""
        self.looked_at += len(folder.files) + len(folder.links)
        copies = self.known.copies.get(folder.path, ())
        backed = self._judge_backups(folder, {copy.spot.path.name for copy in copies})
        for copy in copies:
            self.judge_copy(copy, folder, covered=copy.spot.path.name in backed)
        kept = {copy.spot.path.name for copy in copies} | {copy.spot.aside.name for copy in copies}
        self._judge_hidden(folder, kept)
        for name in folder.links:
            if name not in kept and not name.startswith(HIDDEN):
                self._judge_link(folder, name, covered=name in backed or _aside(name) in folder.files)
        for ground in self.grounds:
            self._meet(folder, ground, kept)

    def judge_copy(self, copy: Copy, folder: Folder | None, *, covered: bool = False) -> None:
        """Whether what is remembered of a path is so; without a folder it is gone with all that was in it.

        `covered` is a path whose original another program set aside. Raises OSError.
        """
        spot = copy.spot
        if spot.fast_root not in self.sides or str(spot.path) in self.known.moving:
            return
        fast = self.has(spot.fast)
        standing = Standing.NOTHING if folder is None else _standing(copy, folder, fast=fast)
        if standing is Standing.AWAY and fast and folder is not None:
            self._judge_original(copy, folder)
        elif standing is Standing.BARE:
            if not covered:
                self._add(*_bare(copy, fast=fast))
        elif standing is Standing.HOME and fast:
            ground = next((one for one in self.grounds if one.fast_root == spot.fast_root), None)
            if ground is not None:
                self.pairs.append(Pair(ground, spot.path, spot.fast))
        else:
            self._add(FindingKind.STALE, spot.path, _STALE[standing], Repair.SETTLE, copy.content.size)

    def _judge_original(self, copy: Copy, folder: Folder) -> None:
        if not copy.content.fits(folder.files[copy.spot.aside.name].stat(follow_symlinks=False)):
            evidence = "What is set aside for it is not its original any more: the fast copy is all there is."
            self._add(FindingKind.UNPROTECTED, copy.spot.path, evidence, Repair.BRING_HOME, copy.content.size)

    def has(self, fast: Path) -> bool:
        """Whether a fast file is there. Raises OSError."""
        return any(str(fast) in side.files for side in self.sides.values()) or status(fast) is not None

    def _judge_hidden(self, folder: Folder, kept: Iterable[str]) -> None:
        kept = set(kept)
        for name, entry in _hidden(folder):
            if entry.path in self.known.moving:
                continue
            if ASIDE.fullmatch(name) and name not in kept:
                self._judge_aside(folder, name, entry)
            elif is_forgotten(entry.path, name, self.known):
                self.found.append(forgotten(entry))

    def _judge_aside(self, folder: Folder, name: str, entry: os.DirEntry[str]) -> None:
        mark, names = name[len(HIDDEN) : -len(".aside")], {*folder.files, *folder.links}
        for ground in self.grounds:
            names |= self.sides[ground.fast_root].names_in(_mirror(ground, folder.path))
        stands_for = next((one for one in names if name_mark(one) == mark), None)
        evidence = (
            f"It is the original of {stands_for}, set aside for a fast copy that nobody remembers."
            if stands_for is not None
            else "It is an original that was set aside; its path and its fast copy are gone, so nobody can tell its "
            "name."
        )
        repair = Repair.NONE if stands_for is None else Repair.REMEMBER
        self._add(FindingKind.ORPHAN, Path(entry.path), evidence, repair, size_of([entry]))

    def _judge_backups(self, folder: Folder, cached: set[str]) -> set[str]:
        """The names that backups of other programs stand for; each backup is a finding."""
        backed: set[str] = set()
        for name, entry in folder.files.items():
            if not is_backup(name):
                continue
            beside = {*folder.files, *folder.links, *cached} - {name}
            for ground in self.grounds:
                beside |= self.sides[ground.fast_root].names_in(_mirror(ground, folder.path))
            stands_for = original_among(name, beside)
            backed.add(stands_for or originals_of(name)[0])
            self._add(
                FindingKind.FOREIGN,
                Path(entry.path),
                _backup_evidence(folder, name, stands_for),
                Repair.TAKE_OVER,
                size_of([entry]),
            )
        return backed

    def _judge_link(self, folder: Folder, name: str, *, covered: bool) -> None:
        path = Path(folder.path) / name
        text = str(path.readlink())
        ground, fast = _destination(self.every_ground, folder.path, text)
        if ground is None or fast is None or str(path) in self.known.moving:
            return
        self.linked.add(fast)
        if ground.fast_root not in self.sides or covered:
            return
        found = status(Path(fast))
        if found is None:
            evidence = f"It is a link to {fast}, which is not there, and no original of it is set aside here."
            self._add(FindingKind.BROKEN, path, evidence, Repair.NONE, 0)
        elif fast not in self.known.fast:
            evidence = (
                f"It is a link to {fast}, which nobody remembers, and no original is set aside: that is all."
            )
            self._add(FindingKind.UNPROTECTED, path, evidence, Repair.BRING_HOME, found.st_size)

    def _meet(self, folder: Folder, ground: Ground, kept: Iterable[str]) -> None:
        """What the slow disk has under the names of fast files that nobody remembers."""
        unknown = self.sides[ground.fast_root].unknown.get(_mirror(ground, folder.path))
        if not unknown:
            return
        for name, entry in unknown.items():
            if name in folder.files:
                self.pairs.append(Pair(ground, Path(folder.path) / name, Path(entry.path)))
            elif name not in folder.links and name not in kept:
                self.mirrored.add(entry.path)
            elif name in folder.links and _leads_to(Path(folder.path) / name, entry.path):
                self.linked.add(entry.path)
            if ground.layout is Layout.UNION and _aside(name) in folder.files:
                self.linked.add(entry.path)

    def _add(self, kind: FindingKind, path: Path, evidence: str, repair: Repair, size: int) -> None:
        self.found.append(Finding(kind, path, evidence, repair, size))


_STALE = {
    Standing.AWAY: "Its fast copy is not there any more; the original is set aside.",
    Standing.HOME: "A file is at the path again, and its fast copy is not there any more.",
    Standing.SETTLING: "A move of it was cut short.",
    Standing.REPLACED: "Something else is at the path; the original is set aside still.",
    Standing.GONE: "Nothing is at the path any more; the original is set aside still.",
    Standing.NOTHING: "Neither the path nor an original is there any more.",
}


def _standing(copy: Copy, folder: Folder, *, fast: bool) -> Standing:
    """As `look` tells it, from the folder's names."""
    spot = copy.spot
    name, aside = spot.path.name, folder.files.get(spot.aside.name)
    is_link, is_file = name in folder.links, name in folder.files
    if spot.aside.name in folder.links:
        return Standing.SETTLING
    ours = spot.layout is Layout.SYMLINK and is_link and spot.path.readlink() == Path(spot.link)
    if aside is None:
        served = ours or (spot.layout is Layout.UNION and fast and not (is_link or is_file))
        return Standing.BARE if served else Standing.HOME if is_link or is_file else Standing.NOTHING
    if ours:
        return Standing.AWAY
    if not (is_link or is_file):
        return Standing.AWAY if spot.layout is Layout.UNION and fast else Standing.GONE
    return Standing.SETTLING if is_file and aside.inode() == folder.files[name].inode() else Standing.REPLACED


def _bare(copy: Copy, *, fast: bool) -> tuple[FindingKind, Path, str, Repair, int]:
    path, size = copy.spot.path, copy.content.size
    if fast:
        evidence = "Its original is not set aside any more: the fast copy is all there is."
        return FindingKind.UNPROTECTED, path, evidence, Repair.BRING_HOME, size
    evidence = "It is our link, but neither its fast copy nor its original is there any more."
    return FindingKind.BROKEN, path, evidence, Repair.FORGET, size


def _hidden(folder: Folder) -> Iterable[tuple[str, os.DirEntry[str]]]:
    for entries in (folder.files, folder.links):
        for name, entry in entries.items():
            if name.startswith(HIDDEN):
                yield name, entry


def _aside(name: str) -> str:
    return f"{HIDDEN}{name_mark(name)}.aside"


def _mirror(ground: Ground, folder: str) -> str:
    return f"{ground.base}{folder[len(str(ground.slow_root)) :]}"


def _destination(grounds: Sequence[Ground], folder: str, text: str) -> tuple[Ground, str] | tuple[None, None]:
    for ground in grounds:
        fast = ground.led_to(folder, text)
        if fast is not None:
            return ground, fast
    return None, None


def _leads_to(link: Path, fast: str) -> bool:
    """Whether a link that names its destination otherwise leads to a file all the same. Raises OSError."""
    try:
        return os.path.samestat(link.stat(), os.stat(fast))
    except FileNotFoundError:
        return False


def _backup_evidence(folder: Folder, name: str, stands_for: str | None) -> str:
    maker = "Cacherr" if name.startswith(".") else "PlexCache-D"
    if stands_for is None:
        shown = originals_of(name)[0]
        return f"{maker} set it aside for {shown}; nothing of that name is there any more, and no fast copy."
    if stands_for in folder.links:
        return f"{maker} set it aside; {stands_for} is a link now."
    if stands_for in folder.files:
        return f"{maker} set it aside; a file is at {stands_for} again."
    return f"{maker} set it aside; players see the fast copy of {stands_for}."
