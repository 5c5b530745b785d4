"""The rows of what is wanted: choices, answers, what was named, pins, tastes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from projectionist.features.cache.models import AnswerRow, PinRow, SourceChoiceRow, TasteRow, WantRow


def choices(session: Session) -> Sequence[SourceChoiceRow]:
    """Every choice."""
    return session.scalars(select(SourceChoiceRow)).all()


def put_choice(session: Session, source: str, account_id: int, counts: bool) -> None:
    """Whether a source counts for an account; 0 for everybody without a choice."""
    session.merge(SourceChoiceRow(source=source, account_id=account_id, counts=counts))


def drop_choice(session: Session, source: str, account_id: int) -> None:
    """An account has no choice of its own any more."""
    session.execute(
        delete(SourceChoiceRow).where(
            SourceChoiceRow.source == source, SourceChoiceRow.account_id == account_id
        )
    )


def answers(session: Session) -> Sequence[AnswerRow]:
    """When each source answered last, or since when it does not."""
    return session.scalars(select(AnswerRow)).all()


def answer(session: Session, source: str, server_id: int, account_id: int) -> AnswerRow | None:
    """When a source answered last for somebody."""
    return session.get(AnswerRow, (source, server_id, account_id))


def drop_answers(session: Session, keys: Collection[tuple[str, int, int]]) -> None:
    """Forget when these were asked, and what they named; account 0: for everybody."""
    for source, server_id, account_id in sorted(keys):
        for row in (AnswerRow, WantRow):
            known = delete(row).where(row.source == source, row.server_id == server_id)
            session.execute(known.where(row.account_id == account_id) if account_id else known)


def named(session: Session) -> Sequence[WantRow]:
    """All that sources named when they last answered, by their order."""
    return session.scalars(
        select(WantRow).order_by(
            WantRow.source, WantRow.server_id, WantRow.account_id, WantRow.place, WantRow.item_id
        )
    ).all()


def named_by(
    session: Session, source: str, server_id: int, account_id: int | None = None
) -> Sequence[WantRow]:
    """What a source named for an account; for all of them where none is given."""
    found = select(WantRow).where(WantRow.source == source, WantRow.server_id == server_id)
    if account_id is not None:
        found = found.where(WantRow.account_id == account_id)
    return session.scalars(found).all()


def pins(session: Session) -> Sequence[PinRow]:
    """Every pin, the oldest first."""
    return session.scalars(select(PinRow).order_by(PinRow.at, PinRow.item_id)).all()


def put_pin(session: Session, item_id: int, version: str, asked_by: str, at: datetime) -> None:
    """Pin an item, or pin it otherwise."""
    session.merge(PinRow(item_id=item_id, version=version, asked_by=asked_by, at=at))


def drop_pin(session: Session, item_id: int) -> bool:
    """Whether an item was pinned; now it is not."""
    row = session.get(PinRow, item_id)
    if row is not None:
        session.delete(row)
    return row is not None


def tastes(session: Session) -> Sequence[TasteRow]:
    """How tall the versions were that players asked for last."""
    return session.scalars(select(TasteRow)).all()


def put_taste(session: Session, account_id: int, height: int, at: datetime) -> None:
    """Somebody's player asked for a version of this height where there was a choice."""
    session.merge(TasteRow(account_id=account_id, height=height, at=at))


def put_answer(
    session: Session,
    key: tuple[str, int, int],
    answered_at: datetime | None,
    failing_since: datetime | None,
    reason: str,
) -> None:
    """Keep when a source answered for somebody, or since when and why it does not."""
    source, server_id, account_id = key
    session.merge(
        AnswerRow(
            source=source,
            server_id=server_id,
            account_id=account_id,
            answered_at=answered_at,
            failing_since=failing_since,
            reason=reason,
        )
    )


def replace_named(
    session: Session, key: tuple[str, int, int], item_ids: Sequence[int], now: datetime
) -> None:
    """What a source names for somebody from now on, in order; what it named before keeps the day it first did."""
    source, server_id, account_id = key
    known = {row.item_id: row for row in named_by(session, source, server_id, account_id)}
    for item_id in known.keys() - set(item_ids):
        session.delete(known[item_id])
    for place, item_id in enumerate(dict.fromkeys(item_ids)):
        row = known.get(item_id)
        session.merge(
            WantRow(
                source=source,
                server_id=server_id,
                account_id=account_id,
                item_id=item_id,
                place=place,
                at=now,
                first_at=now if row is None else row.first_at,
            )
        )
