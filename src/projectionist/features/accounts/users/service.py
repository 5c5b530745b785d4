"""Users as administrators see them: finding them, changing what they may do, taking them out.

Nobody gives what they may not do themselves, only administrators touch administrators, and one always stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotAllowed, NotFound
from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts.credentials.queries import count_passkeys, those_with_one
from projectionist.features.accounts.models import LinkRow, UserRow
from projectionist.features.accounts.permissions import AWAITED, PERMISSIONS, Role, permissions_of
from projectionist.features.accounts.users import queries
from projectionist.features.audit_log.service import Act, differing, record
from projectionist.media.vocabulary import Page
from projectionist.web.ports import Permission, Principal

Now = Callable[[], datetime]

OWNER = Principal(0, "the command line", Role.ADMINISTRATOR.value, frozenset(Permission))
"""Who holds the data folder may do everything, with the command line."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has an account. `exceptions` are what makes `permissions` differ from those of the role."""

    id: int
    name: str
    role: str
    permissions: frozenset[Permission]
    exceptions: Mapping[str, bool]
    created_at: datetime
    seen_at: datetime | None
    sign_ins: int
    tokens: int
    email: str
    second_step: bool
    passkeys: int

    @property
    def is_administrator(self) -> bool:
        """Whether they may everything."""
        return self.role == Role.ADMINISTRATOR.value


def users(
    database: Database, text: str = "", role: str = "", *, now: Now, offset: int = 0, size: int = 50
) -> Page[User]:
    """Who has an account, by name. Raises DatabaseUnusable."""
    with database.read() as session:
        rows, total = queries.found(session, text, role, offset, size)
        return Page(tuple(_told(session, rows, now())), offset, total)


def get_user(database: Database, user_id: int, *, now: Now) -> User:
    """One of them. Raises NotFound."""
    with database.read() as session:
        return _told(session, [_there(accounts.user(session, user_id))], now())[0]


def user_named(database: Database, name: str, *, now: Now) -> User:
    """Who has this name, however it is capitalised. Raises NotFound."""
    with database.read() as session:
        row = accounts.user_by_name(session, name.strip().lower())
        if row is None:
            raise NotFound(f"Nobody here is called {name.strip()[:30]}.")
        return _told(session, [row], now())[0]


def change_user(
    database: Database,
    by: Principal,
    user_id: int,
    *,
    role: str | None = None,
    exceptions: Mapping[str, bool] | None = None,
    now: Now,
) -> User:
    """Give somebody another role, or other exceptions from it; what is None stays.

    Raises NotFound, InputWrong for a role or permission that there is not, NotAllowed for what `by` may not give,
    Conflict where the last administrator would be none.
    """
    with database.durable() as session:
        administrators = queries.hold_administrators(session)
        row = _there(accounts.user_for_update(session, user_id))
        before, had = _said(row), permissions_of(row.role, row.exceptions)
        wanted = checked_role(row.role if role is None else role)
        made = _checked_exceptions(wanted, row.exceptions if exceptions is None else exceptions)
        check_may_touch(by, row.role, wanted)
        _check_may_give(by, had, permissions_of(wanted.value, made))
        if wanted is not Role.ADMINISTRATOR:
            _check_not_last(administrators, row)
        row.role, row.exceptions = wanted.value, made
        may = permissions_of(row.role, row.exceptions)
        if may - had:
            accounts.end_links(session, row.id)
        withdrawn = queries.remove_links_by(session, row.id) if had - may else ()
        was, is_now = differing(before, _said(row))
        if is_now:
            record(session, Act.USER_CHANGED, row.name, at=now(), before=was, after=is_now)
        _record_withdrawn(session, withdrawn, now())
        session.flush()
        return _told(session, [row], now())[0]


def remove_user(database: Database, by: Principal, user_id: int, *, now: Now) -> str:
    """Take somebody out, with their sign-ins and tokens; their name.

    Raises NotFound, NotAllowed, Conflict where it is the last administrator.
    """
    with database.durable() as session:
        administrators = queries.hold_administrators(session)
        row = _there(accounts.user_for_update(session, user_id))
        check_may_touch(by, row.role)
        _check_not_last(administrators, row)
        name, was = row.name, _said(row)
        withdrawn = queries.remove_links_by(session, row.id)
        queries.remove_user(session, user_id)
        _record_withdrawn(session, withdrawn, now())
        record(session, Act.USER_REMOVED, name, at=now(), before=was)
        return name


def sign_out_everywhere(database: Database, by: Principal, user_id: int, *, now: Now) -> User:
    """End every sign-in of somebody. Raises NotFound, NotAllowed."""
    with database.durable() as session:
        row = _there(accounts.user_for_update(session, user_id))
        check_may_touch(by, row.role)
        ended = queries.seen(session, [user_id], now()).get(user_id, (0, now()))[0]
        accounts.end_all_sign_ins(session, user_id)
        if ended:
            record(session, Act.BROWSER_REVOKED, row.name, at=now(), before={"browsers": ended})
        return _told(session, [row], now())[0]


def checked_role(text: str) -> Role:
    """A role by its name. Raises InputWrong."""
    try:
        return Role(text)
    except ValueError:
        names = ", ".join(role.value for role in Role)
        raise InputWrong(f"There is no such role; choose one of {names}.", "role") from None


def check_may_give(by: Principal, role: Role) -> None:
    """Raises NotAllowed where somebody of this role could do what `by` may not."""
    check_may_touch(by, role.value)
    _check_may_give(by, frozenset(), PERMISSIONS[role])


def check_may_touch(by: Principal, *roles: str) -> None:
    """Raises NotAllowed where one of the roles is that of administrators and `by` is none."""
    if Role.ADMINISTRATOR.value in roles and by.role != Role.ADMINISTRATOR.value:
        raise NotAllowed("Only an administrator makes or changes an administrator; nothing was changed.")


def check_may_open(by: Principal, row: UserRow) -> None:
    """Raises NotAllowed where a way into this account would let `by` do what they may not do as themselves.

    A program never may: whoever finds its token must not be able to make it a way in.
    """
    if by.by_token:
        raise NotAllowed(
            "Ways into accounts are changed in a browser, not by a program; nothing was changed."
        )
    check_may_touch(by, row.role)
    if beyond := _named(permissions_of(row.role, row.exceptions) - by.permissions):
        raise NotAllowed(
            f"{row.name} may do what you may not: {beyond}. Ask an administrator; nothing was changed."
        )


def _record_withdrawn(session: Session, links: Sequence[LinkRow], now: datetime) -> None:
    """Of the links of somebody who may less from now on, and could not make them now, invitations are told of."""
    for link in links:
        if link.role:
            record(session, Act.INVITATION_WITHDRAWN, link.note, at=now, before={"role": link.role})


def _named(permissions: Collection[Permission]) -> str:
    return ", ".join(sorted(one.value.replace("_", " ") for one in permissions))


def _check_may_give(by: Principal, had: frozenset[Permission], wanted: frozenset[Permission]) -> None:
    if beyond := _named(wanted - had - by.permissions):
        raise NotAllowed(f"You may not give what you may not do yourself: {beyond}. Nothing was changed.")


def _check_not_last(administrators: Sequence[int], row: UserRow) -> None:
    if list(administrators) == [row.id]:
        raise Conflict(
            f"{row.name} is the last administrator and stays one; make somebody else an administrator first."
        )


def _checked_exceptions(role: Role, exceptions: Mapping[str, object]) -> dict[str, bool]:
    """Those that make a difference; an administrator has none."""
    known = {one.value: one for one in Permission if one not in AWAITED}
    made = {}
    for name, may in exceptions.items():
        if name not in known or not isinstance(may, bool):
            raise InputWrong("There is no such permission; nothing was changed.", "exceptions")
        if may != (known[name] in PERMISSIONS[role]) and role is not Role.ADMINISTRATOR:
            made[name] = may
    return made


def _said(row: UserRow) -> dict[str, object]:
    return {"role": row.role, **{f"may_{name}": may for name, may in sorted(row.exceptions.items())}}


def _there(row: UserRow | None) -> UserRow:
    if row is None:
        raise NotFound("This account is not there any more.")
    return row


def _told(session: Session, rows: Sequence[UserRow], now: datetime) -> list[User]:
    ids = [row.id for row in rows]
    seen, tokens = queries.seen(session, ids, now), queries.count_tokens(session, ids, now)
    careful, passkeys = those_with_one(session, ids), count_passkeys(session, ids)
    return [
        User(
            row.id,
            row.name,
            row.role,
            permissions_of(row.role, row.exceptions),
            row.exceptions,
            row.created_at,
            seen[row.id][1] if row.id in seen else None,
            seen[row.id][0] if row.id in seen else 0,
            tokens.get(row.id, 0),
            row.email or "",
            row.id in careful,
            passkeys.get(row.id, 0),
        )
        for row in rows
    ]
