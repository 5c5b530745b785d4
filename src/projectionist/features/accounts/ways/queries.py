"""Rows of identities, and of what was begun at other services."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.features.accounts.models import HandshakeRow, IdentityRow, UserRow


def whose(session: Session, kind: str, issuer: str, subject: str) -> tuple[IdentityRow, UserRow] | None:
    """An identity and the user it is linked to."""
    row = session.execute(
        select(IdentityRow, UserRow)
        .join(UserRow, UserRow.id == IdentityRow.user_id)
        .where(IdentityRow.kind == kind, IdentityRow.issuer == issuer, IdentityRow.subject == subject)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def add_identity(
    session: Session, kind: str, issuer: str, subject: str, user_id: int, name: str, now: datetime
) -> bool:
    """Link an identity to somebody; False where it is linked already, to whomever."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(IdentityRow).values(
        kind=kind, issuer=issuer, subject=subject, user_id=user_id, name=name, linked_at=now, used_at=None
    )
    added = session.execute(
        fresh.on_conflict_do_nothing(
            index_elements=[IdentityRow.kind, IdentityRow.issuer, IdentityRow.subject]
        ).returning(IdentityRow.id)
    ).scalar_one_or_none()
    return added is not None


def mark_used(session: Session, identity_id: int, name: str, now: datetime, before: datetime | None) -> bool:
    """Remember that somebody came in by it, and what they are called there by now.

    `before` is when they last did; False where somebody else has remembered since.
    """
    result = session.execute(
        update(IdentityRow)
        .where(IdentityRow.id == identity_id, IdentityRow.used_at.is_not_distinct_from(before))
        .values(used_at=now, name=name)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def remove_identity(session: Session, identity_id: int) -> None:
    """Unlink one."""
    session.execute(delete(IdentityRow).where(IdentityRow.id == identity_id))


def handshake(session: Session, token_hash: str, kind: str, now: datetime) -> HandshakeRow | None:
    """What a browser has begun, while it is not over."""
    return session.scalars(
        select(HandshakeRow).where(
            HandshakeRow.token_hash == token_hash, HandshakeRow.kind == kind, HandshakeRow.expires_at > now
        )
    ).one_or_none()


def claim_look(session: Session, token_hash: str, now: datetime, before: datetime) -> bool:
    """Take one's turn to ask the other service; False where somebody did at or after `before`."""
    result = session.execute(
        update(HandshakeRow)
        .where(
            HandshakeRow.token_hash == token_hash,
            or_(
                HandshakeRow.looked_at.is_(None),
                HandshakeRow.looked_at <= before,
                HandshakeRow.looked_at > now,  # the clock was set back
            ),
        )
        .values(looked_at=now)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def end_handshake(session: Session, token_hash: str) -> bool:
    """Use up what was begun; of two who try, one gets it."""
    result = session.execute(
        delete(HandshakeRow)
        .where(HandshakeRow.token_hash == token_hash)
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def sweep_handshakes(session: Session, now: datetime) -> None:
    """Take out what is over."""
    session.execute(delete(HandshakeRow).where(HandshakeRow.expires_at <= now))
