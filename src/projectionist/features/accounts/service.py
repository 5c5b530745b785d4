"""Accounts: making the first administrator, signing in and out, and knowing who somebody is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotFound, SecondStepNeeded, SignInNeeded
from projectionist.features.accounts import attempts, passwords, queries
from projectionist.features.accounts.attempts import Tell
from projectionist.features.accounts.browsers import browser_name
from projectionist.features.accounts.confirming import check_current
from projectionist.features.accounts.credentials import queries as credentials
from projectionist.features.accounts.models import SignInRow, UserRow
from projectionist.features.accounts.permissions import Role, permissions_of
from projectionist.features.accounts.sessions import (
    IDLE,
    KNOWN_FOR,
    WARNED,
    hash_of,
    lifetime,
    new_token,
    seen_every,
)
from projectionist.features.accounts.zones import check_time_zone
from projectionist.features.audit_log.service import Act, record
from projectionist.kit.acting import Actor, acting
from projectionist.web.languages import check_language
from projectionist.web.ports import Principal

Now = Callable[[], datetime]

_CODE_NEEDED = "The code of your authenticator app is needed besides, or one of your recovery codes."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody has signed in: the token goes into their browser's cookie, and nowhere else."""

    principal: Principal
    token: str = field(repr=False)
    remembered: bool = False
    browser_token: str = field(repr=False, default="")
    """By what the browser is known from now on, before anybody is signed in there."""


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


@dataclass(frozen=True, slots=True)
class Left:
    """How many seconds a sign-in lives yet, and in which last ones of them pages warn of its end; 0 for never."""

    left_s: int
    warned_s: int


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
            row = user_row(name, hashed, moment, Role.ADMINISTRATOR, founder=1)
            session.add(row)
            session.flush()
            record(session, Act.ADMINISTRATOR_MADE, name, at=moment, who=actor_of(row))
            return principal_of(row)
    except IntegrityError as error:
        raise _founded() from error


def sign_in(
    database: Database,
    name: str,
    password: str,
    *,
    now: Now,
    remember: bool,
    address: str,
    browser: str = "",
    known: str = "",
    tell: Tell = attempts.unheard,
    idle: timedelta = IDLE,
) -> SignedIn:
    """Sign somebody in. Answers take the same time and words whether the name exists or not.

    `name` may be the e-mail address too. `known` is what the browser shows to be known by, and `tell` hears how the
    limit stands. Raises TooManyRequests past the limits, SignInNeeded where name and password do not belong together,
    SecondStepNeeded where they do and the account asks for a code besides.
    """
    folded = _folded(name)
    attempt = attempts.begin(database, folded, address, known, now(), tell)
    with database.read() as session:
        row = queries.user_called(session, folded)
    if not passwords.matches(password, row.password_hash if row else None) or row is None:
        attempts.fail(database, attempt, now(), row.name if row else "")
        raise SignInNeeded("Name and password do not belong together; check both, then try again.")
    renewed = passwords.hash_password(password) if passwords.is_outdated(row.password_hash) else None
    moment = now()
    with database.durable() as session:
        current = queries.user_for_update(session, row.id)
        if current is None or not _is_still(current, row.password_hash, password):
            raise SignInNeeded("The password was changed a moment ago; sign in with the new one.")
        current.password_hash = renewed or current.password_hash
        queries.forgive(session, attempt.pair)
        queries.sweep(session, moment, attempts.FORGIVEN, KNOWN_FOR)
        step = credentials.begin_step(session, current.id, remember, moment)
        if not step:
            return let_in(session, current, moment, remember, address, browser, known, idle)
    raise SecondStepNeeded(_CODE_NEEDED, step)


def _is_still(row: UserRow, hashed: str | None, password: str) -> bool:
    """Whether a password that was proven by a hash is theirs yet: another sign-in may have renewed the hash only."""
    return row.password_hash == hashed or passwords.matches(password, row.password_hash)


def let_in(
    session: Session,
    row: UserRow,
    now: datetime,
    remember: bool,
    address: str,
    browser: str,
    known: str,
    idle: timedelta,
    by: str = "",
) -> SignedIn:
    """Sign somebody in who has shown all that they must, by a token that nobody had before.

    `by` says what they showed where it was no password. Call it last in a transaction, as `record`.
    """
    token, browser_token = new_token(), new_token()
    session.add(_sign_in_row(row.id, token, now, remember, address, browser, idle))
    _know_browser(session, known, browser_token, row.id, now)
    said = {"browser": browser_name(browser), "remembered": remember, **({"by": by} if by else {})}
    record(session, Act.SIGNED_IN, row.name, at=now, after=said, who=actor_of(row))
    attempts.SIGN_INS.add("signed_in")
    return SignedIn(principal_of(row), token, remember, browser_token)


def welcome(
    database: Database,
    principal: Principal,
    *,
    now: Now,
    address: str,
    browser: str = "",
    known: str = "",
    idle: timedelta = IDLE,
) -> SignedIn:
    """Sign in somebody who has just made their account."""
    token, browser_token, moment = new_token(), new_token(), now()
    with database.durable() as session:
        session.add(_sign_in_row(principal.id, token, moment, False, address, browser, idle))
        _know_browser(session, known, browser_token, principal.id, moment)
        who = Actor(principal.id, principal.name, acting.get().address)
        said = {"browser": browser_name(browser), "remembered": False}
        record(session, Act.SIGNED_IN, principal.name, at=moment, after=said, who=who)
    attempts.SIGN_INS.add("signed_in")
    return SignedIn(principal, token, browser_token=browser_token)


def let_in_proven(
    database: Database,
    user_id: int,
    by: str,
    *,
    now: Now,
    remember: bool,
    address: str,
    browser: str = "",
    known: str = "",
    idle: timedelta = IDLE,
) -> SignedIn:
    """Sign in somebody whom another service has proven. Raises NotFound, SecondStepNeeded as after a password."""
    with database.durable() as session:
        row = queries.user_for_update(session, user_id)
        if row is None:
            raise NotFound("This account is not there any more.")
        moment = now()
        step = credentials.begin_step(session, row.id, remember, moment)
        if not step:
            return let_in(session, row, moment, remember, address, browser, known, idle, by=by)
    raise SecondStepNeeded(_CODE_NEEDED, step)


def slowness(database: Database, name: str, *, now: Now, address: str, known: str = "") -> float:
    """Seconds by which the answer to such an attempt to sign in is put off."""
    return attempts.slowness(database, _folded(name), address, known, now())


def sign_out(database: Database, token: str, *, now: Now) -> None:
    """Sign a browser out, through a power cut."""
    with database.durable() as session:
        found_rows = queries.signed_in(session, hash_of(token))
        if found_rows is None:
            return
        row, person = found_rows
        browser = browser_name(row.browser)
        queries.end_sign_in(session, row.token_hash)
        record(
            session, Act.SIGNED_OUT, person.name, at=now(), before={"browser": browser}, who=actor_of(person)
        )


def known(
    database: Database, token_hash: str, *, now: Now, idle: timedelta = IDLE, active: bool = True
) -> Principal | None:
    """Who shows this token, while their sign-in lives; being `active` prolongs it, by `idle` if not remembered."""
    moment = now()
    with database.read() as session:
        found_rows = queries.signed_in(session, token_hash)
    if found_rows is None:
        return None
    row, person = found_rows
    if _ends_at(row, idle) <= moment:
        return None
    if active and abs(moment - row.seen_at) >= seen_every(idle):
        with database.write() as session:
            queries.mark_seen(session, row.id, moment, moment + lifetime(row.remembered, idle))
    return replace(principal_of(person), idle_s=0 if row.remembered else int(idle.total_seconds()))


def left(database: Database, token: str, *, now: Now, idle: timedelta = IDLE) -> Left:
    """How long a sign-in lives yet; asking does not prolong it. Raises SignInNeeded where it is over."""
    moment = now()
    with database.read() as session:
        found_rows = queries.signed_in(session, hash_of(token))
    if found_rows is None or _ends_at(found_rows[0], idle) <= moment:
        raise SignInNeeded("Nobody is signed in here any more; sign in and try again.")
    row = found_rows[0]
    left_s = int((_ends_at(row, idle) - moment).total_seconds())
    return Left(left_s, 0 if row.remembered else int(idle.total_seconds() / WARNED))


def stay(database: Database, token: str, *, now: Now, idle: timedelta = IDLE) -> Left:
    """Prolong a sign-in as doing something does. Raises SignInNeeded where it is over."""
    moment = now()
    with database.write() as session:
        found_rows = queries.signed_in(session, hash_of(token))
        if found_rows is not None and _ends_at(found_rows[0], idle) > moment:
            row = found_rows[0]
            queries.mark_seen(session, row.id, moment, moment + lifetime(row.remembered, idle))
    return left(database, token, now=lambda: moment, idle=idle)


def browsers(database: Database, user_id: int, token: str, *, now: Now) -> list[Browser]:
    """Where somebody is signed in."""
    mine = hash_of(token)
    with database.read() as session:
        return [_browser(row, mine) for row in queries.sign_ins_of(session, user_id, now())]


def revoke(database: Database, user_id: int, sign_in_id: int, *, now: Now) -> str:
    """Sign one of somebody's browsers out; the hash of its token. Raises NotFound."""
    with database.durable() as session:
        row = queries.revoke_sign_in(session, user_id, sign_in_id)
        if row is None:
            raise NotFound("That browser is not signed in any more; nothing was changed.")
        was = {"browser": browser_name(row.browser), "address": row.address}
        record(session, Act.BROWSER_REVOKED, _name_of(session, user_id), at=now(), before=was)
        return row.token_hash


def revoke_others(database: Database, user_id: int, token: str, *, now: Now) -> int:
    """Sign out every browser of somebody but the one that shows this token; how many there were."""
    with database.durable() as session:
        ended = queries.revoke_others(session, user_id, hash_of(token))
        if ended:
            was = {"browsers": ended}
            record(session, Act.BROWSER_REVOKED, _name_of(session, user_id), at=now(), before=was)
        return ended


def change_password(
    database: Database,
    user_id: int,
    current: str,
    wanted: str,
    *,
    now: Now,
    tell: Tell = attempts.unheard,
    token: str = "",  # nosec B107
) -> None:
    """Change somebody's password and sign them out everywhere, in one step that a power cut does not undo.

    Who has none needs no current one, only a sign-in of a moment ago, whose `token` they show.
    Raises InputWrong where the current one is wrong or the new one cannot be taken, TooManyRequests.
    """
    with database.read() as session:
        row = queries.user(session, user_id)
    if row is None:
        raise NotFound("This account is not there any more.")
    passwords.check_password(wanted, row.name)
    check_current(database, row, current, now=now, tell=tell, token=token)
    hashed = passwords.hash_password(wanted)
    with database.durable() as session:
        changed = queries.user_for_update(session, user_id)
        if changed is None or not _is_still(changed, row.password_hash, current):
            raise Conflict("The password was changed meanwhile; sign in with the new one.")
        changed.password_hash = hashed
        changed.password_changed_at = now()
        queries.end_all_sign_ins(session, user_id)
        queries.end_links(session, user_id)
        record(session, Act.PASSWORD_CHANGED, changed.name, at=now())


def set_preferences(
    database: Database, user_id: int, *, time_zone: str | None = None, language: str | None = None
) -> Principal:
    """Keep the zone in which somebody is shown times, and the language of their pages and mails; None changes nothing.

    Empty means what their browser asks for. Raises InputWrong for a zone that there is not, or a language that is not
    shipped, and NotFound.
    """
    zone = None if time_zone is None else check_time_zone(time_zone)
    spoken = None if language is None else check_language(language)
    with database.write() as session:
        row = queries.user(session, user_id)
        if row is None:
            raise NotFound("This account is not there any more.")
        row.time_zone = row.time_zone if zone is None else zone
        row.language = row.language if spoken is None else spoken
        return principal_of(row)


def _folded(name: str) -> str:
    """A name as accounts are found by it; what no database takes is nobody's name."""
    return name.strip().lower().encode(errors="replace").decode().replace("\0", "\ufffd")


def _ends_at(row: SignInRow, idle: timedelta) -> datetime:
    """When a sign-in ends: as it was said when it was last used, or sooner where the time was shortened since."""
    return min(row.expires_at, row.seen_at + lifetime(row.remembered, idle))


def principal_of(row: UserRow) -> Principal:
    """Who somebody is to the rest of the house."""
    may = permissions_of(row.role, row.exceptions)
    return Principal(row.id, row.name, row.role, may, row.time_zone, row.language)


def principals(session: Session) -> dict[int, Principal]:
    """Everybody who has an account here, by number."""
    return {row.id: principal_of(row) for row in queries.everybody(session)}


def browser_called(user_agent: str) -> str:
    """What people call a browser that introduces itself so."""
    return browser_name(user_agent)


def _know_browser(session: Session, known: str, token: str, user_id: int, now: datetime) -> None:
    queries.renew_known_browser(session, hash_of(known) if known else None, hash_of(token), user_id, now)


def actor_of(row: UserRow) -> Actor:
    """Somebody who acts for themselves, before the house knows them by their cookie."""
    return Actor(row.id, row.name, acting.get().address)


def _name_of(session: Session, user_id: int) -> str:
    row = queries.user(session, user_id)
    return row.name if row is not None else ""


def _founded() -> Conflict:
    return Conflict("There is an administrator already, so the setup is closed; sign in instead.")


def user_row(name: str, hashed: str, now: datetime, role: Role, founder: int | None = None) -> UserRow:
    """A new account."""
    return UserRow(
        name=name,
        folded_name=name.lower(),
        role=role.value,
        exceptions={},
        password_hash=hashed,
        time_zone="",
        language="",
        founder=founder,
        created_at=now,
        password_changed_at=now,
    )


def _sign_in_row(
    user_id: int, token: str, now: datetime, remembered: bool, address: str, browser: str, idle: timedelta
) -> SignInRow:
    return SignInRow(
        user_id=user_id,
        token_hash=hash_of(token),
        remembered=remembered,
        address=address[:64],
        browser=browser[:200],
        created_at=now,
        seen_at=now,
        expires_at=now + lifetime(remembered, idle),
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
