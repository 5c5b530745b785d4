"""What mails about accounts say. Each is written right before it is sent, and its link is made then.

They are in the language that the person chose; whoever has no account yet, or chose none, is written to in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from projectionist.features.accounts import queries as accounts
from projectionist.features.accounts.sessions import hash_of, new_token
from projectionist.features.accounts.users import queries
from projectionist.features.accounts.users.addresses import EMAIL as EMAIL_PATH
from projectionist.features.accounts.users.addresses import INVITATION as INVITATION_PATH
from projectionist.features.accounts.users.addresses import PASSWORD as PASSWORD_PATH
from projectionist.features.accounts.users.links import Purpose, new_password_link
from projectionist.features.audit_log.service import Act, record
from projectionist.features.mail.service import Content, Letter, Writer, veiled
from projectionist.kit.acting import Actor
from projectionist.web.words import _, said, speaking

INVITATION = "invitation"
FORGOTTEN = "new password"
EMAIL = "e-mail address"
MOVED = "address changed"
"""The kinds of letters; people read them on the page of jobs."""

PROVEN_WITHIN = timedelta(hours=24)

_FORGOTTEN = _(
    "Somebody asked for a new password for %(name)s. If that was you, choose it here:\n\n"
    "%(link)s\n\n"
    "The link works once, until %(until)s. If it was not you, nothing is to be done: your password is as it was.\n"
)
_PROOF = _(
    "%(name)s wants to use this address at Projectionist. If that is you, say so here:\n\n"
    "%(link)s\n\n"
    "The link works once, until %(until)s. If it is not you, nothing is to be done.\n"
)
_MOVED = _(
    "The e-mail address of %(name)s at Projectionist is %(address)s now, and no longer this one. "
    "If that was not you, ask an administrator at once.\n"
)


def writers(origin: str) -> Mapping[str, Writer]:
    """Who writes which kind; links lead to `origin`, which has no slash at its end."""
    return {
        INVITATION: partial(_invitation, origin),
        FORGOTTEN: partial(_new_password, origin),
        EMAIL: partial(_proof, origin),
        MOVED: _moved,
    }


def _invitation(origin: str, session: Session, letter: Letter, moment: datetime) -> Content | None:
    """Nothing where the invitation was taken back meanwhile."""
    row = queries.link_by_id(session, Purpose.INVITATION, int(letter.about["link"]), moment)
    if row is None:
        return None
    token = new_token()
    row.token_hash = hash_of(token)
    text = (
        "You are invited to the films of this house. Make yourself an account here:\n\n"
        f"{_link(origin, INVITATION_PATH, token)}\n\n"
        f"The link works once, until {_time(row.expires_at)}. Whoever has it may use it: pass it on to nobody.\n"
    )
    return Content(row.address, "Your invitation to Projectionist", text)


def _new_password(origin: str, session: Session, letter: Letter, moment: datetime) -> Content | None:
    """Nothing where nobody has the address; it goes to the address that is kept, not to the one that was typed."""
    row = accounts.user_by_email_for_update(session, letter.address.lower())
    if row is None or row.email is None:
        return None
    made = new_password_link(session, row.id, moment)
    who = Actor(name="a stranger", address=str(letter.about.get("from", "")))
    record(session, Act.PASSWORD_LINK_MADE, row.name, at=moment, after={"by": "mail"}, who=who)
    told = {
        "name": row.name,
        "link": _link(origin, PASSWORD_PATH, made.token),
        "until": _time(made.expires_at),
    }
    with speaking(row.language):
        return Content(row.email, said(_("A new password for Projectionist")), said(_FORGOTTEN) % told)


def _proof(origin: str, session: Session, letter: Letter, moment: datetime) -> Content | None:
    """Nothing where another address was asked for meanwhile, or the password was changed."""
    row = queries.link_by_id(session, Purpose.EMAIL, int(letter.about["link"]), moment)
    person = None if row is None or row.user_id is None else accounts.user(session, row.user_id)
    if row is None or person is None:
        return None
    token = new_token()
    row.token_hash, row.expires_at = hash_of(token), moment + PROVEN_WITHIN
    told = {
        "name": person.name,
        "link": _link(origin, EMAIL_PATH, token),
        "until": _time(row.expires_at),
    }
    with speaking(person.language):
        return Content(row.address, said(_("Is this your address?")), said(_PROOF) % told)


def _moved(session: Session, letter: Letter, moment: datetime) -> Content | None:
    """To the former address, which is the one that its owner still reads if it was somebody else."""
    row = accounts.user(session, int(letter.about["user"]))
    if row is None or row.created_at > letter.created_at:  # numbers of users who left are used again
        return None
    told = {"name": row.name, "address": veiled(row.email or "")}
    with speaking(row.language):
        return Content(
            letter.address, said(_("Your address at Projectionist was changed")), said(_MOVED) % told
        )


def _link(origin: str, path: str, token: str) -> str:
    return f"{origin}{path}?token={token}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
