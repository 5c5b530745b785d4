"""What one's own account's page shows, for all who answer with it."""

from __future__ import annotations

from typing import Any

from litestar import Request

from projectionist.features.accounts import service
from projectionist.features.accounts.confirming import proof_of
from projectionist.features.accounts.credentials.linked import identities_of
from projectionist.features.accounts.second_factor.service import standing
from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.accounts.users.emails import email_of
from projectionist.features.accounts.ways.opening import Ways
from projectionist.features.accounts.zones import time_zones
from projectionist.kit.clock import Clock
from projectionist.web.ports import Principal
from projectionist.web.words import LANGUAGES

LINK_PASSWORD = "link_password"  # nosec B105 - the name of a field
"""The field in which one shows one's password to link an account; others of the page have the shorter name."""


def offered(ways: Ways) -> dict[str, Any]:
    """Which ways besides a password a page offers."""
    return {"has_plex": ways.plex.is_open, "oidc_name": ways.oidc.name if ways.oidc.is_open else ""}


def account_context(
    request: Request[Any, Any, Any], principal: Principal, ways: Ways, clock: Clock
) -> dict[str, Any]:
    """What one's own account's page shows."""
    token = request.cookies.get(COOKIE, "")
    database = ways.plex.database
    return {
        "browsers": service.browsers(database, principal.id, token, now=clock.now),
        "email": email_of(database, principal.id, now=clock.now),
        "identities": identities_of(database, principal.id),
        "proof": proof_of(database, principal.id, token),
        **offered(ways),
        "second_step": standing(database, principal.id),
        "zones": time_zones(),
        "languages": LANGUAGES,
        "errors": {},
    }
