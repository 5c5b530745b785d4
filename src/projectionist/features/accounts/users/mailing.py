"""Links that are mailed: invitations, and new passwords for who forgot theirs."""

from __future__ import annotations

from datetime import datetime, timedelta

from projectionist.db import counting
from projectionist.db.counting import Rate
from projectionist.features.accounts.sessions import hash_of, new_token
from projectionist.features.accounts.users import queries
from projectionist.features.accounts.users.letters import FORGOTTEN, INVITATION
from projectionist.features.accounts.users.links import INVITED_FOR, Purpose, checked_invitation, link_row
from projectionist.features.audit_log.service import Act, record
from projectionist.features.mail.service import Mailroom, checked_address, note_letter, order, veiled
from projectionist.kit.acting import acting
from projectionist.settings.choices import Registration
from projectionist.web.ports import Principal

HOUR = timedelta(hours=1)
PER_ADDRESS = (Rate(3, HOUR),)
"""So many mails with a new password go to one address, wherever they are asked for."""


def invite_by_mail(
    room: Mailroom,
    by: Principal,
    role: str,
    note: str,
    address: str,
    *,
    lasts: timedelta = INVITED_FOR,
    registration: Registration = Registration.INVITATION,
) -> datetime:
    """Mail an invitation, which its reader alone sees, so that who joins by it has the address; until when it works.

    Raises MailNotSet, and what `invite` does.
    """
    room.needed()
    to = checked_address(address)
    wanted, said = checked_invitation(by, role, note, lasts, registration)
    moment, nothing = room.now(), new_token()
    with room.database.durable() as session:
        link = link_row(Purpose.INVITATION, nothing, moment, lasts, by=by, role=wanted, note=said, address=to)
        session.add(link)
        session.flush()
        queries.sweep_links(session, moment)  # after it, as in `invite`
        letter = note_letter(session, INVITATION, to, {"link": link.id}, asked_by=by.name, now=moment)
        told = {"role": wanted, "email": veiled(to)}
        record(session, Act.USER_INVITED, said, at=moment, after=told)
    order(room, letter, INVITATION, by.name)
    return moment + lasts


def forgotten(room: Mailroom, typed: str) -> None:
    """Mail a link to a new password to whoever has this address, if anybody does.

    Nothing is looked up here, so that the answer is the same, and takes as long, whether there is such an account or
    not: the job that writes the letter finds out. Raises MailNotSet, InputWrong for what is no address at all.
    """
    room.needed()
    address, moment = checked_address(typed), room.now()
    counted = hash_of(address.lower())
    if counting.take(room.database, "forgotten_of", counted, PER_ADDRESS, moment).granted == 0:
        return
    about = {"from": acting.get().address}
    with room.database.durable() as session:
        letter = note_letter(session, FORGOTTEN, address, about, asked_by="", now=moment)
        record(session, Act.PASSWORD_FORGOTTEN, at=moment)
    order(room, letter, FORGOTTEN)
