"""The API of the second step: one's own, and taking off that of somebody who lost it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody

from projectionist.db.engine import Database
from projectionist.features.accounts.cookies import (
    address_of,
    at_the_door,
    browser_of,
    known_browser,
    no_step,
    session_cookies,
    step_shown,
    tell_limit,
)
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.second_factor import service
from projectionist.features.accounts.second_factor.documents import (
    BegunDocument,
    CodesDocument,
    CodeShown,
    PasswordShown,
    StandingDocument,
    begun_document,
    standing_document,
)
from projectionist.kit.clock import Clock
from projectionist.kit.secrets import Vault
from projectionist.web.access import OPEN, needs
from projectionist.web.ids import Id
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_USERS)
PATH = "/api/v1/me/second-step"


@post("/api/v1/sign-in/code", tags=["Accounts"], operation_id="take_second_step", status_code=204, **OPEN)
async def take_second_step(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    vault: Injected[Vault],
    data: JSONBody[CodeShown],
) -> Response[None]:
    """Bring the code of an app, or a recovery code, to a sign-in that asked for one; sets the session cookie."""
    return await at_the_door(_take_step, request, database, clock, people, vault, data.code)


def _take_step(
    request: Request[Any, Any, Any],
    database: Database,
    clock: Clock,
    people: SignedInPeople,
    vault: Vault,
    code: str,
) -> Response[None]:
    signed_in = service.take_step(
        database,
        vault,
        step_shown(request),
        code,
        now=clock.now,
        address=address_of(request),
        browser=browser_of(request),
        known=known_browser(request),
        tell=tell_limit(request, clock),
        idle=people.idle,
    )
    people.end_former(request)
    cookies = [*session_cookies(request, signed_in), no_step(request)]
    return Response(None, status_code=204, cookies=cookies)


@get(PATH, tags=["Accounts"], operation_id="get_second_step", sync_to_thread=True)
def get_second_step(principal: Injected[Principal], database: Injected[Database]) -> StandingDocument:
    """Whether one has a second step, and how many recovery codes are left."""
    return standing_document(service.standing(database, principal.id))


@post(PATH, tags=["Accounts"], operation_id="begin_second_step", sync_to_thread=True)
def begin_second_step(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    vault: Injected[Vault],
    data: JSONBody[PasswordShown],
) -> BegunDocument:
    """Make a secret for an authenticator app; the second step is on once a code of the app confirmed it."""
    tell = tell_limit(request, clock)
    begun = service.begin(database, vault, principal.id, data.password, now=clock.now, tell=tell)
    return begun_document(begun)


@post(
    f"{PATH}/confirm",
    tags=["Accounts"],
    operation_id="confirm_second_step",
    status_code=200,
    sync_to_thread=True,
)
def confirm_second_step(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    vault: Injected[Vault],
    data: JSONBody[CodeShown],
) -> CodesDocument:
    """Switch the second step on, by a code of the app; the answer tells the recovery codes, and nothing else does."""
    return CodesDocument(service.confirm(database, vault, principal.id, data.code, now=clock.now))


@post(f"{PATH}/recovery-codes", tags=["Accounts"], operation_id="renew_recovery_codes", sync_to_thread=True)
def renew_recovery_codes(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    data: JSONBody[PasswordShown],
) -> CodesDocument:
    """Make other recovery codes; those before are dead."""
    tell = tell_limit(request, clock)
    return CodesDocument(service.renew_codes(database, principal.id, data.password, now=clock.now, tell=tell))


@post(
    f"{PATH}/switch-off",
    tags=["Accounts"],
    operation_id="switch_off_second_step",
    status_code=204,
    sync_to_thread=True,
)
def switch_off_second_step(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    data: JSONBody[PasswordShown],
) -> None:
    """Take one's second step off; the recovery codes are dead."""
    tell = tell_limit(request, clock)
    service.switch_off(database, principal.id, data.password, now=clock.now, tell=tell)


@delete(
    "/api/v1/users/{user_id:int}/second-step",
    tags=["Users"],
    operation_id="take_off_second_step",
    sync_to_thread=True,
    **MANAGE,
)
def take_off_second_step(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    user_id: Id,
) -> None:
    """Take off the second step of somebody who lost their app and their recovery codes."""
    service.take_off(database, principal, user_id, now=clock.now)


HANDLERS = (
    take_second_step,
    get_second_step,
    begin_second_step,
    confirm_second_step,
    renew_recovery_codes,
    switch_off_second_step,
    take_off_second_step,
)
