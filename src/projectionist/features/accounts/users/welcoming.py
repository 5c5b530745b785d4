"""What pages and the API do with who has just made an account."""

from __future__ import annotations

from typing import Any

from litestar import Request

from projectionist.db.engine import Database
from projectionist.features.accounts import service
from projectionist.features.accounts.cookies import address_of, browser_of, known_browser
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.service import SignedIn
from projectionist.kit.clock import Clock
from projectionist.web.ports import Principal


def welcomed(
    request: Request[Any, Any, Any],
    database: Database,
    clock: Clock,
    people: SignedInPeople,
    made: Principal,
) -> SignedIn:
    """Sign them in; what the browser was signed in as before ends."""
    signed_in = service.welcome(
        database,
        made,
        now=clock.now,
        address=address_of(request),
        browser=browser_of(request),
        known=known_browser(request),
        idle=people.idle,
    )
    people.end_former(request)
    return signed_in
