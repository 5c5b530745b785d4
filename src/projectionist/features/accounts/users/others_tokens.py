"""The tokens of somebody else, for whoever manages users."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts import tokens
from projectionist.features.accounts.tokens import ApiToken
from projectionist.features.accounts.users import service as users
from projectionist.web.ports import Principal

Now = Callable[[], datetime]


def tokens_of(database: Database, user_id: int, *, now: Now) -> list[ApiToken]:
    """Somebody's tokens, the newest first; those that are over too. Raises NotFound."""
    return tokens.tokens_of(database, users.get_user(database, user_id, now=now).id, now=now)


def revoke(database: Database, by: Principal, user_id: int, token_id: int, *, now: Now) -> ApiToken:
    """End one of somebody's tokens; what it was. Raises NotFound, NotAllowed.

    Ending one lets nobody in, so that whoever may sign somebody out may do this too.
    """
    with database.durable() as session:
        row = accounts.user_for_update(session, user_id)
        if row is None:
            raise NotFound("This account is not there any more.")
        users.check_may_touch(by, row.role)
        return tokens.end_token(session, user_id, token_id, now(), whose=row.name)
