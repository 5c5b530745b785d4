"""What both the pages and the API do with what was begun at another service."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from projectionist.db.engine import Database
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.cookies import (
    address_of,
    browser_of,
    handshake_of,
    known_browser,
    no_handshake,
    session_cookies,
    shell_settings,
)
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.accounts.ways import plex
from projectionist.features.accounts.ways.plex import Arrived, PlexWay, Waiting
from projectionist.features.accounts.ways.service import Kind
from projectionist.kit.clock import Clock
from projectionist.web.ports import Principal

BACK = "/sign-in/plex"
"""Where plex.tv leads people on to."""


def back_to(request: Request[Any, Any, Any]) -> str:
    """That page, at the base URL, else at the address by which the asker came."""
    settings = shell_settings(request)
    base = settings.base_url.rstrip("/")
    if not base:
        base = f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}{settings.base_path}"
    return f"{base}{BACK}"


def signed_in(request: Request[Any, Any, Any]) -> Principal | None:
    """Who is signed in, on a page that anybody may ask for."""
    principal = request.scope["user"]
    return principal if isinstance(principal, Principal) else None


def look(
    request: Request[Any, Any, Any],
    way: PlexWay,
    database: Database,
    clock: Clock,
    people: SignedInPeople,
) -> tuple[Waiting | Arrived, list[Cookie]]:
    """Look whether somebody has arrived, and what their browser is given for it. Raises as `plex.look`."""
    seen = plex.look(way, handshake_of(request), signed_in(request))
    if isinstance(seen, Waiting):
        return seen, []
    if seen.is_linking:
        return seen, [no_handshake(request)]
    welcome = accounts.welcome(
        database,
        seen.principal,
        now=clock.now,
        address=address_of(request),
        browser=browser_of(request),
        known=known_browser(request),
        idle=people.idle,
        remember=seen.remember,
        way=Kind.PLEX.value,
    )
    if old := request.cookies.get(COOKIE):
        accounts.sign_out(database, old, now=clock.now)
        people.forget()
    return seen, [*session_cookies(request, welcome), no_handshake(request)]
