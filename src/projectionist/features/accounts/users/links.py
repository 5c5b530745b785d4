"""Links that work once: an invitation makes an account of a role, a password link lets somebody choose a new password.

Only a hash of what stands in a link is kept. Whoever holds one may use it, so it is over soon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotAllowed, NotFound
from projectionist.features.accounts import passwords
from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts.models import LinkRow
from projectionist.features.accounts.permissions import Role
from projectionist.features.accounts.service import has_administrator, principal_of, user_row
from projectionist.features.accounts.sessions import hash_of, new_token
from projectionist.features.accounts.users import queries
from projectionist.features.accounts.users.service import check_may_give, check_may_open, checked_role
from projectionist.features.audit_log.service import Act, record
from projectionist.kit.acting import Actor, acting
from projectionist.settings.choices import Registration
from projectionist.web.ports import Principal

Now = Callable[[], datetime]

INVITED_FOR = timedelta(days=7)
LONGEST = timedelta(days=30)
PASSWORD_WITHIN = timedelta(hours=1)


class Purpose(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    PASSWORD = "password"  # nosec B105
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that nobody has used yet."""

    id: int
    role: str
    note: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    address: str = ""
    """Where its link was mailed to, empty where it was shown."""


@dataclass(frozen=True, slots=True)
class Made:
    """A link was made: `token` stands in it, and is shown once."""

    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Made(expires_at={self.expires_at!r})"


def invite(
    database: Database,
    by: Principal,
    role: str,
    note: str,
    *,
    lasts: timedelta = INVITED_FOR,
    registration: Registration = Registration.INVITATION,
    now: Now,
) -> Made:
    """Let whoever holds the link make an account of this role; `note` says for whom it is meant.

    Raises InputWrong, NotAllowed for a role that may more than `by`, Conflict where registration is closed.
    """
    wanted, said = checked_invitation(by, role, note, lasts, registration)
    moment, token = now(), new_token()
    with database.durable() as session:
        session.add(link_row(Purpose.INVITATION, token, moment, lasts, by=by, role=wanted, note=said))
        # After it: who makes it is held first, as where they lose rights.
        queries.sweep_links(session, moment)
        record(session, Act.USER_INVITED, said, at=moment, after={"role": wanted})
    return Made(token, moment + lasts)


def checked_invitation(
    by: Principal, role: str, note: str, lasts: timedelta, registration: Registration
) -> tuple[str, str]:
    """Role and note of an invitation that `by` may make. Raises as `invite` does."""
    if registration is Registration.CLOSED:
        raise Conflict(
            "Nobody may make themselves an account here, so an invitation would open nothing and none was made; set "
            "PROJECTIONIST_REGISTRATION, on the settings page too, to invitation, then invite."
        )
    wanted = checked_role(role)
    check_may_give(by, wanted)
    if not timedelta(hours=1) <= lasts <= LONGEST:
        raise InputWrong(f"An invitation lasts from an hour to {LONGEST.days} days.", "days")
    return wanted.value, " ".join(note.split())[:100]


def invitations(database: Database, *, now: Now) -> list[Invitation]:
    """Those that nobody has used yet, the newest first."""
    with database.read() as session:
        return [_told(row) for row in queries.links(session, Purpose.INVITATION, now())]


def withdraw(database: Database, link_id: int, *, now: Now) -> None:
    """Take an invitation back. Raises NotFound."""
    with database.durable() as session:
        row = queries.remove_link(session, Purpose.INVITATION, link_id)
        if row is None:
            raise NotFound("This invitation was used or taken back already; nothing was changed.")
        record(session, Act.INVITATION_WITHDRAWN, row.note, at=now(), before={"role": row.role})


def invited(database: Database, token: str, *, now: Now) -> Invitation | None:
    """The invitation of a link, or None where it opens nothing any more."""
    with database.read() as session:
        row = queries.link(session, Purpose.INVITATION, hash_of(token), now())
    return None if row is None else _told(row)


def may_join(database: Database, token: str, registration: Registration, *, now: Now) -> bool:
    """Whether somebody with this token, empty for none, may make an account; nobody before the administrator."""
    if registration is Registration.CLOSED:
        return False
    if token:
        return invited(database, token, now=now) is not None
    return registration is Registration.OPEN and has_administrator(database)


def join(
    database: Database, token: str, name: str, password: str, *, registration: Registration, now: Now
) -> Principal:
    """Make one's own account, by the token of an invitation, or with none where registration is open.

    Raises InputWrong for a name or password that cannot be taken, NotAllowed where nothing lets them in.
    """
    if not may_join(database, token, registration, now=now):
        raise used_up() if token else NotAllowed("Ask an administrator for an invitation.")
    name = passwords.check_name(name)
    passwords.check_password(password, name)
    hashed, moment = passwords.hash_password(password), now()
    try:
        with database.durable() as session:
            role, address = _let_in_as(session, token, moment)
            row = user_row(name, hashed, moment, role)
            session.add(row)
            if address and accounts.user_by_email(session, address.lower()) is None:
                row.email, row.folded_email = (
                    address,
                    address.lower(),
                )  # who has the link reads what comes there
            session.flush()
            who = Actor(row.id, row.name, acting.get().address)
            record(session, Act.USER_JOINED, row.name, at=moment, after={"role": role.value}, who=who)
            return principal_of(row)
    except IntegrityError as error:
        raise InputWrong("Somebody here has this name; choose another.", "name") from error


def make_password_link(database: Database, by: Principal, user_id: int, *, now: Now) -> Made:
    """Let whoever holds the link choose a new password for somebody; one made before is dead.

    Raises NotFound, and NotAllowed as `check_may_open`.
    """
    moment = now()
    with database.durable() as session:
        # Both accounts before any link, as everybody who ends links: two who wait for each other would fail.
        row = accounts.users_for_update(session, by.id, user_id).get(user_id)
        if row is None:
            raise NotFound("This account is not there any more.")
        check_may_open(by, row)
        made = new_password_link(session, user_id, moment, by=by)
        record(session, Act.PASSWORD_LINK_MADE, row.name, at=moment)
    return made


def new_password_link(
    session: Session, user_id: int, moment: datetime, *, by: Principal | None = None
) -> Made:
    """A link to a new password, within a transaction; one made before is dead. `by` is None who made it themselves."""
    token = new_token()
    queries.remove_links_of(session, Purpose.PASSWORD, user_id)
    queries.sweep_links(session, moment)
    session.add(link_row(Purpose.PASSWORD, token, moment, PASSWORD_WITHIN, by=by, user_id=user_id))
    return Made(token, moment + PASSWORD_WITHIN)


def whose_password(database: Database, token: str, *, now: Now) -> str | None:
    """For whom a password link is, or None where it opens nothing any more."""
    with database.read() as session:
        row = queries.link(session, Purpose.PASSWORD, hash_of(token), now())
        person = None if row is None or row.user_id is None else accounts.user(session, row.user_id)
    return None if person is None else person.name


def choose_password(database: Database, token: str, password: str, *, now: Now) -> Principal:
    """Choose a new password by a link; every browser is signed out.

    Raises InputWrong for a password that cannot be taken, NotAllowed where the link opens nothing.
    """
    name = whose_password(database, token, now=now)
    if name is None:
        raise used_up()
    passwords.check_password(password, name)
    hashed, moment = passwords.hash_password(password), now()
    with database.durable() as session:
        # First the account, then its links, as everybody who ends them: two who wait for each other would fail.
        link = queries.link(session, Purpose.PASSWORD, hash_of(token), moment)
        row = (
            None if link is None or link.user_id is None else accounts.user_for_update(session, link.user_id)
        )
        if row is None or queries.take_link(session, Purpose.PASSWORD, hash_of(token), moment) is None:
            raise used_up()
        row.password_hash, row.password_changed_at = hashed, moment
        accounts.end_all_sign_ins(session, row.id)
        accounts.end_links(session, row.id)
        who = Actor(row.id, row.name, acting.get().address)
        record(session, Act.PASSWORD_CHANGED, row.name, at=moment, after={"by": "link"}, who=who)
        return principal_of(row)


def _let_in_as(session: Session, token: str, now: datetime) -> tuple[Role, str]:
    """What somebody becomes who makes their account now, and their address; the invitation is used up."""
    if not token:
        return Role.USER, ""
    taken = queries.take_link(session, Purpose.INVITATION, hash_of(token), now)
    if taken is None:
        raise used_up()
    return Role(taken.role), taken.address


def used_up() -> NotAllowed:
    """What is told of every link that opens nothing."""
    return NotAllowed("This link was used already or is over; ask for a new one.")


def link_row(
    purpose: Purpose,
    token: str,
    now: datetime,
    lasts: timedelta,
    *,
    by: Principal | None = None,
    user_id: int | None = None,
    role: str = "",
    note: str = "",
    address: str = "",
) -> LinkRow:
    """A new link, of which only a hash is kept."""
    return LinkRow(
        purpose=purpose.value,
        token_hash=hash_of(token),
        user_id=user_id,
        role=role,
        note=note,
        address=address,
        made_by="" if by is None else by.name[:30],
        maker_id=None if by is None else by.id or None,
        created_at=now,
        expires_at=now + lasts,
    )


def _told(row: LinkRow) -> Invitation:
    return Invitation(row.id, row.role, row.note, row.made_by, row.created_at, row.expires_at, row.address)
