"""The pages of one's own name, address and data, and those of the links that are mailed."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import NotAllowed, ProjectionistError
from projectionist.features.accounts.confirming import proof_of
from projectionist.features.accounts.cookies import link_cookie, no_link, no_session, tell_limit
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.sessions import COOKIE, LINK_COOKIE, token_in
from projectionist.features.accounts.users import addresses, emails, mailing, oneself
from projectionist.features.mail.service import Mailroom
from projectionist.kit.clock import Clock
from projectionist.web.access import OPEN
from projectionist.web.forms import Form, text, to
from projectionist.web.injection import Injected
from projectionist.web.limits import EMAIL, FORGOTTEN, limited
from projectionist.web.ports import Principal

PAGE = "/account/profile"


@get(PAGE, sync_to_thread=True, include_in_schema=False)
def profile_page(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    mailroom: Injected[Mailroom],
    clock: Injected[Clock],
) -> Template:
    """One's own name, address and data."""
    return Template("accounts/profile.html", context=_context(request, principal, mailroom, clock))


@post("/account/name", sync_to_thread=True, include_in_schema=False)
def rename(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    mailroom: Injected[Mailroom],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: Form,
) -> Template | Redirect:
    """Take another name."""
    try:
        oneself.rename(mailroom.database, principal.id, text(data, "name"), now=clock.now)
    except ProjectionistError as error:
        context = {**_context(request, principal, mailroom, clock), "name": text(data, "name")}
        return refused("accounts/profile.html", context, error)
    people.forget()
    return to(request, PAGE)


@post("/account/email", sync_to_thread=True, include_in_schema=False, **limited(EMAIL))
def change_email(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    mailroom: Injected[Mailroom],
    clock: Injected[Clock],
    data: Form,
) -> Template | Redirect:
    """Have a link mailed to another address, or have none any more."""
    typed, password = text(data, "email"), text(data, "current")
    tell, token = tell_limit(request, clock), request.cookies.get(COOKIE, "")
    try:
        if typed.strip():
            emails.want_email(mailroom, principal, typed, password, tell=tell, token=token)
        else:
            emails.drop_email(mailroom, principal, password, tell=tell, token=token)
    except ProjectionistError as error:
        context = {**_context(request, principal, mailroom, clock), "typed": typed}
        return refused("accounts/profile.html", context, error)
    return to(request, PAGE)


@post("/account/leave", sync_to_thread=True, include_in_schema=False)
def leave(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    mailroom: Injected[Mailroom],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: Form,
) -> Template | Redirect:
    """Take one's own account out."""
    tell, token = tell_limit(request, clock), request.cookies.get(COOKIE, "")
    password = text(data, "password")
    try:
        oneself.leave(mailroom.database, principal, password, now=clock.now, tell=tell, token=token)
    except ProjectionistError as error:
        return refused("accounts/profile.html", _context(request, principal, mailroom, clock), error)
    people.forget()
    answer = to(request, "/sign-in")
    answer.set_cookie(no_session(request))
    return answer


@get(addresses.FORGOTTEN, sync_to_thread=True, include_in_schema=False, **OPEN)
def forgotten_page(mailroom: Injected[Mailroom]) -> Template:
    """Where one asks for a link to a new password."""
    return Template("accounts/forgotten.html", context=_forgotten(mailroom))


@post(
    addresses.FORGOTTEN,
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
    **limited(FORGOTTEN, OPEN),
)
def ask_for_password(mailroom: Injected[Mailroom], data: Form) -> Template:
    """Have a link to a new password mailed; the answer is the same for an address that nobody has."""
    try:
        mailing.forgotten(mailroom, text(data, "email"))
    except ProjectionistError as error:
        return refused("accounts/forgotten.html", _forgotten(mailroom, text(data, "email")), error)
    return Template("accounts/forgotten.html", context={**_forgotten(mailroom), "is_asked": True})


@get(addresses.EMAIL, sync_to_thread=True, include_in_schema=False, **OPEN)
def verify_page(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    token: FromQuery[str] = "",  # nosec B107 - the empty one opens nothing
) -> Template | Redirect:
    """Where an address is proven; the link alone changes nothing, since mail servers follow links too."""
    if token:
        answer = to(request, addresses.EMAIL)
        answer.set_cookie(link_cookie(request, token_in(token)))
        return answer
    asked = emails.asked_of(database, _token(request), now=clock.now)
    if asked is None:
        return Template("accounts/link_over.html", context={"what": "email"}, status_code=403)
    return Template("accounts/verify_email.html", context={"asked": asked, "errors": {}, "is_done": False})


@post(addresses.EMAIL, sync_to_thread=True, include_in_schema=False, status_code=200, **OPEN)
def verify_email(
    request: Request[Any, Any, Any],
    mailroom: Injected[Mailroom],
    clock: Injected[Clock],
) -> Template:
    """Have the address that the link proves."""
    asked = emails.asked_of(mailroom.database, _token(request), now=clock.now)
    context: dict[str, Any] = {"asked": asked, "errors": {}, "is_done": False}
    try:
        context["asked"] = emails.verify_email(mailroom, _token(request))
    except NotAllowed:
        return Template("accounts/link_over.html", context={"what": "email"}, status_code=403)
    except ProjectionistError as error:
        return refused("accounts/verify_email.html", context, error)
    answer = Template("accounts/verify_email.html", context={**context, "is_done": True})
    answer.set_cookie(no_link(request))
    return answer


def _context(
    request: Request[Any, Any, Any], principal: Principal, mailroom: Mailroom, clock: Clock
) -> dict[str, Any]:
    return {
        "email": emails.email_of(mailroom.database, principal.id, now=clock.now),
        "proof": proof_of(mailroom.database, principal.id, request.cookies.get(COOKIE, "")),
        "is_set": mailroom.is_set,
        "name": principal.name,
        "typed": None,
        "errors": {},
    }


def _forgotten(mailroom: Mailroom, typed: str = "") -> dict[str, Any]:
    return {"is_set": mailroom.is_set, "is_asked": False, "typed": typed, "errors": {}}


def _token(request: Request[Any, Any, Any]) -> str:
    return token_in(request.cookies.get(LINK_COOKIE))


HANDLERS = (
    profile_page,
    rename,
    change_email,
    leave,
    forgotten_page,
    ask_for_password,
    verify_page,
    verify_email,
)
