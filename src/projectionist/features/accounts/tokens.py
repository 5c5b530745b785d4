"""Tokens: what a program shows to act for somebody, in a header, never in an address."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.accounts import queries
from projectionist.features.accounts.models import TokenRow
from projectionist.features.accounts.permissions import AWAITED
from projectionist.features.accounts.service import principal_of
from projectionist.features.accounts.sessions import hash_of, new_token
from projectionist.features.audit_log.service import Act, record
from projectionist.web.ports import Permission, Principal

Now = Callable[[], datetime]

PREFIX = "projectionist_"  # nosec B105 - how every token begins, so that scanners for lost secrets know one
LONGEST = timedelta(days=365)
MOST = 50
"""So many may one person have."""

GRANTABLE = tuple(one for one in Permission if one not in AWAITED | {Permission.MAKE_TOKENS})
"""A program cannot make itself another token that outlives its own."""

_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token without what is shown."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    is_over: bool


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; `shown` is told once, and kept nowhere."""

    token: ApiToken
    shown: str = field(repr=False)


def make_token(
    database: Database,
    principal: Principal,
    name: str,
    scopes: Collection[str],
    *,
    lasts: timedelta,
    now: Now,
) -> NewToken:
    """Make a token that may do some of what its owner may.

    Raises InputWrong for a name, scopes or a time that cannot be taken, Conflict where there are too many.
    """
    called = " ".join(name.split())
    if not 1 <= len(called) <= 60:
        raise InputWrong("A token needs a name of up to 60 characters.", "name")
    wanted = _checked(principal, scopes)
    if not timedelta(days=1) <= lasts <= LONGEST:
        raise InputWrong(f"A token lasts from 1 to {LONGEST.days} days.", "days")
    moment, shown = now(), PREFIX + new_token()
    row = TokenRow(
        user_id=principal.id,
        name=called,
        token_hash=hash_of(shown),
        scopes=list(wanted),
        created_at=moment,
        expires_at=moment + lasts,
        used_at=None,
    )
    try:
        with database.durable() as session:
            if queries.user_for_update(session, principal.id) is None:
                raise NotFound("This account is not there any more.")
            if len(queries.tokens_of(session, principal.id)) >= MOST:
                raise Conflict(f"You have {MOST} tokens, which is the most; revoke one first.")
            session.add(row)
            session.flush()
            record(session, Act.TOKEN_MADE, called, at=moment, after={"scopes": ", ".join(wanted)})
    except IntegrityError as error:
        raise InputWrong("You have a token of this name; choose another.", "name") from error
    return NewToken(_told(row, moment), shown)


def tokens_of(database: Database, user_id: int, *, now: Now) -> list[ApiToken]:
    """Somebody's tokens, the newest first."""
    with database.read() as session:
        return [_told(row, now()) for row in queries.tokens_of(session, user_id)]


def revoke_token(database: Database, user_id: int, token_id: int, *, now: Now) -> None:
    """End one of somebody's tokens. Raises NotFound."""
    with database.durable() as session:
        end_token(session, user_id, token_id, now())


def end_token(session: Session, user_id: int, token_id: int, now: datetime, *, whose: str = "") -> ApiToken:
    """End one of somebody's tokens, within a transaction; what it was. Raises NotFound.

    `whose` is their name where somebody else ends it, so that the audit log is found by it.
    """
    row = queries.remove_token(session, user_id, token_id)
    if row is None:
        raise NotFound("This token is not there any more; nothing was changed.")
    about = f"{row.name} of {whose}" if whose else row.name
    record(session, Act.TOKEN_REVOKED, about, at=now, before={"scopes": ", ".join(row.scopes)})
    return _told(row, now)


def bearer(database: Database, shown: str, *, now: Now) -> Principal | None:
    """Whom a program acts for that shows this token, with no more than both its owner and the token may.

    Where its owner may make no tokens any more, those they made open nothing.
    """
    with database.read() as session:
        found = queries.token_and_user(session, hash_of(shown))
    if found is None:
        return None
    row, person = found
    owner, moment = principal_of(person), now()
    if row.expires_at <= moment or not owner.may(Permission.MAKE_TOKENS):
        return None
    if row.used_at is None or abs(moment - row.used_at) >= _USED_EVERY:
        with database.write() as session:
            if not queries.mark_used(session, row.id, moment):
                return None
    may = frozenset(one for one in GRANTABLE if one in owner.permissions and one.value in row.scopes)
    return replace(owner, permissions=may, by_token=True)


def _checked(principal: Principal, scopes: Collection[str]) -> list[str]:
    mine = [one.value for one in GRANTABLE if one in principal.permissions]
    if not scopes:
        raise InputWrong("A token that may do nothing is of no use; choose what it may do.", "scopes")
    if not set(scopes) <= set(mine):
        raise InputWrong("A token may do no more than you may yourself; choose again.", "scopes")
    return [one for one in mine if one in scopes]


def _told(row: TokenRow, now: datetime) -> ApiToken:
    return ApiToken(
        row.id,
        row.name,
        tuple(row.scopes),
        row.created_at,
        row.expires_at,
        row.used_at,
        row.expires_at <= now,
    )
