"""The rows of what was moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from projectionist.features.cache.models import CopyRow, MoveRow, TierRow

_CACHED = "cached"
"""How a move ends that brought a file to the fast disk."""
_AT_ONCE = 500


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


def last_moves(session: Session, paths: Sequence[str]) -> Mapping[str, MoveRow]:
    """The move that brought each of these paths where it is: the last that went well."""
    found: dict[str, MoveRow] = {}
    for start in range(0, len(paths), _AT_ONCE):
        few = paths[start : start + _AT_ONCE]
        done = MoveRow.outcome == _CACHED
        rows = session.scalars(select(MoveRow).where(MoveRow.path.in_(few), done).order_by(MoveRow.id))
        found |= {row.path: row for row in rows}
    return found


def is_cached(session: Session, path: str) -> bool:
    """Whether a path leads to the fast disk."""
    return session.scalar(select(CopyRow.id).where(CopyRow.path == path)) is not None


def last_move_of_item(session: Session, item_id: int) -> MoveRow | None:
    """The last move of a file of an item."""
    return session.scalars(
        select(MoveRow).where(MoveRow.item_id == item_id).order_by(MoveRow.id.desc()).limit(1)
    ).first()


def forget_moves(session: Session, before: datetime) -> None:
    """Take moves that ended before out of the history."""
    session.execute(delete(MoveRow).where(MoveRow.at < before))


def copies_below(session: Session, roots: Collection[str]) -> Sequence[CopyRow]:
    """The files on these fast tiers, the oldest first."""
    return session.scalars(select(CopyRow).where(CopyRow.fast_root.in_(roots)).order_by(CopyRow.id)).all()


def note_played(session: Session, paths: Collection[str], at: datetime) -> None:
    """A play of these files has ended."""
    session.execute(update(CopyRow).where(CopyRow.path.in_(paths)).values(played_at=at))
