"""Having somebody who is signed in show once more that it is they, before what cannot be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from projectionist.db.engine import Database
from projectionist.errors import InputWrong
from projectionist.features.accounts import attempts, passwords, queries
from projectionist.features.accounts.attempts import Tell
from projectionist.features.accounts.models import SignInRow, UserRow
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.audit_log.service import Act, record

Now = Callable[[], datetime]

FRESH = timedelta(minutes=10)
"""So long after signing in one may do what else needs a password."""


class Proof(StrEnum):
    """What somebody can show."""

    PASSWORD = "password"  # nosec B105
    SIGN_IN = "sign_in"
    """They have no password, and signed in here."""
    NOTHING = "nothing"
    """They have no password, and a proxy in front says who they are."""


def proof_of(database: Database, user_id: int, token: str) -> Proof:
    """What is asked of somebody whose browser shows `token`."""
    with database.read() as session:
        row = queries.user(session, user_id)
    if row is not None and row.password_hash:
        return Proof.PASSWORD
    return Proof.NOTHING if _sign_in(database, user_id, token) is None else Proof.SIGN_IN


def check_current(
    database: Database,
    row: UserRow,
    password: str,
    field: str = "current",
    *,
    now: Now,
    tell: Tell = attempts.unheard,
    token: str = "",  # nosec B107 - the empty one is nobody's
) -> None:
    """Have somebody show their password once more, or a sign-in of a moment ago by its `token` where they have none.

    Raises InputWrong, of the field `field`, TooManyRequests.
    """
    attempts.count_password(database, row.id, now(), tell)
    if not row.password_hash:
        _check_fresh(database, row.id, token, now())
    elif not passwords.matches(password, row.password_hash):
        with database.durable() as session:
            record(session, Act.PASSWORD_CHANGE_FAILED, row.name, at=now())
        raise InputWrong("That is not the current password; nothing was changed.", field)


def _check_fresh(database: Database, user_id: int, token: str, now: datetime) -> None:
    """Raises InputWrong where this person did not sign in there a moment ago: an open browser shall not be enough."""
    found = _sign_in(database, user_id, token)
    if found is None:
        raise InputWrong(
            "You have no password here, and did not sign in here yourself; ask an administrator for a link to choose a "
            "password, then show that. Nothing was changed."
        )
    if abs(now - found.created_at) > FRESH:
        raise InputWrong(
            "You have no password here; sign in anew, and do this within ten minutes of that. Nothing was changed."
        )


def _sign_in(database: Database, user_id: int, token: str) -> SignInRow | None:
    with database.read() as session:
        found = queries.signed_in(session, hash_of(token))
    return found[0] if found is not None and found[1].id == user_id else None
