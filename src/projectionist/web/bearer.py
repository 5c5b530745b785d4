"""What a program shows instead of a cookie: a token in the `Authorization` header, and nowhere else."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection

_SCHEME = "bearer"


def bearer_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The token of a request (RFC 6750, section 2.1), empty for none that could be ours; None where it shows none.

    A browser sends this header for no other site's page, and the cookies beside it are not looked at, so that who is
    known by it needs to prove no further that the request comes from a page of ours.
    """
    scheme, _, token = connection.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != _SCHEME:
        return None
    shown = token.strip()
    return shown if 20 <= len(shown) <= 200 and shown.isascii() else ""
