"""An audit: every tier and every place looked through once, and all that is amiss told with its evidence."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from projectionist.errors import SourceChanged
from projectionist.features.cache.auditing.excluding import judge_excludes, read_excludes
from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.judging import Judge, Pair
from projectionist.features.cache.auditing.keeping import keep_findings
from projectionist.features.cache.auditing.surveying import FastSide, cannot_look, forgotten, size_of, survey
from projectionist.features.cache.mending.comparing import Likeness, compare
from projectionist.features.cache.mending.grounds import Care, Ground, grounds_of
from projectionist.features.cache.mending.known import Known, known
from projectionist.features.cache.mending.walking import folders
from projectionist.features.cache.models import Layout
from projectionist.features.cache.spots import is_mounted

Progress = Callable[[int, str], None]
"""Told how many files were looked at, and where; often. What it raises ends the audit."""

_FOLDERS_BETWEEN_REPORTS = 50


def unheard(_looked_at: int, _where: str) -> None:
    """For whoever does not follow an audit."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit found. `living` are files on the fast branches of unions that others put there: they stay."""

    findings: tuple[Finding, ...]
    looked_at: int
    living: int = 0


def audit(care: Care, *, excludes: Path | None = None, progress: Progress = unheard) -> Audited:
    """Look through the fast tiers and the slow folders of the places once, and keep what was found.

    `excludes` is the list of what the host's mover leaves alone, where one is used. What could not be looked at is a
    finding of its own, and nothing else is said of it. Raises DatabaseUnusable and what `progress` raises.
    """
    audit = _Audit(known(care.database, care.node), grounds_of(care.places), progress)
    findings = audit.run(excludes)
    later = known(care.database, care.node)
    steady = [one for one in findings if not audit.before.differs_at(later, str(one.path))]
    kept = keep_findings(care.database, care.node, steady, care.clock.now(), audit.is_certain)
    return Audited(tuple(kept), audit.looked_at, audit.living)


class _Audit:
    """One look through everything; `blind` are the roots that could not be looked at."""

    def __init__(self, before: Known, grounds: Sequence[Ground], progress: Progress) -> None:
        self.before, self.grounds = before, grounds
        self.blind: set[Path] = set()
        self.looked_at = self.living = 0
        self._progress = progress
        self._where = ""
        self._found: list[Finding] = []
        self._sides: dict[Path, FastSide] = {}
        self._judges: list[Judge] = []

    def run(self, excludes: Path | None) -> list[Finding]:
        """Everything that is amiss."""
        for root in sorted({one.fast_root for one in self.grounds}):
            self._where = str(root)
            self._survey(root)
        for root in sorted({one.slow_root for one in self.grounds}):
            self._where = str(root)
            self._judge(root)
        self._judge_pairs()
        self._judge_unknown()
        if excludes is not None:
            self._judge_excludes(excludes)
        return self._found

    def is_certain(self, path: Path) -> bool:
        """Whether all could be looked at on which it depends what is said about a path."""
        if path in self.blind:
            return False
        on = [
            one
            for one in self.grounds
            if any(path.is_relative_to(root) for root in (one.base, one.slow_root))
        ]
        if not on:  # a line of the list for the mover, or of a place that is no more
            return not any(root.is_file() for root in self.blind)
        return not any(root in self.blind for one in on for root in (one.fast_root, one.slow_root))

    def _check(self) -> None:
        self._progress(self.looked_at, self._where)

    def _survey(self, root: Path) -> None:
        side = survey(root, self.before, self._check)
        if isinstance(side, Finding):
            self._blind(root, side)
            return
        self._sides[root] = side
        self.looked_at += len(side.files)

    def _blind(self, root: Path, finding: Finding) -> None:
        self.blind.add(root)
        self._found.append(finding)

    def _judge(self, root: Path) -> None:
        """Look through a slow root; where any of it cannot be read, nothing is said of it."""
        if not is_mounted(root):
            self._blind(root, cannot_look(root, "it is not mounted."))
            return
        seen = [one for one in self.grounds if one.slow_root == root and one.fast_root in self._sides]
        judge = Judge(self.before, seen, self._sides, self.grounds)
        visited: set[str] = set()
        try:
            for number, folder in enumerate(folders(root, self._check)):
                visited.add(folder.path)
                judge.look(folder)
                if number % _FOLDERS_BETWEEN_REPORTS == 0:
                    self._check()
            for path, copies in self.before.copies.items():
                for copy in copies if path not in visited else ():
                    if copy.spot.slow_root == root:
                        judge.judge_copy(copy, None)
        except OSError as error:
            if error.errno == errno.ENOENT:
                error.strerror = "it went away meanwhile"
            self._blind(
                root, cannot_look(root, f"{error.filename or root} cannot be read ({error.strerror}).")
            )
            return
        self.looked_at += judge.looked_at
        self._judges.append(judge)
        self._found += judge.found

    def _judge_pairs(self) -> None:
        """Files that are whole at their path and on the fast disk too."""
        for judge in self._judges:
            for pair in judge.pairs:
                self._where = str(pair.path)
                if str(pair.path) not in self.before.moving:
                    self._judge_pair(pair)

    def _judge_pair(self, pair: Pair) -> None:
        try:
            size = os.lstat(pair.fast).st_size
            likeness, _ = compare(pair.path, pair.fast, self._check)
        except (OSError, SourceChanged):
            return  # it changes at this very moment; another audit tells
        evidence = {
            Likeness.SAME: f"{pair.path} is whole, and every byte of it is here once more.",
            Likeness.TORN: f"{pair.path} is whole, and this is a piece of a copy of it.",
            Likeness.OUTGROWN: f"{pair.path} is there too, and only a piece of this.",
            Likeness.OTHER: f"{pair.path} is there too, and holds something else.",
        }[likeness]
        if pair.ground.layout is Layout.UNION:
            evidence += " Players see this one."
        self._found.append(Finding(FindingKind.DUPLICATE, pair.fast, evidence, Repair.DROP, size))

    def _judge_unknown(self) -> None:
        """Fast files that nobody remembers, and our own hidden ones."""
        linked = {fast for judge in self._judges for fast in judge.linked}
        paired = {str(pair.fast) for judge in self._judges for pair in judge.pairs}
        mirrored = {fast for judge in self._judges for fast in judge.mirrored}
        for side in self._sides.values():
            mine = [one for one in self.grounds if one.fast_root == side.root]
            if any(one.slow_root in self.blind for one in mine):
                continue
            self._found += [forgotten(entry) for entry in side.forgotten]
            for entries in side.unknown.values():
                for entry in entries.values():
                    if entry.path not in linked and entry.path not in paired:
                        self._judge_stray(entry, mine, is_mirrored=entry.path in mirrored)

    def _judge_stray(self, entry: os.DirEntry[str], grounds: Sequence[Ground], *, is_mirrored: bool) -> None:
        within = [one for one in grounds if Path(entry.path).is_relative_to(one.base)]
        if any(one.layout is Layout.UNION for one in within):
            self.living += 1
            return
        if not is_mirrored:
            return  # no folder of a place is like its own: it is somebody else's
        evidence = (
            "Nobody remembers it, no link leads to it, and nothing is at the path it would be a copy of."
        )
        self._found.append(
            Finding(FindingKind.ORPHAN, Path(entry.path), evidence, Repair.REST, size_of([entry]))
        )

    def _judge_excludes(self, excludes: Path) -> None:
        try:
            lines = read_excludes(excludes)
        except OSError as error:
            self._blind(excludes, cannot_look(excludes, f"it cannot be read ({error.strerror})."))
            return
        self._found += judge_excludes(lines, self.before, self.grounds, self._sides)
