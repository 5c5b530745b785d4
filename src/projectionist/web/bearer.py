"""What a program shows instead of a cookie: a token in the `Authorization` header, and nowhere else."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection

_SCHEME = "bearer"


def bearer_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The token of a request (RFC 6750, section 2.1), empty for none that could be ours; None where it shows none.

    A browser sends this header for no other site's page, so that such a request needs no further proof of where it
    comes from, and its cookies are not looked at.
    """
    scheme, _, token = connection.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != _SCHEME:
        return None
    shown = token.strip()
    return shown if 20 <= len(shown) <= 200 and shown.isascii() else ""
