"""Requests that change something must come from our own pages, or from a program that shows their token."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from projectionist.errors import NotAllowed
from projectionist.web.identifying import ANONYMOUS
from projectionist.web.ports import Principal

COOKIE: Final = "projectionist_csrf"
HEADER: Final = "x-csrf-token"
FIELD: Final = "_csrf_token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
WITHOUT_COOKIES: Final = "without_cookies"
"""In a handler's `opt`, beside `ANONYMOUS`: no cookie lets anybody do anything there, so nothing can be forged."""
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class CsrfRefused(NotAllowed):
    """A changing request without the token of the page it says it comes from."""

    code = "csrf_refused"


def token_in(cookie: str | None) -> str | None:
    """The token of a cookie, where it is one of ours by its shape."""
    return cookie if cookie and TOKEN.fullmatch(cookie) else None


def new_token() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(32)


async def check_csrf(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let through a changing request only with the token of its cookie, from our own origin. Raises CsrfRefused."""
    if not isinstance(connection, Request) or connection.method in SAFE:
        return
    if handler.opt.get(WITHOUT_COOKIES, False) and handler.opt.get(ANONYMOUS, False):
        return
    principal: Principal | None = connection.scope.get("user")
    if principal is not None and principal.by_token:
        return
    if not _is_own_origin(connection.scope):
        raise CsrfRefused("This came from a page of another site, so nothing was changed.")
    kept = token_in(connection.cookies.get(COOKIE))
    sent = connection.headers.get(HEADER) or await _token_of_form(connection)
    if not kept or not sent or not hmac.compare_digest(kept.encode(), sent.encode()):
        raise CsrfRefused(
            "The page this came from is too old or cookies are off, so nothing was changed; "
            "load the page anew and try again."
        )


async def _token_of_form(request: Request[Any, Any, Any]) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in FORMS:
        return ""
    sent = (await request.form()).get(FIELD, "")
    return sent if isinstance(sent, str) else ""


def _is_own_origin(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    if headers.get(b"sec-fetch-site", b"none") not in (b"same-origin", b"none"):
        return False
    origin = headers.get(b"origin", b"").decode("latin-1")
    if not origin:
        return True
    return urlsplit(origin).netloc.lower() == headers.get(b"host", b"").decode("latin-1").lower()
