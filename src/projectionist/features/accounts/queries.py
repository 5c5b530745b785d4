"""Rows of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.features.accounts.models import (
    SETUP_ID,
    FailureRow,
    KnownBrowserRow,
    LinkRow,
    SetupRow,
    SignInRow,
    SignInStepRow,
    TokenRow,
    UserRow,
)


def user_by_name(session: Session, folded_name: str) -> UserRow | None:
    """Who has this name."""
    return session.scalars(select(UserRow).where(UserRow.folded_name == folded_name)).one_or_none()


def user_called(session: Session, folded: str) -> UserRow | None:
    """Whom somebody means who types this; whose proven address it is comes before who is only called so."""
    order = case((UserRow.folded_email == folded, 0), else_=1)
    called = or_(UserRow.folded_name == folded, UserRow.folded_email == folded)
    return session.scalars(select(UserRow).where(called).order_by(order).limit(1)).first()


def user_by_email(session: Session, folded_email: str) -> UserRow | None:
    """Whose e-mail address this is."""
    return session.scalars(select(UserRow).where(UserRow.folded_email == folded_email)).one_or_none()


def user(session: Session, user_id: int) -> UserRow | None:
    """One person."""
    return session.get(UserRow, user_id)


def everybody(session: Session) -> Sequence[UserRow]:
    """All users."""
    return session.scalars(select(UserRow)).all()


def user_for_update(session: Session, user_id: int) -> UserRow | None:
    """One user, for a change that nobody else makes in between."""
    return session.scalars(select(UserRow).where(UserRow.id == user_id).with_for_update()).one_or_none()


def users_for_update(session: Session, *user_ids: int) -> dict[int, UserRow]:
    """Several users by their numbers, in whose order they are held: nobody waits for who waits for them."""
    rows = session.scalars(
        select(UserRow).where(UserRow.id.in_(user_ids)).order_by(UserRow.id).with_for_update()
    )
    return {row.id: row for row in rows}


def user_by_email_for_update(session: Session, folded_email: str) -> UserRow | None:
    """Whose e-mail address this is, for a change that nobody else makes in between."""
    return session.scalars(
        select(UserRow).where(UserRow.folded_email == folded_email).with_for_update()
    ).one_or_none()


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


def revoke_sign_in(session: Session, user_id: int, sign_in_id: int) -> SignInRow | None:
    """Sign one of somebody's browsers out; what it was, or None where it was not there."""
    return session.scalars(
        delete(SignInRow)
        .where(SignInRow.id == sign_in_id, SignInRow.user_id == user_id)
        .returning(SignInRow)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def revoke_others(session: Session, user_id: int, kept_hash: str) -> int:
    """Sign out every browser of somebody but this one; how many there were."""
    result = session.execute(
        delete(SignInRow).where(SignInRow.user_id == user_id, SignInRow.token_hash != kept_hash)
    )
    return result.rowcount if isinstance(result, CursorResult) else 0


def end_all_sign_ins(session: Session, user_id: int) -> None:
    """Sign somebody out everywhere, also where they are about to sign in."""
    session.execute(delete(SignInRow).where(SignInRow.user_id == user_id))
    session.execute(delete(SignInStepRow).where(SignInStepRow.user_id == user_id))


def sweep(session: Session, now: datetime, forgiven: timedelta, forgotten: timedelta) -> None:
    """Take out what is over: sign-ins that ended, failures that are forgiven, browsers not seen for long."""
    session.execute(delete(SignInRow).where(SignInRow.expires_at <= now))
    session.execute(delete(SignInStepRow).where(SignInStepRow.expires_at <= now))
    session.execute(
        delete(FailureRow).where(
            FailureRow.last_at <= now - forgiven,
            or_(FailureRow.locked_until.is_(None), FailureRow.locked_until <= now),
        )
    )
    session.execute(delete(KnownBrowserRow).where(KnownBrowserRow.seen_at <= now - forgotten))


def failure(session: Session, who: str) -> FailureRow | None:
    """The failures of a pair of account and place."""
    return session.get(FailureRow, who)


def count_failure(session: Session, who: str, now: datetime, forgiven: timedelta) -> int:
    """Count one more in one statement; from one on again where the last is that long ago.

    One that lies ahead by less is of a moment ago too: the clocks of two machines differ.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(FailureRow).values(who=who, count=1, last_at=now, locked_until=None)
    current = and_(FailureRow.last_at > now - forgiven, FailureRow.last_at < now + forgiven)
    return session.execute(
        fresh.on_conflict_do_update(
            index_elements=[FailureRow.who],
            set_={"count": case((current, FailureRow.count + 1), else_=1), "last_at": now},
        ).returning(FailureRow.count)
    ).scalar_one()


def lock_out(session: Session, who: str, until: datetime) -> None:
    """Let a pair of account and place wait."""
    session.execute(update(FailureRow).where(FailureRow.who == who).values(locked_until=until))


def forgive(session: Session, who: str) -> None:
    """Forget the failures of a pair: it was the right person."""
    session.execute(delete(FailureRow).where(FailureRow.who == who))


def is_known_browser(session: Session, token_hash: str, folded: str) -> bool:
    """Whether the one whom somebody means who types this has signed in there before, and nobody else."""
    person = user_called(session, folded)
    return person is not None and session.get(KnownBrowserRow, (token_hash, person.id)) is not None


def renew_known_browser(
    session: Session, old_hash: str | None, new_hash: str, user_id: int, now: datetime
) -> None:
    """Know a browser by something new, for everybody who has signed in there."""
    if old_hash is not None:
        session.execute(
            update(KnownBrowserRow)
            .where(KnownBrowserRow.token_hash == old_hash)
            .values(token_hash=new_hash)
            .execution_options(synchronize_session=False)
        )
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(KnownBrowserRow).values(token_hash=new_hash, user_id=user_id, seen_at=now)
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=[KnownBrowserRow.token_hash, KnownBrowserRow.user_id], set_={"seen_at": now}
        )
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


def end_links(session: Session, user_id: int) -> None:
    """End every link that was made for somebody: to a new password, or to another e-mail address."""
    session.execute(delete(LinkRow).where(LinkRow.user_id == user_id))


def tokens_of(session: Session, user_id: int) -> Sequence[TokenRow]:
    """Somebody's tokens, the newest first; those that are over too."""
    return session.scalars(
        select(TokenRow)
        .where(TokenRow.user_id == user_id)
        .order_by(TokenRow.created_at.desc(), TokenRow.id.desc())
    ).all()


def token_and_user(session: Session, token_hash: str) -> tuple[TokenRow, UserRow] | None:
    """A token and whose it is."""
    row = session.execute(
        select(TokenRow, UserRow)
        .join(UserRow, UserRow.id == TokenRow.user_id)
        .where(TokenRow.token_hash == token_hash)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def mark_used(session: Session, token_id: int, now: datetime) -> bool:
    """Remember that a token was used just now; False where it is gone."""
    result = session.execute(update(TokenRow).where(TokenRow.id == token_id).values(used_at=now))
    return isinstance(result, CursorResult) and result.rowcount == 1


def remove_token(session: Session, user_id: int, token_id: int) -> TokenRow | None:
    """Take back one of somebody's tokens; what it was, or None where it was not there."""
    return session.scalars(
        delete(TokenRow)
        .where(TokenRow.id == token_id, TokenRow.user_id == user_id)
        .returning(TokenRow)
        .execution_options(synchronize_session=False)
    ).one_or_none()
