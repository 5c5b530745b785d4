"""The page of one's own passkeys; making and using one needs the browser's own words, so a script sends those."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.features.accounts.passkeys import service
from projectionist.kit.clock import Clock
from projectionist.web.access import needs
from projectionist.web.forms import to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal

PAGE = "/account/passkeys"
MANAGE = needs(Permission.MANAGE_USERS)


@get(PAGE, sync_to_thread=True, include_in_schema=False)
def passkeys_page(principal: Injected[Principal], database: Injected[Database]) -> Template:
    """One's own passkeys, and a form for another."""
    found = service.passkeys_of(database, principal.id)
    return Template("accounts/passkeys.html", context={"passkeys": found})


@post("/account/passkeys/{passkey_id:int}/revoke", sync_to_thread=True, include_in_schema=False)
def revoke_passkey(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    passkey_id: FromPath[int],
) -> Redirect:
    """Take one of one's passkeys away."""
    service.revoke(database, principal, passkey_id, now=clock.now)
    return to(request, PAGE)


@post("/users/{user_id:int}/passkeys/revoke", sync_to_thread=True, include_in_schema=False, **MANAGE)
def revoke_passkeys_of_user(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    user_id: FromPath[int],
) -> Redirect:
    """Take all passkeys of somebody away."""
    service.revoke_all(database, principal, user_id, now=clock.now)
    return to(request, f"/users/{user_id}")


HANDLERS = (passkeys_page, revoke_passkey, revoke_passkeys_of_user)
