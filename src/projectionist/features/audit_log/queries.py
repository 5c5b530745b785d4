"""Rows of the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.features.audit_log.models import HEAD_ID, AuditEntryRow, AuditHeadRow


def head_for_update(session: Session) -> AuditHeadRow:
    """Where the chain ends; whoever writes next waits for who has it."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(AuditHeadRow).values(id=HEAD_ID, last_id=0, hash="")
    session.execute(fresh.on_conflict_do_nothing())
    return session.scalars(
        select(AuditHeadRow)
        .where(AuditHeadRow.id == HEAD_ID)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def head(session: Session) -> AuditHeadRow | None:
    """Where the chain ends, or None before the first entry."""
    return session.get(AuditHeadRow, HEAD_ID)


def last_id(session: Session) -> int:
    """The number of the newest entry, 0 where there is none."""
    return session.scalar(select(func.max(AuditEntryRow.id))) or 0


def acts(session: Session) -> Sequence[str]:
    """The acts of which there is any entry."""
    return session.scalars(select(AuditEntryRow.act).distinct()).all()


def entries_after(session: Session, entry_id: int, most: int) -> Sequence[AuditEntryRow]:
    """Entries in the order in which they were written."""
    return session.scalars(
        select(AuditEntryRow).where(AuditEntryRow.id > entry_id).order_by(AuditEntryRow.id).limit(most)
    ).all()


def entries_of(session: Session, user_id: int, first: Sequence[str], most: int) -> Sequence[AuditEntryRow]:
    """The newest entries of what somebody did, back to the newest of the acts `first`."""
    began = select(func.max(AuditEntryRow.id)).where(
        AuditEntryRow.who_id == user_id, AuditEntryRow.act.in_(first)
    )
    return session.scalars(
        select(AuditEntryRow)
        .where(AuditEntryRow.who_id == user_id, AuditEntryRow.id >= func.coalesce(began.scalar_subquery(), 0))
        .order_by(AuditEntryRow.id.desc())
        .limit(most)
    ).all()


def found(
    session: Session, act: str, text: str, offset: int, size: int
) -> tuple[Sequence[AuditEntryRow], int]:
    """Entries of one act, or all, whose person, address or object holds the text; the newest first."""
    every = _matching(select(AuditEntryRow), act, text)
    total = session.scalar(_matching(select(func.count()).select_from(AuditEntryRow), act, text)) or 0
    rows = session.scalars(every.order_by(AuditEntryRow.id.desc()).offset(offset).limit(size)).all()
    return rows, total


def _matching(query: Select[tuple[AuditEntryRow]] | Select[tuple[int]], act: str, text: str) -> Select[tuple]:  # type: ignore[type-arg]
    if act:
        query = query.where(AuditEntryRow.act == act)
    if text:
        columns = (AuditEntryRow.who, AuditEntryRow.address, AuditEntryRow.about)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    return query
