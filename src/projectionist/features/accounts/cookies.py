"""The cookies of accounts: out of reach of scripts, and sent to this site alone."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from projectionist.features.accounts.service import SignedIn
from projectionist.features.accounts.sessions import COOKIE, REMEMBERED
from projectionist.features.accounts.setup_link import SETUP_COOKIE
from projectionist.web.config import ShellSettings


def session_cookie(request: Request[Any, Any, Any], signed_in: SignedIn) -> Cookie:
    """The cookie of a sign-in; one that is not remembered ends with the browser."""
    lasting = int(REMEMBERED.total_seconds()) if signed_in.remembered else None
    return _cookie(request, COOKIE, signed_in.token, lasting)


def no_session(request: Request[Any, Any, Any]) -> Cookie:
    """Takes the cookie of a sign-in back."""
    return _cookie(request, COOKIE, "", 0)


def setup_cookie(request: Request[Any, Any, Any], value: str) -> Cookie:
    """The cookie for which the setup link was exchanged."""
    return _cookie(request, SETUP_COOKIE, value, None)


def no_setup(request: Request[Any, Any, Any]) -> Cookie:
    """Takes the cookie of the setup back."""
    return _cookie(request, SETUP_COOKIE, "", 0)


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
