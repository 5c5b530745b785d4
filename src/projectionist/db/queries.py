"""Every query on the database's own tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import CursorResult, delete, func, or_, select
from sqlalchemy.orm import Session

from projectionist.db.tables import EventRow, SavedSettingRow


def last_event_id(session: Session) -> int:
    """The highest number of an event, 0 where there is none."""
    return session.scalar(select(func.max(EventRow.id))) or 0


def first_event_id(session: Session) -> int | None:
    """The lowest number of an event that is kept."""
    return session.scalar(select(func.min(EventRow.id)))


def events_after(session: Session, number: int, also: Collection[int] = ()) -> Sequence[EventRow]:
    """Events above a number, and those of the numbers in `also`, in order."""
    wanted = EventRow.id > number
    if also:
        wanted = or_(wanted, EventRow.id.in_(also))
    return session.scalars(select(EventRow).where(wanted).order_by(EventRow.id)).all()


def event_ids_between(session: Session, above: int, up_to: int) -> Sequence[int]:
    """Which numbers of events are there."""
    return session.scalars(select(EventRow.id).where(EventRow.id > above, EventRow.id <= up_to)).all()


def remove_events_before(session: Session, moment: datetime) -> int:
    """Remove what is older; how many were."""
    removed = session.execute(delete(EventRow).where(EventRow.at < moment))
    assert isinstance(removed, CursorResult)
    return removed.rowcount


def saved_settings(session: Session) -> Sequence[SavedSettingRow]:
    """Every saved setting."""
    return session.scalars(select(SavedSettingRow).order_by(SavedSettingRow.name)).all()


def remove_saved_settings(session: Session, names: Collection[str]) -> None:
    """Forget these settings."""
    session.execute(delete(SavedSettingRow).where(SavedSettingRow.name.in_(names)))
