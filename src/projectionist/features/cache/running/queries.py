"""The rows of what was moved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from projectionist.features.cache.models import CopyRow, MoveRow, TierRow


def nodes(session: Session) -> Sequence[str]:
    """The nodes that have a fast tier."""
    return session.scalars(select(TierRow.node).distinct().order_by(TierRow.node)).all()


def move(session: Session, move_id: int) -> MoveRow | None:
    """One move."""
    return session.get(MoveRow, move_id)


def forget_moves(session: Session, before: datetime) -> None:
    """Take moves that ended before out of the history."""
    session.execute(delete(MoveRow).where(MoveRow.at < before))


def note_played(session: Session, paths: Collection[str], at: datetime) -> None:
    """A play of these files has ended."""
    session.execute(update(CopyRow).where(CopyRow.path.in_(paths)).values(played_at=at))
