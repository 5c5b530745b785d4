"""The list of what the host's mover leaves alone, held against what is on the fast disks of unions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.surveying import FastSide
from projectionist.features.cache.mending.grounds import Care, Ground, grounds_of
from projectionist.features.cache.mending.known import Copy, Known, known
from projectionist.features.cache.models import Layout
from projectionist.features.cache.tiers.mover import excluded, publish_exclusions


@dataclass(frozen=True, slots=True)
class Excludes:
    """The list: all of its lines, and those of them that we wrote."""

    lines: frozenset[str]
    ours: frozenset[str]

    def covers(self, host_path: str) -> bool:
        """Whether a line names a path of the host, or a folder it lies in."""
        path = Path(host_path)
        return any(str(one) in self.lines or f"{one}/" in self.lines for one in (path, *path.parents))


def read_excludes(file: Path) -> Excludes:
    """The list as it is; empty where there is none yet. Raises OSError."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        text = b""
    lines = frozenset(os.fsdecode(line.strip(b"\r")) for line in text.split(b"\n") if line.startswith(b"/"))
    return Excludes(lines, excluded(file))


def publishing(care: Care, file: Path) -> Care:
    """The same care, whose repairs write the list anew."""

    def publish() -> None:
        unions = [one for one in grounds_of(care.places) if one.layout is Layout.UNION]
        copies = [copy for found in known(care.database, care.node).copies.values() for copy in found]
        publish_exclusions(file, [host for copy in copies if (host := _host_path(copy, unions)) is not None])

    return replace(care, publish=publish)


def judge_excludes(
    excludes: Excludes, known: Known, grounds: Sequence[Ground], sides: Mapping[Path, FastSide]
) -> list[Finding]:
    """Fast copies of unions that the list does not cover, and lines of ours whose files are gone."""
    unions = [one for one in grounds if one.layout is Layout.UNION and one.fast_root in sides]
    found = []
    for copies in known.copies.values():
        for copy in copies:
            host = _host_path(copy, unions)
            if host is None or str(copy.spot.path) in known.moving or excludes.covers(host):
                continue
            if str(copy.spot.fast) in sides[copy.spot.fast_root].files:
                evidence = f"{host} is not on the list of what the mover leaves alone: it may move it away."
                found.append(
                    Finding(
                        FindingKind.UNPROTECTED, copy.spot.fast, evidence, Repair.EXCLUDE, copy.content.size
                    )
                )
    for line in sorted(excludes.ours):
        fast = next((fast for one in unions if (fast := one.led_to("/", line)) is not None), None)
        if fast is not None and not any(fast in side.files for side in sides.values()):
            evidence = "The list of what the mover leaves alone names it, but no such file is there."
            found.append(Finding(FindingKind.STALE, Path(line), evidence, Repair.EXCLUDE))
    return found


def _host_path(copy: Copy, unions: Sequence[Ground]) -> str | None:
    """Where the host sees the fast copy of a union; None where it is none."""
    fast = copy.spot.fast
    ground = next((one for one in unions if fast.is_relative_to(one.base)), None)
    return None if ground is None else ground.host_path(fast)
