"""The work of the jobs that look after the cache: audits, with or without repairs, and scrubs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from projectionist.errors import DatabaseUnusable, JobCancelled, ProjectionistError
from projectionist.features.cache.auditing.audit import Audited, audit
from projectionist.features.cache.auditing.findings import Finding, FindingKind
from projectionist.features.cache.auditing.grounds import Care
from projectionist.features.cache.auditing.repairing import Mended, repair
from projectionist.features.cache.auditing.scrubbing import scrub
from projectionist.jobs.ports import Arguments, JobRun

AUDIT = "cache.audit"
SCRUB = "cache.scrub"


def run_audit(
    care: Care, run: JobRun, arguments: Arguments, excludes: Path | None = None
) -> Mapping[str, Any]:
    """Audit, and with `repair` among the arguments mend all that can be.

    Raises DatabaseUnusable and JobCancelled.
    """

    def look(looked_at: int, where: str) -> None:
        run.progress(looked_at, unit="files", now=where)

    audited = audit(care, excludes=excludes, progress=look)
    mended = mend_all(care, run, audited) if arguments.get("repair") else {}
    return {
        "looked_at": audited.looked_at,
        "found": counted(audited),
        "living": audited.living,
        **({"mended": mended} if arguments.get("repair") else {}),
    }


def mend_all(care: Care, run: JobRun, audited: Audited) -> Mapping[str, int]:
    """Mend one after the other what has a repair; what fails is told in the job's log and stays on the list.

    Returns how many ended how. Raises DatabaseUnusable and JobCancelled.
    """
    ended: dict[str, int] = {}
    wanted = [one for one in audited.findings if one.repair]
    for done, one in enumerate(wanted):
        run.progress(done, len(wanted), unit="repairs", now=str(one.path))
        outcome = _mended(care, run, one)
        ended[outcome] = ended.get(outcome, 0) + 1
    return ended


def run_scrub(care: Care, run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
    """Read the fast copies that are due. Raises DatabaseUnusable and JobCancelled."""

    def tell(done: int, total: int, now: str) -> None:
        run.progress(done, total, unit="bytes", now=now)

    rate, days = arguments.get("rate"), arguments.get("older_than_days", 0)
    done = scrub(care, rate=rate, older_than=timedelta(days=days), progress=tell)
    for one in done.findings:
        run.log(f"{one.path}: {one.evidence}", "warning")
    return {
        "whole": done.whole,
        "changed": done.changed,
        "away": done.away,
        "bytes_read": done.bytes_read,
        "mismatched": len(done.findings),
    }


def counted(audited: Audited) -> Mapping[str, int]:
    """How many findings there are of each kind."""
    kinds = [one.kind for one in audited.findings]
    return {kind.value: kinds.count(kind) for kind in FindingKind if kind in kinds}


def _mended(care: Care, run: JobRun, finding: Finding) -> str:
    try:
        outcome = repair(care, finding, run.check)
    except (DatabaseUnusable, JobCancelled):
        raise
    except ProjectionistError as error:
        run.log(error.message, "warning")
        return "failed"
    if outcome is Mended.LEFT:
        run.log(f"{finding.path} stays as it is: {finding.evidence}", "info")
    return outcome
