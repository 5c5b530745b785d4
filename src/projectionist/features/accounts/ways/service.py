"""Identities: who comes in by one, making an account for who is new, linking and unlinking.

An identity belongs to one user, whoever comes with it at once, or twice: the database keeps it unique, and an account
that somebody else was quicker to make is not made.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotAllowed, NotFound
from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts.attempts import Tell
from projectionist.features.accounts.confirming import check_current
from projectionist.features.accounts.credentials import queries as credentials
from projectionist.features.accounts.models import UserRow
from projectionist.features.accounts.permissions import Role
from projectionist.features.accounts.service import actor_of, principal_of, user_row
from projectionist.features.accounts.ways import queries
from projectionist.features.audit_log.service import Act, legible, note_seldom, record
from projectionist.kit.acting import Actor, acting
from projectionist.media.identity import Proven
from projectionist.web.ports import Principal

Now = Callable[[], datetime]

MOST = 20
"""So many identities may one person have."""
_NAMES = 50
"""So many names are tried for somebody whose own is taken."""
_LONGEST_NAME = 30
_LONGEST_CALLED = 100
_USED_EVERY = timedelta(minutes=1)
_VISIT = timedelta(hours=1)
"""Where there are no sessions, who comes after so long without a request begins a visit."""


class Kind(StrEnum):
    """By what kind of service an identity is proven."""

    PLEX = "plex"
    OIDC = "oidc"
    PROXY = "proxy"


@dataclass(frozen=True, slots=True)
class _Joining:
    """What somebody new becomes here."""

    role: Role
    name: str
    many_administrators: bool


class _Overtaken(Exception):
    """Somebody else was quicker; nothing was kept."""


def known(database: Database, kind: Kind, proven: Proven) -> Principal | None:
    """Whose identity this is here, None where it is nobody's."""
    with database.read() as session:
        found = queries.whose(session, kind, proven.issuer, proven.subject)
    return None if found is None else principal_of(found[1])


def enter(
    database: Database,
    kind: Kind,
    proven: Proven,
    newcomer: Callable[[], Role],
    *,
    now: Now,
    many_administrators: bool = False,
) -> Principal:
    """Whom an identity is linked to; who is new gets an account of the role that `newcomer` gives.

    It makes the first administrator, and more of them only with `many_administrators`: of two who race to be the
    first, the other is asked about anew. What `newcomer` raises passes: nobody new is let in then. Raises Conflict
    where everybody is quicker.
    """
    names = _names(kind, proven.name)
    name = next(names)
    for _ in range(_NAMES):
        person = _come_again(database, kind, proven, now())
        if person is not None:
            return person
        role = newcomer()
        try:
            return _join(database, kind, proven, _Joining(role, name, many_administrators), now())
        except _Overtaken:
            continue  # the same person came in twice, or somebody else has just founded the house
        except IntegrityError:
            name = next(names)  # it is somebody's
    raise Conflict("No name could be found for the new account; ask an administrator for an invitation.")


def link(database: Database, user_id: int, kind: Kind, proven: Proven, *, now: Now) -> None:
    """Link an identity to somebody; done twice, it is the same.

    Raises Conflict where it is somebody else's or there are too many, NotFound.
    """
    moment = now()
    with database.durable() as session:
        row = _there(accounts.user_for_update(session, user_id))
        if len(credentials.identities_of(session, user_id)) >= MOST:
            raise Conflict(f"You have linked {MOST} accounts, which is the most; unlink one first.")
        added = queries.add_identity(
            session, kind, proven.issuer, proven.subject, user_id, _called(proven), moment
        )
        is_theirs = added or _is_theirs(session, kind, proven, user_id)
        if added or not is_theirs:
            act = Act.IDENTITY_LINKED if added else Act.IDENTITY_LINK_REFUSED
            record(session, act, row.name, at=moment, after=_said(kind, _called(proven)))
    if not is_theirs:
        raise Conflict(
            "That account is linked to somebody else here; nothing was changed. It has to be unlinked there first."
        )


def unlink(
    database: Database, user_id: int, identity_id: int, *, open_ways: Collection[str] | None, now: Now
) -> None:
    """Unlink an identity. Raises NotFound, and Conflict where it is the only way in that its owner has.

    `open_ways` are the kinds of identity by which people can come in as things are set now; None is whoever holds
    the data folder, who may shut somebody out.
    """
    with database.durable() as session:
        row = _there(accounts.user_for_update(session, user_id))  # two who unlink wait for each other
        mine = credentials.identities_of(session, user_id)
        gone = next((one for one in mine if one.id == identity_id), None)
        if gone is None:
            raise NotFound("This account is not linked any more; nothing was changed.")
        others = open_ways is None or any(one.kind in open_ways for one in mine if one is not gone)
        if not row.password_hash and not others:
            raise Conflict(
                "It is the only way into this account, so it stays linked; choose a password or link another one first."
            )
        queries.remove_identity(session, identity_id)
        record(session, Act.IDENTITY_UNLINKED, row.name, at=now(), before=_said(gone.kind, gone.name))


def refuse(
    database: Database, kind: Kind, proven: Proven, error: NotAllowed, *, now: Now, seldom: bool = False
) -> NotAllowed:
    """Write down that somebody who is known elsewhere was not let in; gives the error back, to be raised.

    With `seldom` once in an hour, for who is refused with each request.
    """
    called = _called(proven)
    if seldom:
        note_seldom(database, Act.SIGN_IN_REFUSED, called, after=_said(kind, called), at=now())
        return error
    with database.durable() as session:
        record(session, Act.SIGN_IN_REFUSED, called, at=now(), after=_said(kind, called))
    return error


def check_own_hand(principal: Principal) -> None:
    """Raises NotAllowed for a program: whoever finds its token must not be able to make it a way in."""
    if principal.by_token:
        raise NotAllowed(
            "Accounts are linked and unlinked in a browser, not by a program; nothing was changed."
        )


def check_themselves(
    database: Database, user_id: int, password: str, field: str, *, now: Now, tell: Tell, token: str
) -> None:
    """Have whoever links show their password: an open browser that somebody left must not be given a way in.

    Who has none needs a sign-in of a moment ago, whose `token` they show. Raises InputWrong, of the field `field`,
    TooManyRequests, NotFound.
    """
    with database.read() as session:
        row = _there(accounts.user(session, user_id))
    check_current(database, row, password, field, now=now, tell=tell, token=token)


def _come_again(database: Database, kind: Kind, proven: Proven, now: datetime) -> Principal | None:
    """Whose identity this is; that they came is remembered, and what they are called by now."""
    with database.read() as session:
        found = queries.whose(session, kind, proven.issuer, proven.subject)
    if found is None:
        return None
    row, person = found
    if row.used_at is None or abs(now - row.used_at) >= _USED_EVERY or row.name != _called(proven):
        begins = kind is Kind.PROXY and abs(now - (row.used_at or row.linked_at)) >= _VISIT
        with database.durable() if begins else database.write() as session:
            mine = queries.mark_used(session, row.id, _called(proven), now, row.used_at)
            if begins and mine:
                said = {"by": kind.value}
                record(session, Act.SIGNED_IN, person.name, at=now, after=said, who=actor_of(person))
    return principal_of(person)


def _join(database: Database, kind: Kind, proven: Proven, joining: _Joining, now: datetime) -> Principal:
    """Make an account with its identity, or neither. Raises _Overtaken, IntegrityError."""
    called, role = _called(proven), joining.role
    with database.durable() as session:
        founds = role is Role.ADMINISTRATOR and accounts.people(session, Role.ADMINISTRATOR) == 0
        if founds:
            accounts.ensure_setup(session)
            if not accounts.claim_setup(session, None, now):
                raise _Overtaken
        elif role is Role.ADMINISTRATOR and not joining.many_administrators:
            raise _Overtaken
        row = user_row(joining.name, "", now, role, founder=1 if founds else None)
        session.add(row)
        session.flush()
        if not queries.add_identity(session, kind, proven.issuer, proven.subject, row.id, called, now):
            raise _Overtaken
        act = Act.ADMINISTRATOR_MADE if founds else Act.USER_JOINED
        who = Actor(row.id, row.name, acting.get().address)
        record(session, act, row.name, at=now, after={"role": role.value, **_said(kind, called)}, who=who)
        return principal_of(row)


def _is_theirs(session: Session, kind: Kind, proven: Proven, user_id: int) -> bool:
    found = queries.whose(session, kind, proven.issuer, proven.subject)
    return found is not None and found[1].id == user_id


def _called(proven: Proven) -> str:
    """What somebody is called elsewhere, as it can be kept and shown."""
    return legible(proven.name, _LONGEST_CALLED)


def _names(kind: Kind, wanted: str) -> Iterator[str]:
    """Names for an account, the nearest to what somebody is called elsewhere first."""
    plain = unicodedata.normalize("NFKD", wanted.partition("@")[0]).encode("ascii", "ignore").decode()
    base = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")[:_LONGEST_NAME]
    if len(base) < 3:
        base = f"{kind.value}-{base or 'user'}"
    yield base
    for number in range(2, _NAMES + 2):
        yield f"{base[: _LONGEST_NAME - 3]}-{number}"


def _said(kind: str, name: str) -> dict[str, str]:
    return {"way": kind, "called": name}


def _there(row: UserRow | None) -> UserRow:
    if row is None:
        raise NotFound("This account is not there any more.")
    return row
