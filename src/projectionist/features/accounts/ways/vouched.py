"""Letting in whom another service vouches for with their groups: a provider of OpenID Connect, or a proxy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotAllowed
from projectionist.features.accounts.permissions import Role
from projectionist.features.accounts.service import has_administrator
from projectionist.features.accounts.users import service as users
from projectionist.features.accounts.ways import service
from projectionist.features.accounts.ways.roles import role_of
from projectionist.features.accounts.ways.service import Kind
from projectionist.media.identity import Vouched
from projectionist.web.ports import Principal

Now = Callable[[], datetime]


def enter(database: Database, kind: Kind, vouched: Vouched, mapping: Sequence[str], *, now: Now) -> Principal:
    """Who somebody is here. Whom a group names gets the role of that group, each time; the last administrator stays.

    Raises NotAllowed where no group lets them in; an administrator is never shut out.
    """
    role, is_named = role_of(mapping, vouched.groups)
    known = service.known(database, kind, vouched.proven)
    if role is None and (known is None or known.role != Role.ADMINISTRATOR):
        raise NotAllowed("None of your groups lets you in here; ask an administrator.")

    def newcomer() -> Role:
        assert role is not None
        if not has_administrator(database) and role is not Role.ADMINISTRATOR:
            raise NotAllowed("There is no administrator yet; somebody whose group makes them one has to come first.")
        return role

    entered = service.enter(database, kind, vouched.proven, newcomer, now=now)
    if role is None or not is_named or entered.role == role:
        return entered
    with suppress(Conflict):  # the last administrator stays one
        users.change_user(database, users.OWNER, entered.id, role=role.value, now=now)
    return service.known(database, kind, vouched.proven) or entered
