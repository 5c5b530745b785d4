"""The API of further ways in: signing in by Plex, and what is linked to one's account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody

from projectionist.db.engine import Database
from projectionist.features.accounts.cookies import handshake_cookie
from projectionist.features.accounts.credentials.linked import Identity, identities_of
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.ways import arriving, oidc, oidc_pages, others, plex, service
from projectionist.features.accounts.ways.opening import Ways
from projectionist.features.accounts.ways.plex import Begun, Waiting
from projectionist.kit.clock import Clock
from projectionist.web.access import OPEN, needs
from projectionist.web.ids import Id
from projectionist.web.injection import Injected
from projectionist.web.limits import ELSEWHERE, limited
from projectionist.web.paging import Limit, Offset, PageOut, part_out
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_USERS)


class SignInOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sign-in by another service; `remember` keeps it for 30 days."""

    remember: bool = False


class LinkOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One's password, to link an account; who has none leaves it out, and signs in within the ten minutes before."""

    password: Annotated[str, msgspec.Meta(max_length=1024)] = ""

    def __repr__(self) -> str:
        return "LinkOrder(…)"


class BegunDocument(msgspec.Struct, frozen=True):
    """Where one signs in at the other service, in a browser, and until when."""

    link: str
    expires_at: datetime


class PlexSeen(msgspec.Struct, frozen=True):
    """How a sign-in by Plex stands; `trouble` is why plex.tv could not be asked just now, and it is asked again.

    Where a code is needed, it is brought as after a password, with the cookie that the answer sets.
    """

    state: Literal["waiting", "code_needed", "signed_in", "linked"]
    trouble: str = ""


class IdentityDocument(msgspec.Struct, frozen=True):
    """An account of another service that is linked to one's own: what kind, and what one is called there."""

    id: int
    kind: str
    name: str
    linked_at: datetime
    used_at: datetime | None


@post(
    "/api/v1/sign-in/plex",
    tags=["Accounts"],
    operation_id="begin_plex_sign_in",
    status_code=201,
    sync_to_thread=True,
    **limited(ELSEWHERE, OPEN),
)
def begin_plex(
    request: Request[Any, Any, Any], ways: Injected[Ways], data: JSONBody[SignInOrder]
) -> Response[BegunDocument]:
    """Begin to sign in by Plex; the answer sets a cookie by which it is looked how it stands."""
    back = arriving.back_to(request)
    return _begun(request, plex.begin(ways.plex, back=back, remember=data.remember))


@post(
    "/api/v1/me/identities/plex",
    tags=["Accounts"],
    operation_id="link_plex",
    status_code=201,
    sync_to_thread=True,
    **limited(ELSEWHERE),
)
def link_plex(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    ways: Injected[Ways],
    data: JSONBody[LinkOrder],
) -> Response[BegunDocument]:
    """Begin to link one's Plex account; the answer sets a cookie by which it is looked how it stands."""
    who = arriving.who_links(request, principal, database, clock, data.password)
    return _begun(request, plex.begin(ways.plex, back=arriving.back_to(request), principal=who))


@post(
    "/api/v1/sign-in/plex/look",
    tags=["Accounts"],
    operation_id="look_at_plex_sign_in",
    status_code=200,
    sync_to_thread=True,
    **limited(None, OPEN),
)
def look_plex(
    request: Request[Any, Any, Any],
    ways: Injected[Ways],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
) -> Response[PlexSeen]:
    """Look how what this browser began stands; where somebody has signed in, the answer sets the session cookie."""
    seen = arriving.look(request, ways.plex, database, clock, people)
    if isinstance(seen, Waiting):
        return Response(PlexSeen("waiting", seen.trouble))
    if seen.needs_code:
        return Response(PlexSeen("code_needed"), cookies=seen.cookies)
    return Response(PlexSeen("linked" if seen.is_linking else "signed_in"), cookies=seen.cookies)


@post(
    "/api/v1/sign-in/oidc",
    tags=["Accounts"],
    operation_id="begin_oidc_sign_in",
    status_code=201,
    sync_to_thread=True,
    **limited(ELSEWHERE, OPEN),
)
def begin_oidc(
    request: Request[Any, Any, Any], ways: Injected[Ways], data: JSONBody[SignInOrder]
) -> Response[BegunDocument]:
    """Begin to sign in by the provider that is set; it leads back to the browser that has the answer's cookie."""
    back = arriving.back_to(request, oidc_pages.BACK)
    return _begun(request, oidc.begin(ways.oidc, back=back, remember=data.remember))


@post(
    "/api/v1/me/identities/oidc",
    tags=["Accounts"],
    operation_id="link_oidc",
    status_code=201,
    sync_to_thread=True,
    **limited(ELSEWHERE),
)
def link_oidc(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    ways: Injected[Ways],
    data: JSONBody[LinkOrder],
) -> Response[BegunDocument]:
    """Begin to link one's account at the provider; it leads back to the browser that has the answer's cookie."""
    who = arriving.who_links(request, principal, database, clock, data.password)
    back = arriving.back_to(request, oidc_pages.BACK)
    return _begun(request, oidc.begin(ways.oidc, back=back, wanted="/account", principal=who))


@get("/api/v1/me/identities", tags=["Accounts"], operation_id="list_identities", sync_to_thread=True)
def list_identities(
    principal: Injected[Principal], database: Injected[Database], offset: Offset = 0, limit: Limit = 50
) -> PageOut[IdentityDocument]:
    """The accounts of other services that are linked to one's own."""
    return part_out(identities_of(database, principal.id), _document, offset, limit)


@delete(
    "/api/v1/me/identities/{identity_id:int}",
    tags=["Accounts"],
    operation_id="unlink_identity",
    sync_to_thread=True,
)
def unlink_identity(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    ways: Injected[Ways],
    identity_id: Id,
) -> None:
    """Unlink an account of another service; the only way in that one has stays."""
    service.check_own_hand(principal)
    service.unlink(database, principal.id, identity_id, open_ways=ways.kinds, now=clock.now)


@get(
    "/api/v1/users/{user_id:int}/identities",
    tags=["Users"],
    operation_id="list_user_identities",
    sync_to_thread=True,
    **MANAGE,
)
def list_user_identities(
    database: Injected[Database], clock: Injected[Clock], user_id: Id, offset: Offset = 0, limit: Limit = 50
) -> PageOut[IdentityDocument]:
    """The accounts of other services that are linked to somebody's."""
    return part_out(others.identities_of(database, user_id, now=clock.now), _document, offset, limit)


@delete(
    "/api/v1/users/{user_id:int}/identities/{identity_id:int}",
    tags=["Users"],
    operation_id="unlink_user_identity",
    sync_to_thread=True,
    **MANAGE,
)
def unlink_user_identity(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    ways: Injected[Ways],
    user_id: Id,
    identity_id: Id,
) -> None:
    """Unlink an account of another service from somebody and sign them out everywhere; their only way in stays."""
    others.unlink(database, principal, user_id, identity_id, open_ways=ways.kinds, now=clock.now)
    people.forget()


def _begun(request: Request[Any, Any, Any], begun: Begun) -> Response[BegunDocument]:
    cookie = handshake_cookie(request, begun.token)
    return Response(BegunDocument(begun.link, begun.expires_at), cookies=[cookie], status_code=201)


def _document(one: Identity) -> IdentityDocument:
    return IdentityDocument(one.id, one.kind, one.name, one.linked_at, one.used_at)


HANDLERS = (
    begin_plex,
    link_plex,
    look_plex,
    begin_oidc,
    link_oidc,
    list_identities,
    unlink_identity,
    list_user_identities,
    unlink_user_identity,
)
