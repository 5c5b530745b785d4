"""Accounts: making the first administrator, signing in and out, and knowing who somebody is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound, SignInNeeded, TooManyRequests
from projectionist.features.accounts import passwords, queries
from projectionist.features.accounts.browsers import browser_name
from projectionist.features.accounts.models import SignInRow, UserRow
from projectionist.features.accounts.permissions import Role, permissions_of
from projectionist.features.accounts.sessions import IDLE, SEEN_EVERY, hash_of, lifetime, new_token
from projectionist.features.accounts.zones import check_time_zone
from projectionist.web.ports import Principal

Now = Callable[[], datetime]

LIMITS = ((timedelta(minutes=1), 3), (timedelta(hours=1), 10))
"""How many failed attempts an address has in how long."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody has signed in: the token goes into their browser's cookie, and nowhere else."""

    principal: Principal
    token: str = field(repr=False)
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class Browser:
    """One of the places where somebody is signed in."""

    id: int
    address: str
    browser: str
    remembered: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    is_this: bool

    @property
    def name(self) -> str:
        """What people call it."""
        return browser_name(self.browser)


def has_administrator(database: Database) -> bool:
    """Whether anybody is an administrator; until then only the setup is open."""
    with database.read() as session:
        return queries.people(session, Role.ADMINISTRATOR) > 0


def found(
    database: Database, name: str, password: str, *, now: Now, cookie_hash: str | None = None
) -> Principal:
    """Make the first administrator; of two who race, one is told that there is one.

    Raises InputWrong for a name or password that cannot be taken, Conflict where there is an administrator.
    """
    name = passwords.check_name(name)
    passwords.check_password(password, name)
    hashed = passwords.hash_password(password)
    moment = now()
    try:
        with database.durable() as session:
            queries.ensure_setup(session)
            if not queries.claim_setup(session, cookie_hash, moment):
                raise _founded()
            row = _user_row(name, hashed, moment)
            session.add(row)
            session.flush()
            return principal_of(row)
    except IntegrityError as error:
        raise _founded() from error


def sign_in(
    database: Database, name: str, password: str, *, now: Now, remember: bool, address: str, browser: str = ""
) -> SignedIn:
    """Sign somebody in. Answers take the same time and words whether the name exists or not.

    Raises TooManyRequests past the limits, SignInNeeded where name and password do not belong together.
    """
    _count_attempt(database, address, now())
    with database.read() as session:
        row = queries.user_by_name(session, name.strip().lower())
    if not passwords.matches(password, row.password_hash if row else None) or row is None:
        raise SignInNeeded("Name and password do not belong together; check both, then try again.")
    renewed = passwords.hash_password(password) if passwords.is_outdated(row.password_hash) else None
    token, moment = new_token(), now()
    with database.durable() as session:
        queries.give_attempt_back(session, address)
        current = queries.user_by_name(session, row.folded_name)
        if current is None or current.password_hash != row.password_hash:
            raise SignInNeeded("The password was changed a moment ago; sign in with the new one.")
        if renewed is not None:
            current.password_hash = renewed
        session.add(_sign_in_row(current.id, token, moment, remember, address, browser))
        queries.sweep(session, moment, max(span for span, _ in LIMITS))
    return SignedIn(principal_of(row), token, remember)


def welcome(
    database: Database, principal: Principal, *, now: Now, address: str, browser: str = ""
) -> SignedIn:
    """Sign in somebody who has just made their account."""
    token = new_token()
    with database.durable() as session:
        session.add(_sign_in_row(principal.id, token, now(), False, address, browser))
    return SignedIn(principal, token)


def sign_out(database: Database, token: str) -> None:
    """Sign a browser out, through a power cut."""
    with database.durable() as session:
        queries.end_sign_in(session, hash_of(token))


def known(database: Database, token_hash: str, *, now: Now, idle: timedelta = IDLE) -> Principal | None:
    """Who shows this token, while their sign-in lives; being seen prolongs it, by `idle` if not remembered."""
    moment = now()
    with database.read() as session:
        found_rows = queries.signed_in(session, token_hash)
    if found_rows is None:
        return None
    row, person = found_rows
    if row.expires_at <= moment:
        return None
    if abs(moment - row.seen_at) >= SEEN_EVERY:
        with database.write() as session:
            queries.mark_seen(session, row.id, moment, moment + lifetime(row.remembered, idle))
    return principal_of(person)


def browsers(database: Database, user_id: int, token: str, *, now: Now) -> list[Browser]:
    """Where somebody is signed in."""
    mine = hash_of(token)
    with database.read() as session:
        return [_browser(row, mine) for row in queries.sign_ins_of(session, user_id, now())]


def revoke(database: Database, user_id: int, sign_in_id: int) -> str:
    """Sign one of somebody's browsers out; the hash of its token. Raises NotFound."""
    with database.durable() as session:
        token_hash = queries.revoke_sign_in(session, user_id, sign_in_id)
    if token_hash is None:
        raise NotFound("That browser is not signed in any more; nothing was changed.")
    return token_hash


def change_password(
    database: Database, user_id: int, current: str, wanted: str, *, now: Now, address: str
) -> None:
    """Change somebody's password and sign them out everywhere, in one step that a power cut does not undo.

    Raises InputWrong where the current one is wrong or the new one cannot be taken, TooManyRequests.
    """
    with database.read() as session:
        row = queries.user(session, user_id)
    if row is None:
        raise NotFound("This account is not there any more.")
    passwords.check_password(wanted, row.name)
    _count_attempt(database, address, now())
    if not passwords.matches(current, row.password_hash):
        raise InputWrong("That is not the current password; nothing was changed.", "current")
    hashed = passwords.hash_password(wanted)
    with database.durable() as session:
        queries.give_attempt_back(session, address)
        changed = queries.user(session, user_id)
        if changed is None or changed.password_hash != row.password_hash:
            raise Conflict("The password was changed meanwhile; sign in with the new one.")
        changed.password_hash = hashed
        changed.password_changed_at = now()
        queries.end_all_sign_ins(session, user_id)


def set_time_zone(database: Database, user_id: int, wanted: str) -> Principal:
    """Keep the zone in which somebody is shown times; empty for that of their browser.

    Raises InputWrong for a zone that there is not, NotFound.
    """
    zone = check_time_zone(wanted)
    with database.write() as session:
        row = queries.user(session, user_id)
        if row is None:
            raise NotFound("This account is not there any more.")
        row.time_zone = zone
        return principal_of(row)


def principal_of(row: UserRow) -> Principal:
    """Who somebody is to the rest of the house."""
    return Principal(row.id, row.name, row.role, permissions_of(row.role), row.time_zone)


def _count_attempt(database: Database, address: str, now: datetime) -> None:
    with database.write() as session:
        counts = [(span, most, *queries.count_attempt(session, address, span, now)) for span, most in LIMITS]
    waits = [
        (starts_at + span - now).total_seconds() for span, most, count, starts_at in counts if count > most
    ]
    if waits:
        wait = max(1.0, *waits)
        shown = f"{wait:.0f} seconds" if wait < 120 else f"{wait / 60:.0f} minutes"
        raise TooManyRequests(f"Too many attempts from {address}; try again in {shown}.", wait)


def _founded() -> Conflict:
    return Conflict("There is an administrator already, so the setup is closed; sign in instead.")


def _user_row(name: str, hashed: str, now: datetime) -> UserRow:
    return UserRow(
        name=name,
        folded_name=name.lower(),
        role=Role.ADMINISTRATOR.value,
        password_hash=hashed,
        time_zone="",
        founder=1,
        created_at=now,
        password_changed_at=now,
    )


def _sign_in_row(
    user_id: int, token: str, now: datetime, remembered: bool, address: str, browser: str
) -> SignInRow:
    return SignInRow(
        user_id=user_id,
        token_hash=hash_of(token),
        remembered=remembered,
        address=address[:64],
        browser=browser[:200],
        created_at=now,
        seen_at=now,
        expires_at=now + lifetime(remembered),
    )


def _browser(row: SignInRow, mine: str) -> Browser:
    return Browser(
        row.id,
        row.address,
        row.browser,
        row.remembered,
        row.created_at,
        row.seen_at,
        row.expires_at,
        row.token_hash == mine,
    )
