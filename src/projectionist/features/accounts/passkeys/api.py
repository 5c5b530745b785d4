"""The API of passkeys: one's own, signing in with one, and taking away those of somebody else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody

from projectionist.db.engine import Database
from projectionist.features.accounts.api import PersonDocument, person_document
from projectionist.features.accounts.cookies import (
    address_of,
    at_the_door,
    browser_of,
    known_browser,
    no_step,
    session_cookies,
    shell_settings,
    tell_limit,
)
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.passkeys import service
from projectionist.features.accounts.passkeys.documents import (
    ALGORITHMS,
    NewPasskey,
    NewQuestionDocument,
    PasskeyDocument,
    QuestionDocument,
    UsedPasskey,
    brought,
    passkey_document,
    used,
)
from projectionist.features.accounts.passkeys.webauthn import Site
from projectionist.features.accounts.second_factor.documents import PasswordShown
from projectionist.kit.clock import Clock
from projectionist.web.access import OPEN, needs
from projectionist.web.ids import Id
from projectionist.web.injection import Injected
from projectionist.web.limits import PASSKEY, limited
from projectionist.web.paging import Limit, Offset, PageOut, part_out
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_USERS)


@post(
    "/api/v1/sign-in/passkey/question",
    tags=["Accounts"],
    operation_id="ask_for_passkey",
    status_code=200,
    sync_to_thread=True,
    **limited(PASSKEY, OPEN),
)
def ask_for_passkey(
    request: Request[Any, Any, Any], database: Injected[Database], clock: Injected[Clock]
) -> QuestionDocument:
    """What a passkey has to answer to sign in; it is good for five minutes, and once."""
    return QuestionDocument(service.ask(database, now=clock.now), site_of(request).host)


@post(
    "/api/v1/sign-in/passkey",
    tags=["Accounts"],
    operation_id="sign_in_by_passkey",
    status_code=200,
    **limited(PASSKEY, OPEN),
)
async def sign_in_by_passkey(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: JSONBody[UsedPasskey],
) -> Response[PersonDocument]:
    """Sign in by a passkey; the answer sets the session cookie, and what this browser was signed in as before ends."""
    return await at_the_door(_take, request, database, clock, people, data)


def _take(
    request: Request[Any, Any, Any],
    database: Database,
    clock: Clock,
    people: SignedInPeople,
    data: UsedPasskey,
) -> Response[PersonDocument]:
    signed_in = service.sign_in(
        database,
        site_of(request),
        used(data),
        now=clock.now,
        remember=data.remember,
        address=address_of(request),
        browser=browser_of(request),
        known=known_browser(request),
        idle=people.idle,
    )
    people.end_former(request)
    cookies = [*session_cookies(request, signed_in), no_step(request)]
    return Response(person_document(signed_in.principal), cookies=cookies)


@get("/api/v1/me/passkeys", tags=["Accounts"], operation_id="list_passkeys", sync_to_thread=True)
def list_passkeys(
    principal: Injected[Principal], database: Injected[Database], offset: Offset = 0, limit: Limit = 50
) -> PageOut[PasskeyDocument]:
    """One's own passkeys, the newest first."""
    return part_out(service.passkeys_of(database, principal.id), passkey_document, offset, limit)


@post(
    "/api/v1/me/passkeys/question",
    tags=["Accounts"],
    operation_id="begin_passkey",
    status_code=200,
    sync_to_thread=True,
)
def begin_passkey(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    data: JSONBody[PasswordShown],
) -> NewQuestionDocument:
    """What a browser makes a passkey of; it is good for five minutes, and once."""
    tell = tell_limit(request, clock)
    asked = service.begin(database, principal.id, data.password, now=clock.now, tell=tell)
    host = site_of(request).host
    return NewQuestionDocument(
        asked.challenge, host, asked.handle, asked.name, list(asked.known), list(ALGORITHMS)
    )


@post("/api/v1/me/passkeys", tags=["Accounts"], operation_id="add_passkey", sync_to_thread=True)
def add_passkey(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    data: JSONBody[NewPasskey],
) -> PasskeyDocument:
    """Keep a passkey that the browser made."""
    added = service.add(database, principal.id, site_of(request), brought(data), now=clock.now)
    return passkey_document(added)


@delete(
    "/api/v1/me/passkeys/{passkey_id:int}",
    tags=["Accounts"],
    operation_id="revoke_passkey",
    sync_to_thread=True,
)
def revoke_passkey(
    principal: Injected[Principal], database: Injected[Database], clock: Injected[Clock], passkey_id: Id
) -> None:
    """Take one of one's passkeys away."""
    service.revoke(database, principal, passkey_id, now=clock.now)


@delete(
    "/api/v1/users/{user_id:int}/passkeys",
    tags=["Users"],
    operation_id="revoke_passkeys_of_user",
    sync_to_thread=True,
    **MANAGE,
)
def revoke_passkeys_of_user(
    principal: Injected[Principal], database: Injected[Database], clock: Injected[Clock], user_id: Id
) -> None:
    """Take all passkeys of somebody away."""
    service.revoke_all(database, principal, user_id, now=clock.now)


def site_of(request: Request[Any, Any, Any]) -> Site:
    """Whom passkeys are for: the base URL, else the address by which the asker came."""
    base = urlsplit(shell_settings(request).base_url)
    scheme, netloc = base.scheme, base.netloc
    if not netloc:
        scheme, netloc = request.scope["scheme"], request.headers.get("host", "localhost")
    netloc = netloc.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))
    return Site(f"{scheme}://{netloc}".lower(), (urlsplit(f"//{netloc}").hostname or "").lower())


HANDLERS = (
    ask_for_passkey,
    sign_in_by_passkey,
    list_passkeys,
    begin_passkey,
    add_passkey,
    revoke_passkey,
    revoke_passkeys_of_user,
)
