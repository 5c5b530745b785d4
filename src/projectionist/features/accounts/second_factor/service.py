"""The second step: giving oneself one, taking it at sign-in, and taking it off.

The secret that an app shares with the house is sealed; of recovery codes only hashes are kept. No code is taken twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound, SignInNeeded
from projectionist.features.accounts import attempts, passwords
from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts.attempts import Tell
from projectionist.features.accounts.credentials import queries
from projectionist.features.accounts.models import UserRow
from projectionist.features.accounts.second_factor import totp
from projectionist.features.accounts.service import SignedIn, actor_of, let_in
from projectionist.features.accounts.sessions import IDLE, hash_of
from projectionist.features.accounts.users.service import check_may_open
from projectionist.features.audit_log.service import Act, record
from projectionist.kit.secrets import Vault
from projectionist.web.ports import Principal

Now = Callable[[], datetime]

CODES = 10
"""So many recovery codes are made at once."""
CONFIRMED_WITHIN = timedelta(minutes=15)
"""So long an app that was begun may be confirmed."""

_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Those of recovery codes, without what looks like something else."""
_GROUPS, _GROUP = 4, 4
"""16 of 30 letters: more than 78 bits, so that a plain hash keeps them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody has a second step, since when, and how many recovery codes they have left."""

    is_on: bool
    since: datetime | None = None
    codes_left: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """An app that is not confirmed yet: the secret to type into it, and the address that the QR code holds."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


def standing(database: Database, user_id: int) -> Standing:
    """How somebody's second step stands. Raises DatabaseUnusable."""
    with database.read() as session:
        row = queries.factor(session, user_id)
        if row is None or row.confirmed_at is None:
            return Standing(False)
        return Standing(True, row.confirmed_at, queries.codes_left(session, user_id))


def begin(
    database: Database,
    vault: Vault,
    user_id: int,
    password: str,
    *,
    now: Now,
    tell: Tell = attempts.unheard,
) -> Begun:
    """Make a secret for somebody's app; it counts once a code of the app confirmed it.

    Raises InputWrong where the password is wrong, Conflict where the second step is on, TooManyRequests.
    """
    name = check_password(database, user_id, password, now, tell)
    secret = totp.new_secret()
    with database.durable() as session:
        _hold(session, user_id)
        row = queries.factor(session, user_id)
        if row is not None and row.confirmed_at is not None:
            raise Conflict("The second step is on already; switch it off before you connect another app.")
        queries.put_factor(session, user_id, vault.seal(secret), now())
    return _begun(secret, name)


def begun(database: Database, vault: Vault, user_id: int, *, now: Now) -> Begun | None:
    """The app that somebody began to connect a moment ago, None where there is none."""
    with database.read() as session:
        person, row = accounts.user(session, user_id), queries.factor(session, user_id)
    if person is None or row is None or row.confirmed_at is not None:
        return None
    if row.made_at + CONFIRMED_WITHIN <= now():
        return None
    return _begun(vault.open(row.secret), person.name)


def confirm(database: Database, vault: Vault, user_id: int, code: str, *, now: Now) -> list[str]:
    """Switch the second step on, by a code that shows that the app holds the secret; the recovery codes, told once.

    Raises InputWrong for a wrong code, Conflict where no app was begun, or too long ago.
    """
    waiting = begun(database, vault, user_id, now=now)
    if waiting is None:
        raise Conflict("No app waits to be confirmed, or it was begun too long ago; begin anew.")
    period = totp.matching_step(waiting.secret, _typed(code), now())
    if period is None:
        raise InputWrong(
            "That is not the code of this moment; compare the clocks of both devices, and try the next one.",
            "code",
        )
    shown = _new_codes()
    with database.durable() as session:
        person = _hold(session, user_id)
        row = queries.factor(session, user_id)
        if row is None or row.confirmed_at is not None or vault.open(row.secret) != waiting.secret:
            raise Conflict("Another app was begun meanwhile; begin anew.")
        row.confirmed_at, row.used_step = now(), period
        queries.put_codes(session, user_id, _hashes(shown))
        record(session, Act.SECOND_FACTOR_ON, person.name, at=now())
    return shown


def renew_codes(
    database: Database, user_id: int, password: str, *, now: Now, tell: Tell = attempts.unheard
) -> list[str]:
    """Make other recovery codes, told once; those before are dead.

    Raises InputWrong where the password is wrong, Conflict where the second step is off, TooManyRequests.
    """
    check_password(database, user_id, password, now, tell)
    shown = _new_codes()
    with database.durable() as session:
        person = _hold(session, user_id)
        if not queries.those_with_one(session, [user_id]):
            raise _off()
        queries.put_codes(session, user_id, _hashes(shown))
        record(session, Act.RECOVERY_CODES_MADE, person.name, at=now())
    return shown


def switch_off(
    database: Database, user_id: int, password: str, *, now: Now, tell: Tell = attempts.unheard
) -> None:
    """Take one's own second step off.

    Raises InputWrong where the password is wrong, Conflict where it is off, TooManyRequests.
    """
    check_password(database, user_id, password, now, tell)
    with database.durable() as session:
        _remove(session, _hold(session, user_id), now())


def take_off(database: Database, by: Principal, user_id: int, *, now: Now) -> str:
    """Take somebody's second step off, who lost their app and their recovery codes; their name.

    Raises NotFound, NotAllowed as `check_may_open`, Conflict where it is off.
    """
    with database.durable() as session:
        person = _hold(session, user_id)
        check_may_open(by, person)
        _remove(session, person, now())
        return person.name


def waits(database: Database, step: str, *, now: Now) -> bool:
    """Whether a sign-in with this token waits for its second step."""
    with database.read() as session:
        return queries.step(session, hash_of(step), now()) is not None


def take_step(
    database: Database,
    vault: Vault,
    step: str,
    code: str,
    *,
    now: Now,
    address: str,
    browser: str = "",
    known: str = "",
    tell: Tell = attempts.unheard,
    idle: timedelta = IDLE,
) -> SignedIn:
    """Sign somebody in whose password was right, by a code of their app or a recovery code.

    Raises TooManyRequests past the limits, SignInNeeded for a wrong or used code, or where it took too long.
    """
    with database.read() as session:
        waiting = queries.step(session, hash_of(step), now())
    if waiting is None:
        raise _over()
    sign_in, person = waiting
    attempt = attempts.begin_step(database, person.folded_name, address, known, now(), tell)
    with database.durable() as session:
        current, moment = _hold(session, person.id), now()
        used = _use(session, vault, current.id, _typed(code), moment)
        if used is not None:
            if not queries.end_step(session, sign_in.token_hash):
                raise _over()
            accounts.forgive(session, attempt.pair)
            if used is Act.RECOVERY_CODE_USED:
                said = {"codes_left": queries.codes_left(session, current.id)}
                record(session, used, current.name, at=moment, after=said, who=actor_of(current))
            return let_in(session, current, moment, sign_in.remembered, address, browser, known, idle)
    attempts.fail(database, attempt, now(), person.name, step="code of the second step")
    raise SignInNeeded("That code is wrong, or was used before; wait for the next one, then try again.")


def _use(session: Session, vault: Vault, user_id: int, typed: str, now: datetime) -> Act | None:
    """Use a code up: the act that it is of, None where it is none."""
    if not (len(typed) == totp.DIGITS and typed.isascii() and typed.isdigit()):
        return Act.RECOVERY_CODE_USED if queries.use_code(session, user_id, hash_of(typed)) else None
    row = queries.factor(session, user_id)
    if row is None or row.confirmed_at is None:
        return None
    period = totp.matching_step(vault.open(row.secret), typed, now)
    if period is None or not queries.use_period(session, user_id, period):
        return None
    return Act.SIGNED_IN


def _remove(session: Session, person: UserRow, now: datetime) -> None:
    if not queries.remove_factor(session, person.id):
        raise _off()
    record(session, Act.SECOND_FACTOR_OFF, person.name, at=now)


def _hold(session: Session, user_id: int) -> UserRow:
    row = accounts.user_for_update(session, user_id)
    if row is None:
        raise NotFound("This account is not there any more.")
    return row


def check_password(database: Database, user_id: int, password: str, now: Now, tell: Tell) -> str:
    """Whose password it is; an open browser that somebody left changes nothing here."""
    with database.read() as session:
        row = accounts.user(session, user_id)
    if row is None:
        raise NotFound("This account is not there any more.")
    if not row.password_hash:
        raise InputWrong("You have no password here; choose one on your account page first.", "password")
    attempts.count_password(database, user_id, now(), tell)
    if not passwords.matches(password, row.password_hash):
        with database.durable() as session:
            record(session, Act.SECOND_FACTOR_REFUSED, row.name, at=now())
        raise InputWrong("That is not your password; nothing was changed.", "password")
    return row.name


def _begun(secret: str, name: str) -> Begun:
    return Begun(secret, totp.app_address(secret, name))


def _new_codes() -> list[str]:
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(CODES)]


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_GROUP))


def _hashes(codes: list[str]) -> list[str]:
    return [hash_of(_typed(code)) for code in codes]


def _typed(code: str) -> str:
    """A code as it is compared: however people group it, and in capitals."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


def _off() -> Conflict:
    return Conflict("There is no second step here; nothing was changed.")


def _over() -> SignInNeeded:
    return SignInNeeded("This sign-in took too long, or was ended; begin anew with name and password.")
