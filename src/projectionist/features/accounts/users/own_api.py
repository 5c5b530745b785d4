"""The API of one's own account: its address, what is kept of it, and leaving; and for who forgot their password."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post, put
from litestar.params import JSONBody

from projectionist.db.engine import Database
from projectionist.features.accounts.cookies import no_session, tell_limit
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.accounts.users import emails, mailing, oneself
from projectionist.features.accounts.users.oneself import Belongings
from projectionist.features.accounts.users.own_documents import (
    EmailChange,
    EmailDocument,
    EmailProof,
    Leaving,
    PasswordForgotten,
    Told,
    email_document,
)
from projectionist.features.mail.service import Mailroom
from projectionist.kit.clock import Clock
from projectionist.web.access import OPEN
from projectionist.web.injection import Injected
from projectionist.web.limits import EMAIL, FORGOTTEN, limited
from projectionist.web.ports import Principal

ON_ITS_WAY = "Where an account here has this address, a mail with a link is on its way; it works for an hour."
"""The same words whoever asks, and whether there is such an account or not."""
FILE = "projectionist-account.json"


@get("/api/v1/me/email", tags=["Accounts"], operation_id="get_email", sync_to_thread=True)
def get_email(
    principal: Injected[Principal], database: Injected[Database], clock: Injected[Clock]
) -> EmailDocument:
    """One's e-mail address, and the one that waits to be proven."""
    return email_document(emails.email_of(database, principal.id, now=clock.now))


@put(
    "/api/v1/me/email",
    tags=["Accounts"],
    operation_id="change_email",
    sync_to_thread=True,
    **limited(EMAIL),
)
def change_email(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    mailroom: Injected[Mailroom],
    clock: Injected[Clock],
    data: JSONBody[EmailChange],
) -> EmailDocument:
    """Have a link mailed to another address; once it is followed, within 24 hours, that address is one's own."""
    tell, token = tell_limit(request, clock), request.cookies.get(COOKIE, "")
    if data.email.strip():
        return email_document(
            emails.want_email(mailroom, principal, data.email, data.password, tell=tell, token=token)
        )
    return email_document(emails.drop_email(mailroom, principal, data.password, tell=tell, token=token))


@post(
    "/api/v1/verify-email",
    tags=["Accounts"],
    operation_id="verify_email",
    status_code=204,
    sync_to_thread=True,
    **OPEN,
)
def verify_email(mailroom: Injected[Mailroom], data: JSONBody[EmailProof]) -> None:
    """Prove an address by the token of the link that was mailed there."""
    emails.verify_email(mailroom, data.token)


@post(
    "/api/v1/forgotten-password",
    tags=["Accounts"],
    operation_id="ask_for_password",
    status_code=202,
    sync_to_thread=True,
    **limited(FORGOTTEN, OPEN),
)
def ask_for_password(mailroom: Injected[Mailroom], data: JSONBody[PasswordForgotten]) -> Told:
    """Have a link to a new password mailed to one's address; the answer is the same for an address that nobody has."""
    mailing.forgotten(mailroom, data.email)
    return Told(ON_ITS_WAY)


@get("/api/v1/me/export", tags=["Accounts"], operation_id="export_me", sync_to_thread=True)
def export_me(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    belongings: Injected[Belongings],
) -> Response[dict[str, Any]]:
    """Everything that is kept of one's own account, as a file."""
    kept = oneself.own_data(database, principal, belongings=belongings, now=clock.now)
    found: dict[str, Any] = msgspec.to_builtins(kept)
    return Response(found, headers={"content-disposition": f'attachment; filename="{FILE}"'})


@post(
    "/api/v1/me/leave",
    tags=["Accounts"],
    operation_id="leave",
    status_code=204,
    sync_to_thread=True,
)
def leave(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: JSONBody[Leaving],
) -> Response[None]:
    """Take one's own account out, with its sign-ins and tokens; the last administrator stays."""
    token = request.cookies.get(COOKIE, "")
    tell = tell_limit(request, clock)
    oneself.leave(database, principal, data.password, now=clock.now, tell=tell, token=token)
    people.forget()
    return Response(None, cookies=[no_session(request)], status_code=204)


HANDLERS = (get_email, change_email, verify_email, ask_for_password, export_me, leave)
