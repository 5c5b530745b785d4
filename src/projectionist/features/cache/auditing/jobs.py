"""The jobs that look after the cache: audits, with or without repairs, single repairs, scrubs, and moving in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from projectionist.errors import DatabaseUnusable, JobCancelled, ProjectionistError
from projectionist.features.cache.adopting.jobs import ADOPT, run_adopt
from projectionist.features.cache.auditing import queries
from projectionist.features.cache.auditing.audit import Audited, audit
from projectionist.features.cache.auditing.excluding import publishing
from projectionist.features.cache.auditing.findings import Finding, FindingKind
from projectionist.features.cache.auditing.keeping import finding as finding_of
from projectionist.features.cache.auditing.repairing import Mended, repair
from projectionist.features.cache.auditing.scrubbing import scrub
from projectionist.features.cache.mending.grounds import Care
from projectionist.features.cache.mending.taking_back import Where, take_back
from projectionist.features.cache.tiers.places import Places
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import (
    Arguments,
    JobKind,
    JobRun,
    Jobs,
    Order,
    Ordered,
    Priority,
    QueueSpec,
    Schedule,
)

Work = Callable[[JobRun, Arguments], Mapping[str, Any] | None]

AUDIT = "cache.audit"
SCRUB = "cache.scrub"
MEND = "cache.mend"
TAKE_BACK = "cache.take_back"
QUEUE = QueueSpec("cache-care", "Looking after the cache", 1, rest_s=3.0)
"""Its own, so that what reads for hours keeps no copy waiting."""

_NIGHTLY = {"older_than_days": 30, "rate": 100 << 20}
SCHEDULES = (Schedule("Scrub fast copies", SCRUB, _NIGHTLY, "20 4 * * *", "UTC"),)
"""What is followed until somebody changes it: each copy is read about once a month, 100 MB a second at most. An
audit wakes slow disks, so nobody asks for one but people."""


def care_of(place: Workplace) -> Care:
    """What looking after the cache works with, out of all that the cache has on this node."""
    places = Places(place.database, place.node)
    return Care(place.database, place.desk, places, place.node, place.clock, tell=place.publish)


def kinds(place: Workplace, jobs: Jobs) -> Sequence[JobKind]:
    """The kinds of job, for the job engine; what names no node is asked for on each that has fast tiers."""

    def accepts(arguments: Arguments) -> bool:
        return arguments.get("node") in (None, "", place.node)

    return (
        JobKind(
            AUDIT,
            QUEUE.name,
            lambda _: "Audit the cache",
            _on_each(place, jobs, AUDIT, run_audit),
            accepts=accepts,
            label="Audit the cache",
        ),
        JobKind(
            SCRUB,
            QUEUE.name,
            lambda _: "Scrub fast copies",
            _on_each(place, jobs, SCRUB, run_scrub),
            accepts=accepts,
            label="Scrub fast copies",
        ),
        JobKind(
            MEND,
            QUEUE.name,
            lambda arguments: f"Mend {arguments.get('name', 'what an audit found')}",
            lambda run, arguments: run_mend(care_of(place), run, _with_own_list(place, arguments)),
            attempts=1,
            accepts=accepts,
            label="Mend what an audit found",
        ),
        JobKind(
            TAKE_BACK,
            QUEUE.name,
            lambda arguments: f"Take back {arguments.get('name', 'a file at rest')}",
            lambda run, arguments: run_take_back(care_of(place), run, arguments),
            attempts=1,
            accepts=accepts,
            label="Take back a file at rest",
        ),
        JobKind(
            ADOPT,
            QUEUE.name,
            lambda arguments: f"Move in from {arguments.get('folder', 'another program')}",
            lambda run, arguments: run_adopt(care_of(place), run, arguments),
            attempts=1,
            accepts=accepts,
            label="Move in from another program",
        ),
    )


def _on_each(
    place: Workplace, jobs: Jobs, kind: str, work: Callable[[Care, JobRun, Arguments], Mapping[str, Any]]
) -> Work:
    def run(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        if arguments.get("node"):
            return work(care_of(place), run, _with_own_list(place, arguments))
        with place.database.read() as session:
            nodes = queries.nodes(session)
        for node in nodes:
            jobs.order(Order(kind, {**arguments, "node": node}, f"{node} {kind}", Priority.LOW))
        return {"nodes": list(nodes)}

    return run


def _with_own_list(place: Workplace, arguments: Arguments) -> Arguments:
    """With the list of the mover that this node was set up with, whichever file the order names."""
    listed = place.exclusions is not None and bool(arguments.get("excludes"))
    return {**arguments, "excludes": str(place.exclusions.file) if place.exclusions and listed else ""}


def order_mending(
    jobs: Jobs, finding: Finding, node: str, asked_by: str, excludes: Path | None = None
) -> Ordered:
    """Ask for a finding to be mended, on the node that found it."""
    arguments = {
        "finding": finding.id,
        "name": finding.path.name,
        "node": node,
        "excludes": str(excludes or ""),
        "asked_by": asked_by,
    }
    order = Order(MEND, arguments, f"finding {finding.id}", Priority.HIGH, asked_by=asked_by)
    return jobs.order(order)


def order_taking_back(
    jobs: Jobs, rest_id: int, name: str, node: str, asked_by: str, where: Where, undoes: int | None = None
) -> Ordered:
    """Ask for a file at rest to have a name again, on a node that sees it."""
    arguments = {
        "rest": rest_id,
        "name": name,
        "node": node,
        "where": where.value,
        "asked_by": asked_by,
        "undoes": undoes,
    }
    return jobs.order(Order(TAKE_BACK, arguments, f"rest {rest_id}", Priority.HIGH, asked_by=asked_by))


def run_take_back(care: Care, run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
    """Give one file at rest a name again. Raises what `take_back` raises."""
    path = take_back(
        _asked_by(care, arguments),
        int(arguments["rest"]),
        run.check,
        where=Where(arguments.get("where", Where.PATH)),
        undoes=arguments.get("undoes"),
    )
    return {"path": str(path)}


def _asked_by(care: Care, arguments: Arguments) -> Care:
    return replace(care, asked_by=str(arguments.get("asked_by") or ""))


def run_mend(care: Care, run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
    """Mend one finding. Raises NotFound, JobCancelled, and what its repair raises."""
    found = finding_of(care.database, int(arguments["finding"]))
    run.log(f"{found.path}: {found.evidence} {found.deed}")
    return {"outcome": repair(_publishing(care, arguments), found, run.check)}


def _publishing(care: Care, arguments: Arguments) -> Care:
    care = _asked_by(care, arguments)
    return publishing(care, Path(arguments["excludes"])) if arguments.get("excludes") else care


def run_audit(care: Care, run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
    """Audit, and with `repair` among the arguments mend all that can be; `excludes` is the mover's list.

    Raises DatabaseUnusable and JobCancelled.
    """

    def look(looked_at: int, where: str) -> None:
        run.progress(looked_at, unit="files", now=where)

    care = _publishing(care, arguments)
    excludes = Path(arguments["excludes"]) if arguments.get("excludes") else None
    audited = audit(care, excludes=excludes, progress=look)
    mended = mend_all(care, run, audited) if arguments.get("repair") else {}
    return {
        "looked_at": audited.looked_at,
        "found": counted(audited),
        "living": audited.living,
        **({"mended": mended} if arguments.get("repair") else {}),
    }


def mend_all(care: Care, run: JobRun, audited: Audited) -> Mapping[str, int]:
    """Mend one after the other what may be mended with others; what fails is told in the log and stays on the list.

    Returns how many ended how. Raises DatabaseUnusable and JobCancelled.
    """
    ended: dict[str, int] = {}
    wanted = [one for one in audited.findings if one.repair.may_be_one_of_many]
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
