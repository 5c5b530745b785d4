"""Rows of users, of the links that let them in, and of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from projectionist.features.accounts.models import LinkRow, SignInRow, TokenRow, UserRow
from projectionist.features.accounts.permissions import Role


def found(session: Session, text: str, role: str, offset: int, size: int) -> tuple[Sequence[UserRow], int]:
    """Users by name, where it holds a text, of a role; and how many there are."""
    wanted = select(UserRow)
    if text:
        wanted = wanted.where(UserRow.folded_name.contains(text.lower(), autoescape=True))
    if role:
        wanted = wanted.where(UserRow.role == role)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = session.scalars(wanted.order_by(UserRow.folded_name).offset(offset).limit(size)).all()
    return rows, total


def seen(session: Session, user_ids: Sequence[int], now: datetime) -> dict[int, tuple[int, datetime]]:
    """In how many browsers each of them is signed in, and when they were seen last."""
    rows = session.execute(
        select(SignInRow.user_id, func.count(), func.max(SignInRow.seen_at))
        .where(SignInRow.user_id.in_(user_ids), SignInRow.expires_at > now)
        .group_by(SignInRow.user_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def user_for_update(session: Session, user_id: int) -> UserRow | None:
    """One user, for a change that nobody else makes in between."""
    return session.scalars(select(UserRow).where(UserRow.id == user_id).with_for_update()).one_or_none()


def hold_administrators(session: Session) -> Sequence[int]:
    """Who is an administrator, until the transaction is over: nobody else changes one of them meanwhile."""
    return session.scalars(
        select(UserRow.id)
        .where(UserRow.role == Role.ADMINISTRATOR.value)
        .order_by(UserRow.id)
        .with_for_update()
    ).all()


def remove_user(session: Session, user_id: int) -> None:
    """Take somebody out, with their sign-ins, links and tokens."""
    session.execute(delete(UserRow).where(UserRow.id == user_id))


def links(session: Session, purpose: str, now: datetime) -> Sequence[LinkRow]:
    """The links that still open something, the newest first."""
    return session.scalars(
        select(LinkRow)
        .where(LinkRow.purpose == purpose, LinkRow.expires_at > now)
        .order_by(LinkRow.created_at.desc(), LinkRow.id.desc())
    ).all()


def link(session: Session, purpose: str, token_hash: str, now: datetime) -> LinkRow | None:
    """The link of a token, while it opens something."""
    return session.scalars(
        select(LinkRow).where(
            LinkRow.token_hash == token_hash, LinkRow.purpose == purpose, LinkRow.expires_at > now
        )
    ).one_or_none()


def take_link(session: Session, purpose: str, token_hash: str, now: datetime) -> LinkRow | None:
    """Use a link up; of two who try, one gets it."""
    return session.scalars(
        delete(LinkRow)
        .where(LinkRow.token_hash == token_hash, LinkRow.purpose == purpose, LinkRow.expires_at > now)
        .returning(LinkRow)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def remove_link(session: Session, purpose: str, link_id: int) -> LinkRow | None:
    """Take a link back; what it was, or None where it was not there."""
    return session.scalars(
        delete(LinkRow)
        .where(LinkRow.id == link_id, LinkRow.purpose == purpose)
        .returning(LinkRow)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def remove_links_of(session: Session, purpose: str, user_id: int) -> None:
    """Take back every link of this purpose that somebody has."""
    session.execute(delete(LinkRow).where(LinkRow.user_id == user_id, LinkRow.purpose == purpose))


def sweep_links(session: Session, now: datetime) -> None:
    """Take out links that are over."""
    session.execute(delete(LinkRow).where(LinkRow.expires_at <= now))


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


def count_tokens(session: Session, user_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """How many tokens that are not over each of them has."""
    rows = session.execute(
        select(TokenRow.user_id, func.count())
        .where(TokenRow.user_id.in_(user_ids), TokenRow.expires_at > now)
        .group_by(TokenRow.user_id)
    )
    return {row[0]: row[1] for row in rows}
