"""The pages of the second step: taking it at sign-in, and one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.features.accounts.cookies import (
    address_of,
    at_the_door,
    browser_of,
    known_browser,
    no_step,
    session_cookies,
    shell_settings,
    step_cookie,
    step_shown,
    tell_limit,
)
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.second_factor import service
from projectionist.features.accounts.second_factor.service import Begun
from projectionist.kit.clock import Clock
from projectionist.kit.qr import QUIET, qr_code, svg_path
from projectionist.kit.secrets import Vault
from projectionist.web.access import OPEN, needs
from projectionist.web.forms import Form, text, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal
from projectionist.web.problems import local_path

STEP = "/sign-in/code"
PAGE = "/account/second-step"
MANAGE = needs(Permission.MANAGE_USERS)


def to_step(request: Request[Any, Any, Any], step: str, wanted: str) -> Redirect:
    """On to the second step, and from there to the page that was wanted."""
    answer = to(request, f"{STEP}?next={quote(wanted)}")
    answer.set_cookie(step_cookie(request, step))
    return answer


@get(STEP, sync_to_thread=True, include_in_schema=False, **OPEN)
def code_page(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    next: FromQuery[str] = "/",  # noqa: A002 (its name in URLs)
) -> Template | Redirect:
    """Where one brings the code; who was here too long begins anew."""
    wanted = local_path(next, shell_settings(request))
    if not service.waits(database, step_shown(request), now=clock.now):
        return to(request, f"/sign-in?next={quote(wanted)}")
    return Template("accounts/sign_in_code.html", context={"next": wanted, "errors": {}})


@post(STEP, include_in_schema=False, **OPEN)
async def take_step(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    vault: Injected[Vault],
    data: Form,
) -> Template | Redirect:
    """Take the code, and go to the page that was wanted."""
    return await at_the_door(_take, request, database, clock, people, vault, data)


def _take(
    request: Request[Any, Any, Any],
    database: Database,
    clock: Clock,
    people: SignedInPeople,
    vault: Vault,
    data: Mapping[str, Any],
) -> Template | Redirect:
    wanted = local_path(text(data, "next") or "/", shell_settings(request))
    step = step_shown(request)
    if not service.waits(database, step, now=clock.now):
        return to(request, f"/sign-in?next={quote(wanted)}")
    try:
        signed_in = service.take_step(
            database,
            vault,
            step,
            text(data, "code"),
            now=clock.now,
            address=address_of(request),
            browser=browser_of(request),
            known=known_browser(request),
            tell=tell_limit(request, clock),
            idle=people.idle,
        )
    except ProjectionistError as error:
        return refused("accounts/sign_in_code.html", {"next": wanted}, error)
    answer = to(request, wanted)
    for cookie in (*session_cookies(request, signed_in), no_step(request)):
        answer.set_cookie(cookie)
    people.end_former(request)
    return answer


@get(PAGE, sync_to_thread=True, include_in_schema=False)
def second_step_page(principal: Injected[Principal], database: Injected[Database]) -> Template:
    """How one's second step stands."""
    return Template("accounts/second_step.html", context=_context(database, principal))


@post(PAGE, sync_to_thread=True, include_in_schema=False, status_code=200)
def begin_second_step(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    vault: Injected[Vault],
    data: Form,
) -> Template:
    """Connect an app: its QR code, and where its code is typed."""
    tell = tell_limit(request, clock)
    try:
        begun = service.begin(database, vault, principal.id, text(data, "password"), now=clock.now, tell=tell)
    except ProjectionistError as error:
        return refused("accounts/second_step.html", _context(database, principal), error)
    context = {**_context(database, principal), "begun": _shown(begun)}
    return Template("accounts/second_step.html", context=context)


@post(f"{PAGE}/confirm", sync_to_thread=True, include_in_schema=False, status_code=200)
def confirm_second_step(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    vault: Injected[Vault],
    data: Form,
) -> Template:
    """Switch it on by a code of the app; the recovery codes are shown on the answer, and never again."""
    try:
        codes = service.confirm(database, vault, principal.id, text(data, "code"), now=clock.now)
    except ProjectionistError as error:
        begun = service.begun(database, vault, principal.id, now=clock.now)
        context = {**_context(database, principal), "begun": _shown(begun) if begun else None}
        return refused("accounts/second_step.html", context, error)
    return Template("accounts/second_step.html", context={**_context(database, principal), "codes": codes})


@post(f"{PAGE}/recovery-codes", sync_to_thread=True, include_in_schema=False, status_code=200)
def renew_recovery_codes(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    data: Form,
) -> Template:
    """Make other recovery codes, shown on the answer, and never again."""
    tell = tell_limit(request, clock)
    try:
        codes = service.renew_codes(database, principal.id, text(data, "password"), now=clock.now, tell=tell)
    except ProjectionistError as error:
        return refused("accounts/second_step.html", _context(database, principal), error)
    return Template("accounts/second_step.html", context={**_context(database, principal), "codes": codes})


@post(f"{PAGE}/switch-off", sync_to_thread=True, include_in_schema=False)
def switch_off_second_step(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    data: Form,
) -> Template | Redirect:
    """Take it off."""
    tell = tell_limit(request, clock)
    try:
        service.switch_off(database, principal.id, text(data, "password"), now=clock.now, tell=tell)
    except ProjectionistError as error:
        return refused("accounts/second_step.html", _context(database, principal), error)
    return to(request, PAGE)


@post("/users/{user_id:int}/second-step/take-off", sync_to_thread=True, include_in_schema=False, **MANAGE)
def take_off_second_step(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    user_id: FromPath[int],
) -> Redirect:
    """Take off that of somebody who lost it."""
    service.take_off(database, principal, user_id, now=clock.now)
    return to(request, f"/users/{user_id}")


def _context(database: Database, principal: Principal) -> dict[str, Any]:
    return {
        "standing": service.standing(database, principal.id),
        "begun": None,
        "codes": None,
        "errors": {},
    }


def _shown(begun: Begun) -> dict[str, Any]:
    modules = qr_code(begun.address)
    groups = [begun.secret[at : at + 4] for at in range(0, len(begun.secret), 4)]
    return {"path": svg_path(modules), "size": len(modules) + 2 * QUIET, "secret": " ".join(groups)}


HANDLERS = (
    code_page,
    take_step,
    second_step_page,
    begin_second_step,
    confirm_second_step,
    renew_recovery_codes,
    switch_off_second_step,
    take_off_second_step,
)
