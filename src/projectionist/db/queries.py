"""Every query on the database's own tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.db.tables import CountRow, EventRow, SavedSettingRow


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


def count_more(
    session: Session, name: str, who: str, span: timedelta, now: datetime, more: int
) -> tuple[int, datetime]:
    """Count in one statement, so that nobody slips in between; the count, and since when.

    A span begins with the first in it, and anew when it is over or the clock was set back by more than it. By less
    it goes on: of two who ask at once the later may write first, and the clocks of two machines differ.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(CountRow).values(
        name=name, who=who, span_s=int(span.total_seconds()), starts_at=now, count=more
    )
    current = and_(CountRow.starts_at > now - span, CountRow.starts_at < now + span)
    row = session.execute(
        fresh.on_conflict_do_update(
            index_elements=[CountRow.name, CountRow.who, CountRow.span_s],
            set_={
                "count": case((current, CountRow.count + more), else_=more),
                "starts_at": case((current, CountRow.starts_at), else_=fresh.excluded.starts_at),
            },
        ).returning(CountRow.count, CountRow.starts_at)
    ).one()
    return row[0], row[1]


def count_less(session: Session, name: str, who: str, spans: Collection[timedelta], less: int) -> None:
    """Take back what was counted and not granted."""
    session.execute(
        update(CountRow)
        .where(
            CountRow.name == name,
            CountRow.who == who,
            CountRow.span_s.in_([int(span.total_seconds()) for span in spans]),
        )
        .values(count=CountRow.count - less)
    )


def count_of(session: Session, name: str, who: str, span: timedelta) -> CountRow | None:
    """One count."""
    return session.get(CountRow, (name, who, int(span.total_seconds())))


def remove_counts_before(session: Session, moment: datetime) -> None:
    """Remove counts that began earlier."""
    session.execute(delete(CountRow).where(CountRow.starts_at <= moment))
