"""The work of the job that moves in from other caching programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from projectionist.features.cache.adopting.moving_in import adopt, look_over
from projectionist.features.cache.adopting.rivals import find_rivals
from projectionist.features.cache.adopting.taking_over import Taken, TakenOver
from projectionist.features.cache.mending.grounds import Care
from projectionist.jobs.ports import Arguments, JobRun
from projectionist.kit.confining import check_root

ADOPT = "cache.adopt"
MOST_ROWS = 500
"""So many files are told one by one in the result; of all others the log tells."""


def run_adopt(care: Care, run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
    """Move in with what the program of `folder` cached; with `dry` only tell in the log what would become of it.

    Raises InputWrong, NotFound, TableWrong, DatabaseUnusable and JobCancelled.
    """
    care = replace(care, asked_by=str(arguments.get("asked_by") or ""))
    folder = Path(arguments["folder"])
    check_root(folder, "folder")
    adoptable = look_over(care, find_rivals(folder), run.check)
    ended: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []

    def tell(one: TakenOver) -> None:
        ended[one.taken] += 1
        if len(rows) < MOST_ROWS:
            path = str(one.path or one.backup)
            rows.append({"path": path, "outcome": one.taken.value, "why": one.why, "size": one.size})
        level = "warning" if one.taken is Taken.FAILED else "info"
        run.log(f"{one.path or one.backup}: {one.taken.replace('_', ' ')}. {one.why}", level)

    for one in adoptable.files:
        if arguments.get("dry") or one.taken is Taken.LEFT_ALONE:
            tell(one)
    if not arguments.get("dry"):
        for one in adopt(care, adoptable, lambda done, total, now: run.progress(done, total, now=now)):
            tell(one)
    return {
        "rivals": [one.name for one in adoptable.rivals],
        "files": dict(ended),
        "dry": bool(arguments.get("dry")),
        "rows": rows,
    }
