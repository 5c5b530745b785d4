"""The pages to sign in and out, and one's own account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError, SecondStepNeeded
from projectionist.features.accounts import service
from projectionist.features.accounts.cookies import (
    address_of,
    at_the_door,
    browser_of,
    known_browser,
    no_session,
    session_cookies,
    shell_settings,
    slow_down,
    tell_limit,
)
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.second_factor.pages import to_step
from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.accounts.ways.account_page import account_context, offered
from projectionist.features.accounts.ways.opening import Ways
from projectionist.kit.clock import Clock
from projectionist.settings import Settings
from projectionist.settings.choices import Registration
from projectionist.web.access import OPEN
from projectionist.web.forms import Form, text, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Principal
from projectionist.web.problems import local_path


@get("/sign-in", sync_to_thread=True, include_in_schema=False, **OPEN)
def sign_in_page(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    settings: Injected[Settings],
    ways: Injected[Ways],
    next: FromQuery[str] = "/",  # noqa: A002 (its name in URLs)
) -> Template | Redirect:
    """Where one signs in; who is signed in already goes on."""
    wanted = local_path(next, shell_settings(request))
    if request.scope["user"] is not None:
        return to(request, wanted)
    return Template("accounts/sign_in.html", context=_sign_in_context(settings, ways, wanted))


@post("/sign-in", include_in_schema=False, **OPEN)
async def sign_in(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    settings: Injected[Settings],
    ways: Injected[Ways],
    data: Form,
) -> Template | Redirect:
    """Take name and password, and go to the page that was wanted."""
    await slow_down(request, database, clock, text(data, "name"))
    return await at_the_door(_take, request, database, clock, people, settings, ways, data)


def _take(
    request: Request[Any, Any, Any],
    database: Database,
    clock: Clock,
    people: SignedInPeople,
    settings: Settings,
    ways: Ways,
    data: Mapping[str, Any],
) -> Template | Redirect:
    wanted = local_path(text(data, "next") or "/", shell_settings(request))
    name = text(data, "name")
    try:
        signed_in = service.sign_in(
            database,
            name,
            text(data, "password"),
            now=clock.now,
            remember=bool(text(data, "remember")),
            address=address_of(request),
            browser=browser_of(request),
            known=known_browser(request),
            tell=tell_limit(request, clock),
            idle=people.idle,
        )
    except SecondStepNeeded as needed:
        return to_step(request, needed.step, wanted)
    except ProjectionistError as error:
        return refused("accounts/sign_in.html", _sign_in_context(settings, ways, wanted, name), error)
    answer = to(request, wanted)
    for cookie in session_cookies(request, signed_in):
        answer.set_cookie(cookie)
    people.end_former(request)
    return answer


@post("/sign-out", sync_to_thread=True, include_in_schema=False, **OPEN)
def sign_out(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
) -> Redirect:
    """Sign this browser out."""
    if token := request.cookies.get(COOKIE):
        service.sign_out(database, token, now=clock.now)
    people.forget()
    answer = to(request, "/sign-in")
    answer.set_cookie(no_session(request))
    return answer


@get("/account", sync_to_thread=True, include_in_schema=False)
def account_page(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    ways: Injected[Ways],
) -> Template:
    """One's own account: the time zone, the password, and where one is signed in."""
    context = account_context(request, principal, ways, clock)
    return Template("accounts/account.html", context=context)


@post("/account/password", sync_to_thread=True, include_in_schema=False)
def change_password(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    ways: Injected[Ways],
    data: Form,
) -> Template | Redirect:
    """Change one's password; one is signed out everywhere, and signs in with the new one."""
    try:
        service.change_password(
            database,
            principal.id,
            text(data, "current"),
            text(data, "password"),
            now=clock.now,
            tell=tell_limit(request, clock),
            token=request.cookies.get(COOKIE, ""),
        )
    except ProjectionistError as error:
        return refused("accounts/account.html", account_context(request, principal, ways, clock), error)
    people.forget()
    answer = to(request, f"/sign-in?next={quote('/account')}")
    answer.set_cookie(no_session(request))
    return answer


@post("/account/preferences", sync_to_thread=True, include_in_schema=False)
def change_preferences(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    ways: Injected[Ways],
    data: Form,
) -> Template | Redirect:
    """Choose the zone in which one is shown times, or the language of one's pages and mails."""
    chosen = {name: text(data, name) for name in ("time_zone", "language") if name in data}
    try:
        service.set_preferences(database, principal.id, **chosen)
    except ProjectionistError as error:
        return refused("accounts/account.html", account_context(request, principal, ways, clock), error)
    people.forget()
    return to(request, "/account")


@post("/account/sign-ins/{sign_in_id:int}/revoke", sync_to_thread=True, include_in_schema=False)
def revoke_sign_in(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    sign_in_id: FromPath[int],
) -> Redirect:
    """Sign one of one's browsers out."""
    service.revoke(database, principal.id, sign_in_id, now=clock.now)
    people.forget()
    return to(request, "/account")


@post("/account/sign-ins/revoke-others", sync_to_thread=True, include_in_schema=False)
def revoke_other_sign_ins(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
) -> Redirect:
    """Sign out all of one's browsers but this one."""
    service.revoke_others(database, principal.id, request.cookies.get(COOKIE, ""), now=clock.now)
    people.forget()
    return to(request, "/account")


def _sign_in_context(settings: Settings, ways: Ways, wanted: str, name: str = "") -> dict[str, Any]:
    return {
        "next": wanted,
        "name": name,
        "errors": {},
        "is_founded": service.has_administrator(ways.plex.database),
        **offered(ways),
        "is_open": settings.registration == Registration.OPEN,
    }


HANDLERS = (
    sign_in_page,
    sign_in,
    sign_out,
    account_page,
    change_password,
    change_preferences,
    revoke_sign_in,
    revoke_other_sign_ins,
)
