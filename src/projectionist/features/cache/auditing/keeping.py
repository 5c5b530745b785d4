"""Findings are kept until they are mended, or found no more by somebody who could look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.cache.auditing import queries
from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.models import FindingRow


def keep_findings(
    database: Database,
    node: str,
    findings: Sequence[Finding],
    now: datetime,
    is_certain: Callable[[Path], bool],
) -> list[Finding]:
    """Keep what an audit found, and forget what it found no more where `is_certain` of a path; returns the former.

    What a scrub found stays for as long as its copy is remembered. Raises DatabaseUnusable.
    """
    found = {(one.kind, str(one.path)): one for one in findings}
    with database.write() as session:
        scrubbed = queries.cached(session)
        gone = []
        for row in queries.findings(session, node):
            if row.kind == FindingKind.MISMATCH:
                keep = row.path in scrubbed
            else:
                keep = (FindingKind(row.kind), row.path) in found or not is_certain(Path(row.path))
            if not keep:
                gone.append(row.id)
        queries.forget_findings(session, gone)
        return [_keep(session, node, one, now) for one in found.values()]


def keep_finding(database: Database, node: str, finding: Finding, now: datetime) -> Finding:
    """Keep one finding. Raises DatabaseUnusable."""
    with database.write() as session:
        return _keep(session, node, finding, now)


def forget_finding(database: Database, finding: Finding) -> None:
    """A finding is mended. Raises DatabaseUnusable."""
    with database.write() as session:
        queries.forget_finding(session, finding.kind, str(finding.path))


def findings(database: Database, node: str) -> list[Finding]:
    """What was found on a node and is not mended, the first first. Raises DatabaseUnusable."""
    with database.read() as session:
        return [_finding(row) for row in queries.findings(session, node)]


def finding(database: Database, number: int) -> Finding:
    """One finding. Raises NotFound, and DatabaseUnusable."""
    with database.read() as session:
        row = queries.finding(session, number)
        if row is None:
            raise NotFound(f"There is no finding {number} any more; it was mended, or was found no more.")
        return _finding(row)


def _keep(session: Session, node: str, finding: Finding, now: datetime) -> Finding:
    row = queries.finding_at(session, finding.kind, str(finding.path))
    if row is None:
        row = FindingRow(kind=finding.kind, path=str(finding.path), node=node, at=now)
        session.add(row)
    row.node, row.evidence, row.repair, row.size = node, finding.evidence, finding.repair, finding.size
    session.flush()
    return replace(finding, id=row.id)


def _finding(row: FindingRow) -> Finding:
    return Finding(FindingKind(row.kind), Path(row.path), row.evidence, Repair(row.repair), row.size, row.id)
