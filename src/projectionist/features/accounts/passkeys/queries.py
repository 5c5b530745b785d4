"""Rows of passkeys, and of the challenges that are still to be answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from projectionist.features.accounts.models import PasskeyChallengeRow, PasskeyRow, UserRow


def passkeys_of(session: Session, user_id: int) -> Sequence[PasskeyRow]:
    """Somebody's passkeys, the newest first."""
    return session.scalars(
        select(PasskeyRow)
        .where(PasskeyRow.user_id == user_id)
        .order_by(PasskeyRow.created_at.desc(), PasskeyRow.id.desc())
    ).all()


def count_passkeys(session: Session, user_ids: Sequence[int]) -> dict[int, int]:
    """How many passkeys each of them has."""
    rows = session.execute(
        select(PasskeyRow.user_id, func.count())
        .where(PasskeyRow.user_id.in_(user_ids))
        .group_by(PasskeyRow.user_id)
    )
    return {row[0]: row[1] for row in rows}


def passkey_for_update(session: Session, credential_id: str) -> tuple[PasskeyRow, UserRow] | None:
    """A passkey and whose it is, for a sign-in that nobody else makes with it in between."""
    found = session.execute(
        select(PasskeyRow, UserRow)
        .join(UserRow, UserRow.id == PasskeyRow.user_id)
        .where(PasskeyRow.credential_id == credential_id)
        .with_for_update()
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def remove_passkey(session: Session, user_id: int, passkey_id: int) -> str | None:
    """Take one of somebody's passkeys out; its name, or None where it was not there."""
    return session.scalars(
        delete(PasskeyRow)
        .where(PasskeyRow.id == passkey_id, PasskeyRow.user_id == user_id)
        .returning(PasskeyRow.name)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def remove_passkeys_of(session: Session, user_id: int) -> list[str]:
    """Take all of somebody's passkeys out; their names."""
    removed = delete(PasskeyRow).where(PasskeyRow.user_id == user_id).returning(PasskeyRow.name)
    return sorted(session.scalars(removed.execution_options(synchronize_session=False)))


def ask(
    session: Session, challenge_hash: str, user_id: int | None, now: datetime, expires_at: datetime
) -> None:
    """Remember a challenge, and forget those that nobody answered in time."""
    session.execute(delete(PasskeyChallengeRow).where(PasskeyChallengeRow.expires_at <= now))
    session.add(PasskeyChallengeRow(challenge_hash=challenge_hash, user_id=user_id, expires_at=expires_at))


def answer(session: Session, challenge_hash: str, user_id: int | None, now: datetime) -> bool:
    """Take a challenge as answered; False where it was not asked, was for another, is over, or was answered before."""
    whose = (
        PasskeyChallengeRow.user_id.is_(None) if user_id is None else PasskeyChallengeRow.user_id == user_id
    )
    taken = session.scalars(
        delete(PasskeyChallengeRow)
        .where(
            PasskeyChallengeRow.challenge_hash == challenge_hash, PasskeyChallengeRow.expires_at > now, whose
        )
        .returning(PasskeyChallengeRow.challenge_hash)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return taken is not None
