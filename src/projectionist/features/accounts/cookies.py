"""The cookies of accounts: out of reach of scripts, and sent to this site alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.datastructures import Cookie

from projectionist.db.counting import Taken
from projectionist.db.engine import Database
from projectionist.features.accounts import service
from projectionist.features.accounts.service import SignedIn
from projectionist.features.accounts.sessions import (
    COOKIE,
    HANDSHAKE_COOKIE,
    KNOWN_COOKIE,
    KNOWN_FOR,
    LINK_COOKIE,
    REMEMBERED,
    STEP_COOKIE,
    STEP_WITHIN,
    token_in,
)
from projectionist.features.accounts.setup_link import SETUP_COOKIE
from projectionist.kit.clock import Clock
from projectionist.web.config import ShellSettings
from projectionist.web.limits import STATE, headers_of

T = TypeVar("T")
P = ParamSpec("P")

_DOOR: Final = ThreadPoolExecutor(4, thread_name_prefix="sign-in")


async def at_the_door(attempt: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Weigh an attempt to sign in, on threads of its own: a crowd of strangers takes none from those inside."""
    call = partial(copy_context().run, attempt, *given, **named)
    return await asyncio.get_running_loop().run_in_executor(_DOOR, call)


def session_cookie(request: Request[Any, Any, Any], signed_in: SignedIn) -> Cookie:
    """The cookie of a sign-in; one that is not remembered ends with the browser."""
    lasting = int(REMEMBERED.total_seconds()) if signed_in.remembered else None
    return _cookie(request, COOKIE, signed_in.token, lasting)


def session_cookies(request: Request[Any, Any, Any], signed_in: SignedIn) -> list[Cookie]:
    """All that a sign-in leaves in the browser: who it is, and that the browser is no stranger's."""
    known = _cookie(request, KNOWN_COOKIE, signed_in.browser_token, int(KNOWN_FOR.total_seconds()))
    return [session_cookie(request, signed_in), known]


def known_browser(request: Request[Any, Any, Any]) -> str:
    """What the browser shows to be known by, empty where it never was here."""
    return token_in(request.cookies.get(KNOWN_COOKIE))


def tell_limit(request: Request[Any, Any, Any], clock: Clock) -> Callable[[Taken], None]:
    """Has the answer say how a limit stands that was counted on the way."""

    def tell(taken: Taken) -> None:
        request.scope["state"][STATE] = headers_of(taken, taken.wait_s(clock.now()))

    return tell


async def slow_down(request: Request[Any, Any, Any], database: Database, clock: Clock, name: str) -> None:
    """Let an attempt to sign in wait where many failed before; nothing is held meanwhile but the connection."""
    wait_s = await sync_to_thread(
        partial(
            service.slowness,
            database,
            name,
            now=clock.now,
            address=address_of(request),
            known=known_browser(request),
        )
    )
    if wait_s:
        await asyncio.sleep(wait_s)


def no_session(request: Request[Any, Any, Any]) -> Cookie:
    """Takes the cookie of a sign-in back."""
    return _cookie(request, COOKIE, "", 0)


def setup_cookie(request: Request[Any, Any, Any], value: str) -> Cookie:
    """The cookie for which the setup link was exchanged."""
    return _cookie(request, SETUP_COOKIE, value, None)


def no_setup(request: Request[Any, Any, Any]) -> Cookie:
    """Takes the cookie of the setup back."""
    return _cookie(request, SETUP_COOKIE, "", 0)


def link_cookie(request: Request[Any, Any, Any], value: str) -> Cookie:
    """The token of a link that was followed, so that it leaves the address bar."""
    return _cookie(request, LINK_COOKIE, value, None)


def no_link(request: Request[Any, Any, Any]) -> Cookie:
    """Takes the token of a link back."""
    return _cookie(request, LINK_COOKIE, "", 0)


def handshake_cookie(request: Request[Any, Any, Any], value: str) -> Cookie:
    """By what a browser goes on with what it began at another service."""
    return _cookie(request, HANDSHAKE_COOKIE, value, None)


def no_handshake(request: Request[Any, Any, Any]) -> Cookie:
    """Takes that back."""
    return _cookie(request, HANDSHAKE_COOKIE, "", 0)


def handshake_of(request: Request[Any, Any, Any]) -> str:
    """What a browser has begun at another service, empty where nothing."""
    return token_in(request.cookies.get(HANDSHAKE_COOKIE))


def step_cookie(request: Request[Any, Any, Any], value: str) -> Cookie:
    """The token of a sign-in whose second step is still to be taken."""
    return _cookie(request, STEP_COOKIE, value, int(STEP_WITHIN.total_seconds()))


def step_shown(request: Request[Any, Any, Any]) -> str:
    """The same as the browser shows it, empty where it shows none."""
    return token_in(request.cookies.get(STEP_COOKIE))


def no_step(request: Request[Any, Any, Any]) -> Cookie:
    """Takes it back."""
    return _cookie(request, STEP_COOKIE, "", 0)


def address_of(request: Request[Any, Any, Any]) -> str:
    """Where a request comes from, as attempts are counted."""
    return request.client.host if request.client else "unknown"


def browser_of(request: Request[Any, Any, Any]) -> str:
    """What the browser calls itself."""
    return request.headers.get("user-agent", "")[:200]


def shell_settings(request: Request[Any, Any, Any]) -> ShellSettings:
    """Where the pages live."""
    settings: ShellSettings = request.app.state.shell.settings
    return settings


def _cookie(request: Request[Any, Any, Any], key: str, value: str, max_age: int | None) -> Cookie:
    settings = shell_settings(request)
    return Cookie(
        key=key,
        value=value,
        path=settings.base_path or "/",
        max_age=max_age,
        secure=settings.is_https or request.scope["scheme"] == "https",
        httponly=True,
        samesite="lax",
    )
