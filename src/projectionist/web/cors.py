"""Which other sites' pages may read the API: none, but for the origins that a setting names.

They never come as somebody who is signed in here: cookies are not let along, so a program of theirs brings a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from litestar.types import Scope, Send

from projectionist.web.config import ShellSettings

_METHODS: Final = b"GET, POST, PUT, PATCH, DELETE"
_HEADERS: Final = b"Authorization, Content-Type, X-Request-Id"
_KEPT_S: Final = b"600"


def origin_let_in(path: str, headers: Mapping[bytes, str], settings: ShellSettings) -> str:
    """The origin of a request to the API that the settings let in, else nothing."""
    origin = headers.get(b"origin", "")
    return origin if path.startswith("/api/") and origin in settings.cors_origins else ""


def is_preflight(scope: Scope, headers: Mapping[bytes, str], settings: ShellSettings) -> bool:
    """Whether a browser asks what a page of an origin that is let in may ask."""
    asks = scope.get("method") == "OPTIONS" and b"access-control-request-method" in headers
    return asks and bool(origin_let_in(scope["path"], headers, settings))


async def answer_preflight(send: Send) -> None:
    """Say what may be asked; the origin itself is named with every answer."""
    headers = [
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _HEADERS),
        (b"access-control-max-age", _KEPT_S),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
