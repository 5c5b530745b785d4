"""What both the pages and the API do with what was begun at another service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Request
from litestar.datastructures import Cookie

from projectionist.db.engine import Database
from projectionist.errors import SecondStepNeeded
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.cookies import (
    address_of,
    browser_of,
    handshake_of,
    known_browser,
    no_handshake,
    no_step,
    session_cookies,
    shell_settings,
    step_cookie,
    tell_limit,
)
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.second_factor.pages import STEP
from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.accounts.ways import plex, service
from projectionist.features.accounts.ways.plex import Arrived, PlexWay, Waiting
from projectionist.features.accounts.ways.service import Kind
from projectionist.kit.clock import Clock
from projectionist.web.ports import Principal

BACK = "/sign-in/plex"
"""Where plex.tv leads people on to."""


def back_to(request: Request[Any, Any, Any], page: str = BACK) -> str:
    """That page, or another, at the base URL, else at the address by which the asker came."""
    settings = shell_settings(request)
    base = settings.base_url.rstrip("/")
    if not base:
        base = f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}{settings.base_path}"
    return f"{base}{page}"


def signed_in(request: Request[Any, Any, Any]) -> Principal | None:
    """Who is signed in, on a page that anybody may ask for."""
    principal = request.scope["user"]
    return principal if isinstance(principal, Principal) else None


def who_links(
    request: Request[Any, Any, Any],
    principal: Principal,
    database: Database,
    clock: Clock,
    password: str,
    field: str = "password",
) -> Principal:
    """Who wants to link an account of theirs, once they have shown that it is them.

    Raises NotAllowed for a program, and else as `service.check_themselves`.
    """
    service.check_own_hand(principal)
    token, tell = request.cookies.get(COOKIE, ""), tell_limit(request, clock)
    service.check_themselves(database, principal.id, password, field, now=clock.now, tell=tell, token=token)
    return principal


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody has arrived: the page they go on to, and what their browser is given for it.

    With `needs_code` they are at the second step, as after a password.
    """

    path: str
    cookies: list[Cookie]
    is_linking: bool = False
    needs_code: bool = False


def look(
    request: Request[Any, Any, Any],
    way: PlexWay,
    database: Database,
    clock: Clock,
    people: SignedInPeople,
) -> Waiting | Inside:
    """Look whether somebody has arrived, and where they go on. Raises as `plex.look`."""
    seen = plex.look(way, handshake_of(request), signed_in(request))
    return seen if isinstance(seen, Waiting) else let_in(request, seen, Kind.PLEX, database, clock, people)


def let_in(
    request: Request[Any, Any, Any],
    arrived: Arrived,
    kind: Kind,
    database: Database,
    clock: Clock,
    people: SignedInPeople,
) -> Inside:
    """Where somebody goes on who has arrived; what their browser was signed in as before ends."""
    over = no_handshake(request)
    if arrived.is_linking:
        return Inside(arrived.wanted, [over], is_linking=True)
    try:
        session = accounts.let_in_proven(
            database,
            arrived.principal.id,
            kind.value,
            now=clock.now,
            remember=arrived.remember,
            address=address_of(request),
            browser=browser_of(request),
            known=known_browser(request),
            idle=people.idle,
        )
    except SecondStepNeeded as needed:
        step = f"{STEP}?next={quote(arrived.wanted)}"
        return Inside(step, [over, step_cookie(request, needed.step)], needs_code=True)
    people.end_former(request)
    people.forget()
    return Inside(arrived.wanted, [over, *session_cookies(request, session), no_step(request)])
