"""Rows of users, of the links that let them in, and of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from projectionist.features.accounts.models import LinkRow, SignInRow, TokenRow, UserRow
from projectionist.features.accounts.permissions import Role


def found(session: Session, text: str, role: str, offset: int, size: int) -> tuple[Sequence[UserRow], int]:
    """Users by name, where it or their e-mail address holds a text, of a role; and how many there are."""
    wanted = select(UserRow)
    if text:
        columns = (UserRow.folded_name, UserRow.folded_email)
        wanted = wanted.where(or_(*(one.contains(text.lower(), autoescape=True) for one in columns)))
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


def link_by_id(session: Session, purpose: str, link_id: int, now: datetime) -> LinkRow | None:
    """A link by its number, while it opens something, for a change that nobody else makes in between."""
    return session.scalars(
        select(LinkRow)
        .where(LinkRow.id == link_id, LinkRow.purpose == purpose, LinkRow.expires_at > now)
        .with_for_update()
    ).one_or_none()


def link_of(session: Session, purpose: str, user_id: int, now: datetime) -> LinkRow | None:
    """The newest link of this purpose that somebody has."""
    return session.scalars(
        select(LinkRow)
        .where(LinkRow.user_id == user_id, LinkRow.purpose == purpose, LinkRow.expires_at > now)
        .order_by(LinkRow.id.desc())
        .limit(1)
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


def remove_links_by(session: Session, maker_id: int) -> Sequence[LinkRow]:
    """Take back every link that somebody has made; what they were."""
    return session.scalars(
        delete(LinkRow)
        .where(LinkRow.maker_id == maker_id)
        .returning(LinkRow)
        .execution_options(synchronize_session=False)
    ).all()


def sweep_links(session: Session, now: datetime) -> None:
    """Take out links that are over."""
    session.execute(delete(LinkRow).where(LinkRow.expires_at <= now))


def count_tokens(session: Session, user_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """How many tokens that are not over each of them has."""
    rows = session.execute(
        select(TokenRow.user_id, func.count())
        .where(TokenRow.user_id.in_(user_ids), TokenRow.expires_at > now)
        .group_by(TokenRow.user_id)
    )
    return {row[0]: row[1] for row in rows}
