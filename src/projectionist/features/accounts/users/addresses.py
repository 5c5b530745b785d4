"""Where links lead that let people in."""

from __future__ import annotations

from typing import Any

from litestar import Request

from projectionist.features.accounts.cookies import shell_settings

INVITATION = "/join"
PASSWORD = "/new-password"  # nosec B105 - the path of a page
EMAIL = "/verify-email"
FORGOTTEN = "/forgotten-password"


def link_to(request: Request[Any, Any, Any], path: str, token: str) -> str:
    """A link to one of our pages with its token, at the base URL, else at the address by which the asker came."""
    settings = shell_settings(request)
    base = settings.base_url.rstrip("/")
    if not base:
        base = f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}{settings.base_path}"
    return f"{base}{path}?token={token}"
