"""What is linked to somebody else's account, for whoever manages users."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.features.accounts.credentials import linked
from projectionist.features.accounts.credentials.linked import Identity
from projectionist.features.accounts.users import service as users
from projectionist.features.accounts.users.service import User
from projectionist.features.accounts.ways import service
from projectionist.web.ports import Principal

Now = Callable[[], datetime]


def identities_of(database: Database, user_id: int, *, now: Now) -> list[Identity]:
    """What is linked to somebody. Raises NotFound."""
    return linked.identities_of(database, users.get_user(database, user_id, now=now).id)


def unlink(
    database: Database,
    by: Principal,
    user_id: int,
    identity_id: int,
    *,
    open_ways: Collection[str] | None,
    now: Now,
) -> User:
    """Unlink an identity from somebody, and sign them out everywhere: they may have come in by it.

    Raises NotFound, NotAllowed, and Conflict as `service.unlink`, whose `open_ways` these are.
    """
    service.check_own_hand(by)
    users.check_may_touch(by, users.get_user(database, user_id, now=now).role)
    service.unlink(database, user_id, identity_id, open_ways=open_ways, now=now)
    return users.sign_out_everywhere(database, by, user_id, now=now)
