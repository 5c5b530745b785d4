"""Rows of accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, and_, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.features.accounts.models import SETUP_ID, AttemptRow, SetupRow, SignInRow, UserRow


def user_by_name(session: Session, folded_name: str) -> UserRow | None:
    """Who has this name."""
    return session.scalars(select(UserRow).where(UserRow.folded_name == folded_name)).one_or_none()


def user(session: Session, user_id: int) -> UserRow | None:
    """One person."""
    return session.get(UserRow, user_id)


def people(session: Session, role: str) -> int:
    """How many have this role."""
    return session.scalar(select(func.count()).select_from(UserRow).where(UserRow.role == role)) or 0


def signed_in(session: Session, token_hash: str) -> tuple[SignInRow, UserRow] | None:
    """A sign-in and whose it is."""
    found = session.execute(
        select(SignInRow, UserRow)
        .join(UserRow, UserRow.id == SignInRow.user_id)
        .where(SignInRow.token_hash == token_hash)
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def sign_ins_of(session: Session, user_id: int, now: datetime) -> list[SignInRow]:
    """Where somebody is signed in, the one seen last first."""
    return list(
        session.scalars(
            select(SignInRow)
            .where(SignInRow.user_id == user_id, SignInRow.expires_at > now)
            .order_by(SignInRow.seen_at.desc(), SignInRow.id.desc())
        )
    )


def mark_seen(session: Session, sign_in_id: int, now: datetime, expires_at: datetime) -> None:
    """Remember that this browser was here."""
    session.execute(
        update(SignInRow)
        .where(SignInRow.id == sign_in_id, SignInRow.expires_at > now)
        .values(seen_at=now, expires_at=expires_at)
    )


def end_sign_in(session: Session, token_hash: str) -> None:
    """Sign a browser out."""
    session.execute(delete(SignInRow).where(SignInRow.token_hash == token_hash))


def revoke_sign_in(session: Session, user_id: int, sign_in_id: int) -> str | None:
    """Sign one of somebody's browsers out; the hash of what it shows, or None where it was not there."""
    return session.scalars(
        delete(SignInRow)
        .where(SignInRow.id == sign_in_id, SignInRow.user_id == user_id)
        .returning(SignInRow.token_hash)
    ).one_or_none()


def end_all_sign_ins(session: Session, user_id: int) -> None:
    """Sign somebody out everywhere."""
    session.execute(delete(SignInRow).where(SignInRow.user_id == user_id))


def sweep(session: Session, now: datetime, longest: timedelta) -> None:
    """Take out what is over: sign-ins that ended, and attempts nobody counts any more."""
    session.execute(delete(SignInRow).where(SignInRow.expires_at <= now))
    session.execute(delete(AttemptRow).where(AttemptRow.starts_at <= now - longest))


def count_attempt(session: Session, address: str, span: timedelta, now: datetime) -> tuple[int, datetime]:
    """Count one more in one statement, so that nobody slips in between; the count, and since when.

    A span begins with the first attempt in it, and anew when it is over or the clock was set back before it.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(AttemptRow).values(
        address=address, span_s=int(span.total_seconds()), starts_at=now, count=1
    )
    current = and_(AttemptRow.starts_at > now - span, AttemptRow.starts_at <= now)
    row = session.execute(
        fresh.on_conflict_do_update(
            index_elements=[AttemptRow.address, AttemptRow.span_s],
            set_={
                "count": case((current, AttemptRow.count + 1), else_=1),
                "starts_at": case((current, AttemptRow.starts_at), else_=fresh.excluded.starts_at),
            },
        ).returning(AttemptRow.count, AttemptRow.starts_at)
    ).one()
    return row[0], row[1]


def give_attempt_back(session: Session, address: str) -> None:
    """Count one less: it was the right person."""
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.address == address, AttemptRow.count > 0)
        .values(count=AttemptRow.count - 1)
    )


def setup(session: Session) -> SetupRow | None:
    """How far the setup has come, or None before the first start."""
    return session.get(SetupRow, SETUP_ID)


def setup_for_update(session: Session) -> SetupRow | None:
    """The same, for a change that nobody else makes in between."""
    return session.scalars(select(SetupRow).where(SetupRow.id == SETUP_ID).with_for_update()).one_or_none()


def ensure_setup(session: Session) -> None:
    """Make the row of the setup, where it is not there."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(SetupRow).values(id=SETUP_ID, choices={}).on_conflict_do_nothing())


def claim_setup(session: Session, cookie_hash: str | None, now: datetime) -> bool:
    """Take the setup for oneself; False where somebody has, or the cookie is none of its own.

    Without a cookie the claim comes from the command line or a setup file, whose owner has the data folder.
    """
    mine = SetupRow.cookie_hash == cookie_hash if cookie_hash is not None else SetupRow.id == SETUP_ID
    result = session.execute(
        update(SetupRow)
        .where(SetupRow.id == SETUP_ID, SetupRow.founded_at.is_(None), mine)
        .values(founded_at=now, link_hash=None, cookie_hash=None)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1
