"""Letting in whom another service vouches for with their groups: a provider of OpenID Connect, or a proxy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotAllowed
from projectionist.features.accounts.permissions import Role
from projectionist.features.accounts.service import has_administrator
from projectionist.features.accounts.users import service as users
from projectionist.features.accounts.ways import service
from projectionist.features.accounts.ways.roles import is_taken, role_of
from projectionist.features.accounts.ways.service import Kind
from projectionist.features.audit_log.service import Act, note_seldom
from projectionist.kit.acting import Actor, acting
from projectionist.media.identity import Vouched
from projectionist.web.ports import Principal

Now = Callable[[], datetime]


_ACTING = {Kind.OIDC: "groups at the sign-in provider", Kind.PROXY: "groups at the proxy"}


@dataclass(frozen=True, slots=True)
class Door:
    """Where people with groups come in: by which kind, and what their groups make of them."""

    database: Database
    kind: Kind
    mapping: Sequence[str]
    may_register: bool
    now: Now


def enter(door: Door, vouched: Vouched) -> Principal:
    """Who somebody is here. Whom a group names gets the role of that group, each time.

    A role that groups give is lost with the last of them: what is left is what everybody gets, or a guest's where
    that is nothing. One that was given by hand, and that no group is named for, stays; so does the last administrator.
    Raises NotAllowed where no group lets them in; who is an administrator even so is never shut out.
    """
    role, by_name = role_of(door.mapping, vouched.groups)
    known = service.known(door.database, door.kind, vouched.proven)
    if known is not None:
        known = _as_groups_say(door, vouched, known, role, by_name)
    if role is None and (known is None or known.role != Role.ADMINISTRATOR):
        raise NotAllowed("None of your groups lets you in here; ask an administrator.")
    entered = service.enter(
        door.database,
        door.kind,
        vouched.proven,
        lambda: _newcomer(door, role),
        now=door.now,
        many_administrators=True,
    )
    return _as_groups_say(door, vouched, entered, role, by_name) if known is None else entered


def _as_groups_say(
    door: Door, vouched: Vouched, person: Principal, role: Role | None, by_name: bool
) -> Principal:
    """Somebody with the role that their groups leave them, written down as done by the groups."""
    left = role or Role.GUEST
    if person.role == left or not (by_name or is_taken(door.mapping, person.role, left)):
        return person
    marker = acting.set(Actor(name=_ACTING[door.kind], address=acting.get().address))
    try:
        users.change_user(door.database, users.OWNER, person.id, role=left.value, now=door.now)
    except Conflict:
        said = {"way": door.kind.value}  # each time that they come, or with each request of theirs
        note_seldom(door.database, Act.ADMINISTRATOR_KEPT, person.name, after=said, at=door.now())
        return person
    finally:
        acting.reset(marker)
    return service.known(door.database, door.kind, vouched.proven) or person


def _newcomer(door: Door, role: Role | None) -> Role:
    """What somebody becomes who has no account here. Raises NotAllowed where they get none."""
    founds = not has_administrator(door.database)
    if founds and role is not Role.ADMINISTRATOR:
        raise NotAllowed(
            "There is no administrator yet; somebody whose group makes them one has to come first."
        )
    if role is None or not (door.may_register or founds):
        raise NotAllowed("Nobody makes accounts here by themselves; ask an administrator.")
    return role
