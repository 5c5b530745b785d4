"""Passkeys: adding one to an account, signing in with it, and taking it away.

A passkey is asked to check who holds it, so that it stands for password and second step at once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotAllowed, NotFound, SignInNeeded
from projectionist.features.accounts import attempts
from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts.attempts import Tell
from projectionist.features.accounts.credentials import queries
from projectionist.features.accounts.models import PasskeyRow, UserRow
from projectionist.features.accounts.passkeys import webauthn
from projectionist.features.accounts.passkeys.webauthn import NotVerified, Site
from projectionist.features.accounts.second_factor.service import check_password
from projectionist.features.accounts.service import SignedIn, let_in
from projectionist.features.accounts.sessions import IDLE, hash_of, new_token
from projectionist.features.accounts.users.service import check_may_open
from projectionist.features.audit_log.service import Act, record
from projectionist.web.ports import Principal

Now = Callable[[], datetime]

ANSWERED_WITHIN = timedelta(minutes=5)
MOST = 20
"""So many may one person have."""
_LONGEST_ID, _LONGEST_KEY = 1400, 2000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Passkey:
    """One of somebody's passkeys."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """What a browser is asked to make a passkey of: for whom, and which are there already."""

    challenge: str
    handle: str
    name: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What the browser brings of a passkey that was made, in base64url but for its name and algorithm."""

    name: str
    id: str
    client_data: str
    authenticator_data: str
    public_key: str
    algorithm: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser brings where a passkey was used, in base64url."""

    id: str
    client_data: str
    authenticator_data: str
    signature: str = field(repr=False)


def passkeys_of(database: Database, user_id: int) -> list[Passkey]:
    """Somebody's passkeys, the newest first."""
    with database.read() as session:
        return [_told(row) for row in queries.passkeys_of(session, user_id)]


def begin(
    database: Database, user_id: int, password: str, *, now: Now, tell: Tell = attempts.unheard
) -> NewQuestion:
    """Ask a browser for a passkey of somebody's.

    Raises InputWrong where the password is wrong, Conflict where there are too many, TooManyRequests.
    """
    check_password(database, user_id, password, now, tell)
    with database.write() as session:
        person = _there(accounts.user(session, user_id))
        known = [row.credential_id for row in queries.passkeys_of(session, user_id)]
        if len(known) >= MOST:
            raise Conflict(f"You have {MOST} passkeys, which is the most; revoke one first.")
        challenge = _ask(session, user_id, now())
        return NewQuestion(challenge, _handle(person), person.name, tuple(known))


def add(database: Database, user_id: int, site: Site, brought: NewAnswer, *, now: Now) -> Passkey:
    """Keep a passkey that the browser made. Raises InputWrong for a name or a passkey that cannot be taken."""
    called = " ".join(brought.name.split())
    if not 1 <= len(called) <= 60 or not called.isprintable():
        raise InputWrong("A passkey needs a name of up to 60 characters.", "name")
    try:
        with database.durable() as session:
            person = _there(accounts.user_for_update(session, user_id))
            _check_new(session, user_id, site, brought, now())
            row = PasskeyRow(
                user_id=user_id,
                name=called,
                credential_id=brought.id,
                public_key=brought.public_key,
                algorithm=brought.algorithm,
                count=0,
                created_at=now(),
                used_at=None,
            )
            session.add(row)
            session.flush()
            record(session, Act.PASSKEY_ADDED, person.name, at=now(), after={"passkey": called})
            return _told(row)
    except NotVerified as error:
        _log.warning("A passkey was not taken: %s", error)
        raise InputWrong(
            "This passkey cannot be taken, or it took too long; begin anew.", "passkey"
        ) from error
    except IntegrityError as error:
        raise InputWrong(
            "You have a passkey of this name, or this very one; choose another.", "name"
        ) from error


def ask(database: Database, *, now: Now) -> str:
    """A challenge for whoever wants to sign in with a passkey."""
    with database.write() as session:
        return _ask(session, None, now())


def sign_in(
    database: Database,
    site: Site,
    brought: Answer,
    *,
    now: Now,
    remember: bool,
    address: str,
    browser: str = "",
    known: str = "",
    idle: timedelta = IDLE,
) -> SignedIn:
    """Sign somebody in by their passkey. Raises SignInNeeded where it proves nothing."""
    try:
        with database.durable() as session:
            person = _proven(session, site, brought, now())
            return let_in(session, person, now(), remember, address, browser, known, idle, by="passkey")
    except NotVerified as error:
        _log.warning("A passkey let nobody in: %s", error)
        attempts.fail_passkey(database, now(), str(error))
    raise SignInNeeded("This passkey is not known here, or it took too long; try again, or use the password.")


def revoke(database: Database, by: Principal, passkey_id: int, *, now: Now) -> None:
    """Take one of one's own passkeys away. Raises NotFound, NotAllowed for a program."""
    if by.by_token:
        raise NotAllowed("A program takes no passkeys away; sign in and try again.")
    with database.durable() as session:
        person = _there(accounts.user_for_update(session, by.id))
        name = queries.remove_passkey(session, by.id, passkey_id)
        if name is None:
            raise NotFound("This passkey is not there any more; nothing was changed.")
        record(session, Act.PASSKEY_REVOKED, person.name, at=now(), before={"passkey": name})


def revoke_all(database: Database, by: Principal, user_id: int, *, now: Now) -> int:
    """Take all passkeys of somebody away; how many there were. Raises NotFound, NotAllowed as `check_may_open`."""
    with database.durable() as session:
        person = _there(accounts.user_for_update(session, user_id))
        check_may_open(by, person)
        names = queries.remove_passkeys_of(session, user_id)
        if names:
            record(session, Act.PASSKEY_REVOKED, person.name, at=now(), before={"passkeys": names})
        return len(names)


def _ask(session: Session, user_id: int | None, now: datetime) -> str:
    challenge = new_token()
    queries.ask(session, hash_of(challenge), user_id, now, now + ANSWERED_WITHIN)
    return challenge


def _check_new(session: Session, user_id: int, site: Site, brought: NewAnswer, now: datetime) -> None:
    client_data = webauthn.decoded(brought.client_data)
    challenge = webauthn.challenge_in(client_data, webauthn.CREATE, site)
    said = webauthn.said_in(webauthn.decoded(brought.authenticator_data), site)
    if len(brought.id) > _LONGEST_ID or len(brought.public_key) > _LONGEST_KEY:
        raise NotVerified("a key that is too long")
    if webauthn.encoded(said.new_id) != brought.id or not said.new_id:
        raise NotVerified("the id of another key")
    webauthn.check_key(webauthn.decoded(brought.public_key), brought.algorithm)
    if not queries.answer(session, hash_of(challenge), user_id, now):
        raise NotVerified("a challenge that was not asked")


def _proven(session: Session, site: Site, brought: Answer, now: datetime) -> UserRow:
    client_data, data = webauthn.decoded(brought.client_data), webauthn.decoded(brought.authenticator_data)
    challenge = webauthn.challenge_in(client_data, webauthn.GET, site)
    said = webauthn.said_in(data, site)
    found = queries.passkey_for_update(session, webauthn.encoded(webauthn.decoded(brought.id)))
    if found is None:
        raise NotVerified("a key that nobody here has")
    row, person = found
    webauthn.check_signature(
        webauthn.decoded(row.public_key),
        row.algorithm,
        data,
        client_data,
        webauthn.decoded(brought.signature),
    )
    if not queries.answer(session, hash_of(challenge), None, now):
        raise NotVerified("a challenge that was not asked")
    if (said.count or row.count) and said.count <= row.count:
        raise NotVerified("a count that went back, as a copied key's does")
    row.count, row.used_at = said.count, now
    return person


def _handle(person: UserRow) -> str:
    """By what authenticators tell accounts apart; it says nothing of the person."""
    told = f"{person.id} {person.created_at.isoformat()}"
    return webauthn.encoded(hashlib.sha256(told.encode()).digest())


def _there(person: UserRow | None) -> UserRow:
    if person is None:
        raise NotFound("This account is not there any more.")
    return person


def _told(row: PasskeyRow) -> Passkey:
    return Passkey(row.id, row.name, row.created_at, row.used_at)
