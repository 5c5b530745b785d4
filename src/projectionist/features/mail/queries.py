"""Rows of mails that are to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from projectionist.features.mail.models import LetterRow


def letter(session: Session, letter_id: int) -> LetterRow | None:
    """One of them, or None where it was sent or is over."""
    return session.get(LetterRow, letter_id)


def waiting(session: Session, now: datetime) -> Sequence[LetterRow]:
    """Those that are to be sent still, the oldest first."""
    return session.scalars(
        select(LetterRow).where(LetterRow.expires_at > now).order_by(LetterRow.created_at, LetterRow.id)
    ).all()


def count_waiting(session: Session, now: datetime) -> int:
    """How many are to be sent still."""
    return session.scalar(select(func.count()).select_from(LetterRow).where(LetterRow.expires_at > now)) or 0


def remove(session: Session, letter_id: int) -> None:
    """Take one out."""
    session.execute(delete(LetterRow).where(LetterRow.id == letter_id))


def sweep(session: Session, now: datetime) -> None:
    """Take out those that nobody waits for any more."""
    session.execute(delete(LetterRow).where(LetterRow.expires_at <= now))
