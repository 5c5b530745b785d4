"""What everybody may do with their own account: take another name, take what is kept of them along, and leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy.exc import IntegrityError

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, NotFound
from projectionist.features.accounts import attempts, passwords, tokens
from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts.attempts import Tell
from projectionist.features.accounts.confirming import check_current
from projectionist.features.accounts.credentials.queries import identities_of, passkeys_of
from projectionist.features.accounts.models import UserRow
from projectionist.features.accounts.service import browsers, principal_of
from projectionist.features.accounts.users import service
from projectionist.features.accounts.users.emails import email_of
from projectionist.features.accounts.users.links import Now
from projectionist.features.audit_log.service import Act, acts_of, record
from projectionist.web.ports import Principal

Belongings: TypeAlias = Mapping[str, Callable[[int], Sequence[Mapping[str, object]]]]
"""What other parts of the house keep of somebody, by its name in the file of their data."""
_NONE: Belongings = MappingProxyType({})


def rename(database: Database, user_id: int, wanted: str, *, now: Now) -> Principal:
    """Take another name. Raises InputWrong for one that cannot be taken, or that somebody has, NotFound."""
    name = passwords.check_name(wanted)
    try:
        with database.durable() as session:
            row = _there(accounts.user_for_update(session, user_id))
            before, row.name, row.folded_name = {"name": row.name}, name, name.lower()
            session.flush()
            record(session, Act.USER_CHANGED, name, at=now(), before=before, after={"name": name})
            return principal_of(row)
    except IntegrityError as error:
        raise InputWrong("Somebody here has this name; choose another.", "name") from error


def own_data(
    database: Database, principal: Principal, *, belongings: Belongings = _NONE, now: Now
) -> Mapping[str, Any]:
    """Everything that is kept of somebody as a user: no password, no token, nothing of others. Raises NotFound."""
    user = service.get_user(database, principal.id, now=now)
    email = email_of(database, principal.id, now=now)
    return {
        "made_at": now(),
        "account": {
            "id": user.id,
            "name": user.name,
            "role": user.role,
            "permissions": sorted(one.value for one in user.permissions),
            "exceptions": dict(user.exceptions),
            "time_zone": principal.time_zone,
            "language": principal.language,
            "created_at": user.created_at,
            "email": email.address,
            "email_asked_for": email.wanted,
            "second_step": user.second_step,
        },
        **_keys(database, principal.id),
        "browsers": [
            {
                "browser": one.browser,
                "address": one.address,
                "remembered": one.remembered,
                "created_at": one.created_at,
                "seen_at": one.seen_at,
                "expires_at": one.expires_at,
            }
            for one in browsers(database, principal.id, "", now=now)
        ],
        "tokens": [
            {
                "name": one.name,
                "scopes": list(one.scopes),
                "created_at": one.created_at,
                "expires_at": one.expires_at,
                "used_at": one.used_at,
            }
            for one in tokens.tokens_of(database, principal.id, now=now)
        ],
        "acts": [
            {
                "at": one.at,
                "act": one.act,
                "address": one.address,
                "about": one.about,
                "before": dict(one.before),
                "after": dict(one.after),
            }
            for one in acts_of(database, principal.id)
        ],
        **{name: kept_of(principal.id) for name, kept_of in belongings.items()},
    }


def _keys(database: Database, user_id: int) -> Mapping[str, Any]:
    with database.read() as session:
        return {
            "linked_accounts": [
                {"service": one.kind, "name": one.name, "linked_at": one.linked_at, "used_at": one.used_at}
                for one in identities_of(session, user_id)
            ],
            "passkeys": [
                {"name": one.name, "created_at": one.created_at, "used_at": one.used_at}
                for one in passkeys_of(session, user_id)
            ],
        }


def leave(
    database: Database,
    principal: Principal,
    password: str,
    *,
    now: Now,
    tell: Tell = attempts.unheard,
    token: str = "",  # nosec B107 - the empty one is nobody's
) -> None:
    """Take one's own account out, with its sign-ins, links and tokens; what others asked for stays.

    Raises InputWrong for the password, Conflict where it is the last administrator's, TooManyRequests.
    """
    with database.read() as session:
        row = _there(accounts.user(session, principal.id))
    check_current(database, row, password, "password", now=now, tell=tell, token=token)
    service.remove_user(database, principal, principal.id, now=now)


def _there(row: UserRow | None) -> UserRow:
    if row is None:
        raise NotFound("This account is not there any more.")
    return row
