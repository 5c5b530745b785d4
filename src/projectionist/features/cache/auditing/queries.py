"""The rows of audits and scrubs: found and stored here, decided elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from projectionist.features.cache.models import CopyRow, FindingRow, ScrubRow, TierRow

_OF_OLD = ""
"""The node of copies from before nodes were told apart."""


def cached(session: Session) -> set[str]:
    """Every path on the fast disks of all nodes."""
    return set(session.scalars(select(CopyRow.path)))


def nodes(session: Session) -> Sequence[str]:
    """The nodes that have fast tiers."""
    return session.scalars(select(TierRow.node).distinct().order_by(TierRow.node)).all()


def findings(session: Session, node: str) -> Sequence[FindingRow]:
    """What was found on a node and is not mended, the first first."""
    return session.scalars(select(FindingRow).where(FindingRow.node == node).order_by(FindingRow.id)).all()


def finding(session: Session, number: int) -> FindingRow | None:
    """One finding."""
    return session.get(FindingRow, number)


def finding_at(session: Session, kind: str, path: str) -> FindingRow | None:
    """The finding of a kind at a path."""
    return session.scalars(select(FindingRow).where(FindingRow.kind == kind, FindingRow.path == path)).first()


def forget_findings(session: Session, numbers: Collection[int]) -> None:
    """Findings that are found no more."""
    for number in numbers:
        session.execute(delete(FindingRow).where(FindingRow.id == number))


def forget_finding(session: Session, kind: str, path: str) -> None:
    """A finding that is mended."""
    session.execute(delete(FindingRow).where(FindingRow.kind == kind, FindingRow.path == path))


def scrub_order(session: Session, node: str) -> Sequence[tuple[CopyRow, datetime | None]]:
    """Every fast copy of a node with when it was last scrubbed: the never scrubbed first, then the longest ago."""
    found = session.execute(
        select(CopyRow, ScrubRow.at)
        .outerjoin(ScrubRow, ScrubRow.path == CopyRow.path)
        .where(CopyRow.node.in_((node, _OF_OLD)))
        .order_by(ScrubRow.at.is_not(None), ScrubRow.at, CopyRow.id)
    )
    return [(row, at) for row, at in found]


def note_scrub(session: Session, path: str, at: datetime) -> None:
    """A fast copy was read and is what it shall be."""
    session.merge(ScrubRow(path=path, at=at))


def forget_stale_scrubs(session: Session) -> None:
    """Forget when copies were scrubbed that are there no more."""
    known = select(CopyRow.id).where(CopyRow.path == ScrubRow.path).exists()
    session.execute(delete(ScrubRow).where(~known))
