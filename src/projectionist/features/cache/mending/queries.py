"""The rows that repairs look at before they move anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from projectionist.features.cache.models import CopyRow, JournalRow, MoveRow, RestRow, TierRow


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


def rests_of(session: Session, paths: Collection[str]) -> Sequence[RestRow]:
    """What rests of these paths, the first to come first."""
    return session.scalars(select(RestRow).where(RestRow.path.in_(sorted(paths))).order_by(RestRow.id)).all()


def rest(session: Session, number: int) -> RestRow | None:
    """One file at rest."""
    return session.get(RestRow, number)


def tier_at(session: Session, root: str, node: str) -> str:
    """What people call the tier of a node whose folder this is; empty where it is none's."""
    names = select(TierRow.name).where(TierRow.root == root, TierRow.node == node)
    return session.scalars(names).first() or ""


def named(session: Session, path: str) -> tuple[str, int | None]:
    """What a path was called in the history last, and of which item it is a file; empty where nobody knows."""
    title = session.scalars(
        select(MoveRow.title).where(MoveRow.path == path, MoveRow.title != "").order_by(MoveRow.id.desc())
    ).first()
    known = session.scalars(
        select(MoveRow.item_id)
        .where(MoveRow.path == path, MoveRow.item_id.is_not(None))
        .order_by(MoveRow.id.desc())
    ).first()
    return title or "", known
