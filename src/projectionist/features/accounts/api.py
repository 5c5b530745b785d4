"""The API of accounts: signing in and out, who one is, where one is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import JSONBody

from projectionist.db.engine import Database
from projectionist.errors import SecondStepNeeded
from projectionist.features.accounts import service
from projectionist.features.accounts.cookies import (
    address_of,
    at_the_door,
    browser_of,
    known_browser,
    no_session,
    session_cookies,
    slow_down,
    tell_limit,
)
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.second_factor.service import take_step
from projectionist.features.accounts.service import SignedIn
from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.accounts.users.oneself import rename
from projectionist.features.accounts.zones import check_time_zone
from projectionist.kit.clock import Clock
from projectionist.kit.secrets import Vault
from projectionist.web.access import OPEN
from projectionist.web.ids import Id
from projectionist.web.injection import Injected
from projectionist.web.languages import check_language
from projectionist.web.limits import limited
from projectionist.web.paging import Limit, Offset, PageOut
from projectionist.web.ports import Principal

Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class SignInDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants to come in; `name` may be the e-mail address too.

    `code` is that of an authenticator app, or a recovery code, where one is asked for.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
    password: Secret
    remember: bool = False
    code: Annotated[str, msgspec.Meta(max_length=40)] = ""

    def __repr__(self) -> str:
        return f"SignInDocument({self.name!r})"


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password; it signs out everywhere. Who has none yet leaves `current` out."""

    password: Secret
    current: Annotated[str, msgspec.Meta(max_length=1024)] = ""

    def __repr__(self) -> str:
        return "PasswordChange(…)"


class PersonChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one changes of oneself: one's name, the zone in which times are shown, the language of pages and mails.

    Zone and language are empty for those of each browser. What is left out stays.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    language: Annotated[str, msgspec.Meta(max_length=20)] | None = None


class PersonDocument(msgspec.Struct, frozen=True):
    """Who is signed in, and what they may do."""

    id: int
    name: str
    role: str
    permissions: list[str]
    time_zone: str
    language: str


class LeftDocument(msgspec.Struct, frozen=True):
    """Seconds until one is signed out, and in which last ones of them pages warn of it; 0 for never."""

    left_s: int
    warned_s: int


class BrowserDocument(msgspec.Struct, frozen=True):
    """A place where somebody is signed in."""

    id: int
    address: str
    browser: str
    name: str
    remembered: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    is_this: bool


@post("/api/v1/sign-in", tags=["Accounts"], operation_id="sign_in", status_code=200, **limited(None, OPEN))
async def sign_in(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    vault: Injected[Vault],
    data: JSONBody[SignInDocument],
) -> Response[PersonDocument]:
    """Sign in; the answer sets the session cookie, and what this browser was signed in as before ends."""
    await slow_down(request, database, clock, data.name)
    return await at_the_door(_take, request, database, clock, people, vault, data)


def _take(
    request: Request[Any, Any, Any],
    database: Database,
    clock: Clock,
    people: SignedInPeople,
    vault: Vault,
    data: SignInDocument,
) -> Response[PersonDocument]:
    try:
        signed_in = _with_password(request, database, clock, people, data)
    except SecondStepNeeded as needed:
        if not data.code:
            raise
        signed_in = take_step(
            database,
            vault,
            needed.step,
            data.code,
            now=clock.now,
            address=address_of(request),
            browser=browser_of(request),
            known=known_browser(request),
            tell=tell_limit(request, clock),
            idle=people.idle,
        )
    people.end_former(request)
    return Response(person_document(signed_in.principal), cookies=session_cookies(request, signed_in))


def _with_password(
    request: Request[Any, Any, Any],
    database: Database,
    clock: Clock,
    people: SignedInPeople,
    data: SignInDocument,
) -> SignedIn:
    return service.sign_in(
        database,
        data.name,
        data.password,
        now=clock.now,
        remember=data.remember,
        address=address_of(request),
        browser=browser_of(request),
        known=known_browser(request),
        tell=tell_limit(request, clock),
        idle=people.idle,
    )


@post("/api/v1/sign-out", tags=["Accounts"], operation_id="sign_out", status_code=204, sync_to_thread=True)
def sign_out(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
) -> Response[None]:
    """Sign this browser out."""
    service.sign_out(database, request.cookies.get(COOKIE, ""), now=clock.now)
    people.forget()
    return Response(None, cookies=[no_session(request)], status_code=204)


@get("/api/v1/me", tags=["Accounts"], operation_id="get_me")
async def get_me(principal: Injected[Principal]) -> PersonDocument:
    """Who is signed in, and what they may do."""
    return person_document(principal)


@patch("/api/v1/me", tags=["Accounts"], operation_id="change_me", sync_to_thread=True)
def change_me(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: JSONBody[PersonChange],
) -> PersonDocument:
    """Take another name, or choose the zone in which one is shown times, or the language of pages and mails."""
    changed = principal
    if data.time_zone is not None:
        check_time_zone(data.time_zone)  # before anything is changed
    if data.language is not None:
        check_language(data.language)
    if data.name is not None:
        changed = rename(database, principal.id, data.name, now=clock.now)
    if data.time_zone is not None or data.language is not None:
        changed = service.set_preferences(
            database, principal.id, time_zone=data.time_zone, language=data.language
        )
    people.forget()
    return person_document(changed)


@put(
    "/api/v1/me/password",
    tags=["Accounts"],
    operation_id="change_password",
    status_code=204,
    sync_to_thread=True,
)
def change_password(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: JSONBody[PasswordChange],
) -> Response[None]:
    """Change one's password, and sign out everywhere."""
    service.change_password(
        database,
        principal.id,
        data.current,
        data.password,
        now=clock.now,
        tell=tell_limit(request, clock),
        token=request.cookies.get(COOKIE, ""),
    )
    people.forget()
    return Response(None, cookies=[no_session(request)], status_code=204)


@get(
    "/api/v1/me/sign-in", tags=["Accounts"], operation_id="get_sign_in", sync_to_thread=True, **limited(None)
)
def get_sign_in(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
) -> LeftDocument:
    """How long this browser stays signed in where nothing is done; with `X-Background`, asking is nothing done."""
    token = request.cookies.get(COOKIE, "")
    return _left(service.left(database, token, now=clock.now, idle=people.idle))


@post(
    "/api/v1/me/sign-in",
    tags=["Accounts"],
    operation_id="stay_signed_in",
    status_code=200,
    sync_to_thread=True,
)
def stay_signed_in(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
) -> LeftDocument:
    """Stay signed in, as doing something does."""
    token = request.cookies.get(COOKIE, "")
    return _left(service.stay(database, token, now=clock.now, idle=people.idle))


@get("/api/v1/me/sign-ins", tags=["Accounts"], operation_id="list_sign_ins", sync_to_thread=True)
def list_sign_ins(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[BrowserDocument]:
    """Where one is signed in."""
    found = service.browsers(database, principal.id, request.cookies.get(COOKIE, ""), now=clock.now)
    shown = [
        msgspec.convert(one, BrowserDocument, from_attributes=True) for one in found[offset : offset + limit]
    ]
    return PageOut(items=shown, offset=offset, total=len(found))


@delete(
    "/api/v1/me/sign-ins/{sign_in_id:int}",
    tags=["Accounts"],
    operation_id="revoke_sign_in",
    sync_to_thread=True,
)
def revoke_sign_in(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    sign_in_id: Id,
) -> None:
    """Sign one of one's browsers out."""
    service.revoke(database, principal.id, sign_in_id, now=clock.now)
    people.forget()


@delete("/api/v1/me/sign-ins", tags=["Accounts"], operation_id="revoke_other_sign_ins", sync_to_thread=True)
def revoke_other_sign_ins(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
) -> None:
    """Sign out all of one's browsers but this one."""
    service.revoke_others(database, principal.id, request.cookies.get(COOKIE, ""), now=clock.now)
    people.forget()


def _left(found: service.Left) -> LeftDocument:
    return LeftDocument(found.left_s, found.warned_s)


def person_document(principal: Principal) -> PersonDocument:
    """Somebody as the API shows them to themselves."""
    permissions = sorted(permission.value for permission in principal.permissions)
    return PersonDocument(
        principal.id,
        principal.name,
        principal.role,
        permissions,
        principal.time_zone,
        principal.language,
    )


HANDLERS = (
    sign_in,
    sign_out,
    get_me,
    change_me,
    change_password,
    get_sign_in,
    stay_signed_in,
    list_sign_ins,
    revoke_sign_in,
    revoke_other_sign_ins,
)
