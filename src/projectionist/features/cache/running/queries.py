"""The rows of what was moved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from projectionist.features.cache.models import CopyRow, MoveRow, TierRow


def nodes(session: Session) -> Sequence[str]:
    """The nodes that have a fast tier."""
    return session.scalars(select(TierRow.node).distinct().order_by(TierRow.node)).all()


def move(session: Session, move_id: int) -> MoveRow | None:
    """One move."""
    return session.get(MoveRow, move_id)


def moves(session: Session, text: str, offset: int, size: int) -> tuple[Sequence[MoveRow], int]:
    """A page of moves, the newest first, of paths and titles that hold a text; and how many there are."""
    found = select(MoveRow)
    count = select(func.count()).select_from(MoveRow)
    if text:
        holds = MoveRow.path.contains(text, autoescape=True) | MoveRow.title.contains(text, autoescape=True)
        found, count = found.where(holds), count.where(holds)
    rows = session.scalars(found.order_by(MoveRow.id.desc()).offset(offset).limit(size)).all()
    return rows, session.scalar(count) or 0


def forget_moves(session: Session, before: datetime) -> None:
    """Take moves that ended before out of the history."""
    session.execute(delete(MoveRow).where(MoveRow.at < before))


def note_played(session: Session, paths: Collection[str], at: datetime) -> None:
    """A play of these files has ended."""
    session.execute(update(CopyRow).where(CopyRow.path.in_(paths)).values(played_at=at))
