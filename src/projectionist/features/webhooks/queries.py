"""Every query on webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from projectionist.features.webhooks.models import WebhookDeliveryRow, WebhookSenderRow


def senders(session: Session) -> Sequence[WebhookSenderRow]:
    """All of them, by name."""
    return session.scalars(select(WebhookSenderRow).order_by(WebhookSenderRow.name)).all()


def count_senders(session: Session) -> int:
    """How many there are."""
    return session.scalar(select(func.count()).select_from(WebhookSenderRow)) or 0


def sender(session: Session, sender_id: int) -> WebhookSenderRow | None:
    """One of them."""
    return session.get(WebhookSenderRow, sender_id)


def sender_named(session: Session, name: str) -> WebhookSenderRow | None:
    """One of them, by its name."""
    return session.scalar(select(WebhookSenderRow).where(WebhookSenderRow.name == name))


def remove_sender(session: Session, sender_id: int) -> None:
    """Take one out, with what it told."""
    session.execute(delete(WebhookSenderRow).where(WebhookSenderRow.id == sender_id))


def note_refused(session: Session, sender_id: int, at: datetime) -> None:
    """Count somebody who came with another secret."""
    session.execute(
        update(WebhookSenderRow)
        .where(WebhookSenderRow.id == sender_id)
        .values(refused_count=WebhookSenderRow.refused_count + 1, refused_at=at)
    )


def note_heard(session: Session, sender_id: int, at: datetime, event: str) -> bool:
    """Count what a sender told, an event without a name too; whether there is such a one still."""
    named = {"last_event": event} if event else {}
    changed = session.execute(
        update(WebhookSenderRow)
        .where(WebhookSenderRow.id == sender_id)
        .values(heard_count=WebhookSenderRow.heard_count + 1, heard_at=at, **named)
        .returning(WebhookSenderRow.id)
    )
    return changed.first() is not None


def deliveries(
    session: Session, sender_id: int, offset: int, size: int
) -> tuple[Sequence[WebhookDeliveryRow], int]:
    """A page of what a sender told, the newest first, and how many are kept."""
    mine = WebhookDeliveryRow.sender_id == sender_id
    total = session.scalar(select(func.count()).select_from(WebhookDeliveryRow).where(mine)) or 0
    found = select(WebhookDeliveryRow).where(mine).order_by(WebhookDeliveryRow.id.desc())
    return session.scalars(found.offset(offset).limit(size)).all(), total


def drop_older(session: Session, sender_id: int, kept: int) -> None:
    """Take out what a sender told before its newest `kept`."""
    mine = WebhookDeliveryRow.sender_id == sender_id
    newest = select(WebhookDeliveryRow.id).where(mine).order_by(WebhookDeliveryRow.id.desc())
    last = session.scalar(newest.offset(kept).limit(1))
    if last is not None:
        session.execute(delete(WebhookDeliveryRow).where(mine, WebhookDeliveryRow.id <= last))
