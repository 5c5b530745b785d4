"""E-mail addresses of users: none is anybody's before a link was followed that was mailed there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.accounts import attempts
from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts.attempts import Tell
from projectionist.features.accounts.confirming import check_current
from projectionist.features.accounts.models import UserRow
from projectionist.features.accounts.sessions import hash_of, new_token
from projectionist.features.accounts.users import queries
from projectionist.features.accounts.users.letters import EMAIL, MOVED, PROVEN_WITHIN
from projectionist.features.accounts.users.links import Now, Purpose, link_row, used_up
from projectionist.features.audit_log.service import Act, record
from projectionist.features.mail.service import Mailroom, checked_address, note_letter, order, veiled
from projectionist.kit.acting import Actor, acting
from projectionist.web.ports import Principal


@dataclass(frozen=True, slots=True)
class Email:
    """Somebody's address, empty where they have none, and the one that they asked for and did not prove yet."""

    address: str = ""
    wanted: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose address a link proves, and which."""

    name: str
    address: str = field(repr=False)


def email_of(database: Database, user_id: int, *, now: Now) -> Email:
    """What is known of somebody's address. Raises NotFound."""
    with database.read() as session:
        return _told(session, _there(accounts.user(session, user_id)), now())


def want_email(
    room: Mailroom,
    principal: Principal,
    typed: str,
    password: str,
    *,
    tell: Tell = attempts.unheard,
    token: str = "",  # nosec B107 - the empty one is nobody's
) -> Email:
    """Mail a link to an address that somebody wants to have; what they have holds until that is followed.

    Whether somebody else has the address is told only to who reads what comes there.
    Raises MailNotSet, InputWrong for the address or the password, TooManyRequests.
    """
    room.needed()
    address = checked_address(typed)
    row = _shown_password(room.database, principal, password, token, room.now, tell)
    if address.lower() == row.folded_email:
        raise InputWrong("That is your address already; nothing was changed.", "email")
    moment = room.now()
    with room.database.durable() as session:
        row = _there(accounts.user_for_update(session, principal.id))
        queries.sweep_links(session, moment)
        queries.remove_links_of(session, Purpose.EMAIL, row.id)
        nothing = new_token()
        link = link_row(Purpose.EMAIL, nothing, moment, PROVEN_WITHIN, user_id=row.id, address=address)
        session.add(link)
        session.flush()
        about = {"link": link.id}
        letter = note_letter(session, EMAIL, address, about, asked_by=row.name, now=moment)
        record(session, Act.EMAIL_ASKED, row.name, at=moment, after={"email": veiled(address)})
        found = _told(session, row, moment)
    order(room, letter, EMAIL, principal.name)
    return found


def drop_email(
    room: Mailroom,
    principal: Principal,
    password: str,
    *,
    tell: Tell = attempts.unheard,
    token: str = "",  # nosec B107 - the empty one is nobody's
) -> Email:
    """Have no address any more, and none that is still to be proven. Raises InputWrong, TooManyRequests."""
    _shown_password(room.database, principal, password, token, room.now, tell)
    with room.database.durable() as session:
        row = _there(accounts.user_for_update(session, principal.id))
        former, row.email, row.folded_email = row.email or "", None, None
        accounts.end_links(session, row.id)
        if former:
            before = {"email": veiled(former)}
            record(session, Act.EMAIL_CHANGED, row.name, at=room.now(), before=before)
    return Email()


def asked_of(database: Database, token: str, *, now: Now) -> Asked | None:
    """What a link proves, or None where it opens nothing any more."""
    with database.read() as session:
        row = queries.link(session, Purpose.EMAIL, hash_of(token), now())
        person = None if row is None or row.user_id is None else accounts.user(session, row.user_id)
        return None if row is None or person is None else Asked(person.name, row.address)


def verify_email(room: Mailroom, token: str) -> Asked:
    """Have the address that a link proves; the one before is told, and links that went there are dead.

    Raises NotAllowed where the link opens nothing, Conflict where another account has the address.
    """
    moment = room.now()
    try:
        with room.database.durable() as session:
            row, former, address = _taken(session, token, moment)
            letter = None
            if former and room.is_set:
                about = {"user": row.id}
                letter = note_letter(session, MOVED, former, about, asked_by=row.name, now=moment)
            who = Actor(row.id, row.name, acting.get().address)
            told = {"email": veiled(address), "instead_of": veiled(former)}
            record(session, Act.EMAIL_CHANGED, row.name, at=moment, after=told, who=who)
            found = Asked(row.name, address)
    except IntegrityError as error:
        raise Conflict(
            "Another account here has this address, so yours is as it was; sign in with that account, or take another "
            "address."
        ) from error
    if letter is not None:
        order(room, letter, MOVED, found.name)
    return found


def _taken(session: Session, token: str, moment: datetime) -> tuple[UserRow, str, str]:
    """Use a link up: whose address it changed, what that was, and what it is."""
    taken = queries.take_link(session, Purpose.EMAIL, hash_of(token), moment)
    row = None if taken is None or taken.user_id is None else accounts.user_for_update(session, taken.user_id)
    if taken is None or row is None:
        raise used_up()
    former, address = row.email or "", taken.address
    row.email, row.folded_email = address, address.lower()
    queries.remove_links_of(session, Purpose.PASSWORD, row.id)
    session.flush()
    return row, former, address


def _shown_password(
    database: Database, principal: Principal, password: str, token: str, now: Now, tell: Tell
) -> UserRow:
    with database.read() as session:
        row = _there(accounts.user(session, principal.id))
    check_current(database, row, password, now=now, tell=tell, token=token)
    return row


def _told(session: Session, row: UserRow, moment: datetime) -> Email:
    link = queries.link_of(session, Purpose.EMAIL, row.id, moment)
    if link is None:
        return Email(row.email or "")
    return Email(row.email or "", link.address, link.expires_at)


def _there(row: UserRow | None) -> UserRow:
    if row is None:
        raise NotFound("This account is not there any more.")
    return row
