"""The rows that repairs look at before they move anything."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from projectionist.features.cache.models import CopyRow, JournalRow, RestRow


def copies(session: Session) -> Sequence[CopyRow]:
    """Every file on the fast disks of all nodes."""
    return session.scalars(select(CopyRow)).all()


def copy_at(session: Session, path: str) -> CopyRow | None:
    """What is known of the fast copy of a path."""
    return session.scalars(select(CopyRow).where(CopyRow.path == path)).first()


def moving(session: Session) -> Sequence[JournalRow]:
    """Every move under way, of whatever node."""
    return session.scalars(select(JournalRow)).all()


def resting(session: Session) -> set[str]:
    """The names under which files rest."""
    return set(session.scalars(select(RestRow.resting)))
