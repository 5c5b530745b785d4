"""The list of what the host's mover leaves alone, held against what is on the fast disks of unions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.surveying import FastSide
from projectionist.features.cache.mending.grounds import Ground
from projectionist.features.cache.mending.known import Known
from projectionist.features.cache.models import Layout


def excluded_lines(file: Path) -> frozenset[str]:
    """The lines of the list, comments left out. Raises OSError."""
    lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return frozenset(line for line in lines if line.startswith("/"))


def judge_excludes(
    lines: Collection[str], known: Known, grounds: Sequence[Ground], sides: Mapping[Path, FastSide]
) -> list[Finding]:
    """Fast copies of unions that are not on the list, and lines below our folders whose files are gone."""
    unions = [one for one in grounds if one.layout is Layout.UNION and one.fast_root in sides]
    found = []
    for copies in known.copies.values():
        for copy in copies:
            spot = copy.spot
            ground = next((one for one in unions if spot.fast.is_relative_to(one.base)), None)
            if (
                ground is None
                or str(spot.path) in known.moving
                or str(spot.fast) not in sides[ground.fast_root].files
            ):
                continue
            host = ground.host_path(spot.fast)
            if host not in lines:
                evidence = f"{host} is not on the list of what the mover leaves alone: it may move it away."
                found.append(
                    Finding(FindingKind.UNPROTECTED, spot.fast, evidence, Repair.EXCLUDE, copy.content.size)
                )
    for line in lines:
        fast = next((fast for one in unions if (fast := one.led_to("/", line)) is not None), None)
        if fast is not None and not any(fast in side.files for side in sides.values()):
            evidence = "The list of what the mover leaves alone names it, but no such file is there."
            found.append(Finding(FindingKind.STALE, Path(line), evidence, Repair.EXCLUDE))
    return found
