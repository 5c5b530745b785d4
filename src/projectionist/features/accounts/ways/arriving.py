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
    return seen, let_in(request, seen, Kind.PLEX, database, clock, people)


def let_in(
    request: Request[Any, Any, Any],
    arrived: Arrived,
    kind: Kind,
    database: Database,
    clock: Clock,
    people: SignedInPeople,
) -> list[Cookie]:
    """What the browser is given of somebody who has arrived; what it was signed in as before ends."""
    if arrived.is_linking:
        return [no_handshake(request)]
    welcome = accounts.welcome(
        database,
        arrived.principal,
        now=clock.now,
        address=address_of(request),
        browser=browser_of(request),
        known=known_browser(request),
        idle=people.idle,
        remember=arrived.remember,
        way=kind.value,
    )
    if old := request.cookies.get(COOKIE):
        accounts.sign_out(database, old, now=clock.now)
    people.forget()
    return [*session_cookies(request, welcome), no_handshake(request)]
