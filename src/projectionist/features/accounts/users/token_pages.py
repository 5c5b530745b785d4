"""The page of one's own tokens, and the ending of somebody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.features.accounts import tokens
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.users import others_tokens
from projectionist.features.accounts.users.pages import MANAGE, user_context
from projectionist.kit.clock import Clock
from projectionist.web.access import needs
from projectionist.web.forms import Form, text, texts, to, whole
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal

TOKENS = needs(Permission.MAKE_TOKENS)
PAGE = "/account/tokens"


@get(PAGE, sync_to_thread=True, include_in_schema=False, **TOKENS)
def tokens_page(
    principal: Injected[Principal], database: Injected[Database], clock: Injected[Clock]
) -> Template:
    """One's own tokens, and a form for another."""
    return Template("accounts/tokens.html", context=_context(principal, database, clock))


@post(PAGE, sync_to_thread=True, include_in_schema=False, status_code=200, **TOKENS)
def make_token(
    principal: Injected[Principal], database: Injected[Database], clock: Injected[Clock], data: Form
) -> Template:
    """Make a token; it is shown on the answer, and never again."""
    try:
        made = tokens.make_token(
            database,
            principal,
            text(data, "name"),
            texts(data, "scopes"),
            lasts=timedelta(days=whole(data, "days")),
            now=clock.now,
        )
    except ProjectionistError as error:
        return refused("accounts/tokens.html", {**_context(principal, database, clock), "given": data}, error)
    return Template("accounts/tokens.html", context={**_context(principal, database, clock), "made": made})


@post("/account/tokens/{token_id:int}/revoke", sync_to_thread=True, include_in_schema=False, **TOKENS)
def revoke_token(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    token_id: FromPath[int],
) -> Redirect:
    """End one of one's tokens."""
    tokens.revoke_token(database, principal.id, token_id, now=clock.now)
    people.forget()
    return to(request, PAGE)


@post(
    "/users/{user_id:int}/tokens/{token_id:int}/revoke",
    sync_to_thread=True,
    include_in_schema=False,
    **MANAGE,
)
def revoke_token_of_user(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    user_id: FromPath[int],
    token_id: FromPath[int],
) -> Template | Redirect:
    """End one of somebody's tokens."""
    try:
        others_tokens.revoke(database, principal, user_id, token_id, now=clock.now)
    except ProjectionistError as error:
        return refused("accounts/user.html", user_context(principal, database, clock, user_id), error)
    people.forget()
    return to(request, f"/users/{user_id}")


def _context(principal: Principal, database: Database, clock: Clock) -> dict[str, Any]:
    return {
        "tokens": tokens.tokens_of(database, principal.id, now=clock.now),
        "scopes": [one.value for one in tokens.GRANTABLE if one in principal.permissions],
        "given": {},
        "made": None,
        "errors": {},
    }


HANDLERS = (tokens_page, make_token, revoke_token, revoke_token_of_user)
