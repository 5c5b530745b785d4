"""The pages behind links: making one's own account, and choosing a new password."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import NotAllowed, ProjectionistError
from projectionist.features.accounts.cookies import (
    link_cookie,
    no_link,
    session_cookies,
)
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.sessions import LINK_COOKIE, token_in
from projectionist.features.accounts.users import addresses, links
from projectionist.features.accounts.users.welcoming import welcomed
from projectionist.kit.clock import Clock
from projectionist.settings import Settings
from projectionist.settings.choices import Registration
from projectionist.web.access import OPEN
from projectionist.web.forms import Form, text, to
from projectionist.web.injection import Injected
from projectionist.web.limits import REGISTER, RESET, limited


@get(addresses.INVITATION, sync_to_thread=True, include_in_schema=False, **OPEN)
def join_page(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    settings: Injected[Settings],
    token: FromQuery[str] = "",  # nosec B107 - the empty one opens nothing
) -> Template | Redirect:
    """Where one makes one's account; the link is exchanged for a cookie, so that it leaves the address bar."""
    if token:
        return _exchanged(request, addresses.INVITATION, token)
    registration = Registration(settings.registration)
    if not links.may_join(database, _invitation(request, database, clock), registration, now=clock.now):
        return Template("accounts/link_over.html", context={"what": "invitation"}, status_code=403)
    return Template("accounts/join.html", context={"errors": {}, "name": ""})


@post(addresses.INVITATION, sync_to_thread=True, include_in_schema=False, **limited(REGISTER, OPEN))
def join(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    settings: Injected[Settings],
    data: Form,
) -> Template | Redirect:
    """Make one's account, signed in at once; what the browser was signed in as before ends."""
    name = text(data, "name")
    try:
        made = links.join(
            database,
            _invitation(request, database, clock),
            name,
            text(data, "password"),
            registration=Registration(settings.registration),
            now=clock.now,
        )
    except NotAllowed:
        return Template("accounts/link_over.html", context={"what": "invitation"}, status_code=403)
    except ProjectionistError as error:
        return refused("accounts/join.html", {"name": name}, error)
    signed_in = welcomed(request, database, clock, people, made)
    return _leaving(request, "/", [*session_cookies(request, signed_in), no_link(request)])


@get(addresses.PASSWORD, sync_to_thread=True, include_in_schema=False, **OPEN)
def password_page(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    token: FromQuery[str] = "",  # nosec B107
) -> Template | Redirect:
    """Where one chooses a new password by a link."""
    if token:
        return _exchanged(request, addresses.PASSWORD, token)
    name = links.whose_password(database, _token(request), now=clock.now)
    if name is None:
        return Template("accounts/link_over.html", context={"what": "password"}, status_code=403)
    return Template("accounts/new_password.html", context={"errors": {}, "name": name})


@post(addresses.PASSWORD, sync_to_thread=True, include_in_schema=False, **limited(RESET, OPEN))
def choose_password(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: Form,
) -> Template | Redirect:
    """Choose a new password; every browser is signed out, and one signs in with the new one."""
    name = links.whose_password(database, _token(request), now=clock.now)
    try:
        links.choose_password(database, _token(request), text(data, "password"), now=clock.now)
    except NotAllowed:
        return Template("accounts/link_over.html", context={"what": "password"}, status_code=403)
    except ProjectionistError as error:
        return refused("accounts/new_password.html", {"name": name or ""}, error)
    people.forget()
    return _leaving(request, "/sign-in", [no_link(request)])


def _invitation(request: Request[Any, Any, Any], database: Database, clock: Clock) -> str:
    """The token of the link that was followed, empty where it is over: then only open registration is left."""
    token = _token(request)
    return token if token and links.invited(database, token, now=clock.now) is not None else ""


def _token(request: Request[Any, Any, Any]) -> str:
    return token_in(request.cookies.get(LINK_COOKIE))


def _exchanged(request: Request[Any, Any, Any], path: str, token: str) -> Redirect:
    return _leaving(request, path, [link_cookie(request, token_in(token))])


def _leaving(request: Request[Any, Any, Any], path: str, cookies: list[Cookie]) -> Redirect:
    answer = to(request, path)
    for cookie in cookies:
        answer.set_cookie(cookie)
    return answer


HANDLERS = (join_page, join, password_page, choose_password)
