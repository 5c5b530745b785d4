"""The pages of signing in by Plex, and of what is linked to one's account."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, NotFound, ProjectionistError, TooManyRequests
from projectionist.features.accounts.cookies import (
    handshake_cookie,
    handshake_of,
    no_handshake,
    shell_settings,
)
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.users.pages import MANAGE, user_context
from projectionist.features.accounts.ways import arriving, others, plex, service
from projectionist.features.accounts.ways.account_page import LINK_PASSWORD, account_context
from projectionist.features.accounts.ways.opening import Ways
from projectionist.features.accounts.ways.plex import PlexWay, Waiting
from projectionist.kit.clock import Clock
from projectionist.web.access import OPEN
from projectionist.web.forms import Form, text, to
from projectionist.web.injection import Injected
from projectionist.web.limits import ELSEWHERE, limited
from projectionist.web.ports import Principal
from projectionist.web.problems import local_path

ACCOUNT = "/account"
PAGE = "accounts/plex_sign_in.html"


@get(arriving.BACK, sync_to_thread=True, include_in_schema=False, **OPEN)
def plex_page(request: Request[Any, Any, Any], ways: Injected[Ways]) -> Template | Redirect:
    """Where one waits until one has signed in at plex.tv; the page looks by itself whether one has."""
    seen = plex.waiting(ways.plex, handshake_of(request))
    if seen is None:
        return to(request, "/sign-in" if arriving.signed_in(request) is None else "/")
    return Template(PAGE, context={"waiting": seen, "error": ""})


@post(arriving.BACK, sync_to_thread=True, include_in_schema=False, **limited(ELSEWHERE, OPEN))
def begin_plex(request: Request[Any, Any, Any], ways: Injected[Ways], data: Form) -> Template | Redirect:
    """Begin to sign in by Plex."""
    wanted = local_path(text(data, "next") or "/", shell_settings(request))
    return _begin(request, ways.plex, wanted, bool(text(data, "remember")), None)


@post("/account/identities/plex", sync_to_thread=True, include_in_schema=False, **limited(ELSEWHERE))
def link_plex(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    ways: Injected[Ways],
    data: Form,
) -> Template | Redirect:
    """Begin to link one's Plex account, once one has shown one's password."""
    try:
        who = arriving.who_links(
            request, principal, database, clock, text(data, LINK_PASSWORD), LINK_PASSWORD
        )
    except (InputWrong, TooManyRequests) as error:
        return refused("accounts/account.html", account_context(request, principal, ways, clock), error)
    return _begin(request, ways.plex, ACCOUNT, False, who)


@post("/sign-in/plex/look", sync_to_thread=True, include_in_schema=False, status_code=200, **OPEN)
def look_plex(
    request: Request[Any, Any, Any],
    ways: Injected[Ways],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: Form,
) -> Template | Redirect | Response[bytes]:
    """Go on where one has signed in at plex.tv; else wait on."""
    try:
        seen = arriving.look(request, ways.plex, database, clock, people)
    except ProjectionistError as error:
        if isinstance(error, NotFound) and arriving.signed_in(request) is not None:
            return _on(request, "/", [no_handshake(request)])  # another page of this browser was quicker
        return _state(request, {"waiting": None, "error": error.message}, error.status)
    if isinstance(seen, Waiting):
        if _looks_by_itself(request) and bool(text(data, "troubled")) == bool(seen.trouble):
            return Response(b"", status_code=HTTP_204_NO_CONTENT)  # nothing new: it is not read out again
        return _state(request, {"waiting": seen, "error": ""}, HTTP_200_OK)
    return _on(request, seen.path, seen.cookies)


@post("/account/identities/{identity_id:int}/unlink", sync_to_thread=True, include_in_schema=False)
def unlink_identity(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    ways: Injected[Ways],
    identity_id: FromPath[int],
) -> Template | Redirect:
    """Unlink an account of another service from one's own."""
    service.check_own_hand(principal)
    try:
        service.unlink(database, principal.id, identity_id, open_ways=ways.kinds, now=clock.now)
    except ProjectionistError as error:
        return refused(PAGE, {"waiting": None, "error": error.message, "is_account": True}, error)
    return to(request, ACCOUNT)


@post(
    "/users/{user_id:int}/identities/{identity_id:int}/unlink",
    sync_to_thread=True,
    include_in_schema=False,
    **MANAGE,
)
def unlink_from_user(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    ways: Injected[Ways],
    user_id: FromPath[int],
    identity_id: FromPath[int],
) -> Template | Redirect:
    """Unlink an account of another service from somebody, and sign them out everywhere."""
    try:
        others.unlink(database, principal, user_id, identity_id, open_ways=ways.kinds, now=clock.now)
    except ProjectionistError as error:
        return refused("accounts/user.html", user_context(principal, database, clock, user_id), error)
    people.forget()
    return to(request, f"/users/{user_id}")


def _begin(
    request: Request[Any, Any, Any], way: PlexWay, wanted: str, remember: bool, principal: Principal | None
) -> Template | Redirect:
    try:
        begun = plex.begin(
            way, back=arriving.back_to(request), wanted=wanted, remember=remember, principal=principal
        )
    except ProjectionistError as error:
        context = {"waiting": None, "error": error.message, "is_account": principal is not None}
        return Template(PAGE, context=context, status_code=error.status)
    answer = to(request, arriving.BACK)
    answer.set_cookie(handshake_cookie(request, begun.token))
    return answer


def _state(request: Request[Any, Any, Any], context: dict[str, Any], status: int) -> Template:
    """How it stands; to the page that looks by itself as a part of it, which only a success becomes."""
    if _looks_by_itself(request):
        answer = Template("accounts/_plex_state.html", context=context)
    else:
        answer = Template(PAGE, context=context, status_code=status)
    if context["waiting"] is None:
        answer.set_cookie(no_handshake(request))
    return answer


def _on(request: Request[Any, Any, Any], path: str, cookies: list[Cookie]) -> Redirect | Response[bytes]:
    """On to a page, also from one that looks by itself."""
    answer: Redirect | Response[bytes] = to(request, path)
    if _looks_by_itself(request):
        where = shell_settings(request).url(path)
        answer = Response(
            b"", headers={"hx-redirect": where}, media_type=MediaType.HTML, status_code=HTTP_200_OK
        )
    for cookie in cookies:
        answer.set_cookie(cookie)
    return answer


def _looks_by_itself(request: Request[Any, Any, Any]) -> bool:
    return "hx-request" in request.headers


HANDLERS = (plex_page, begin_plex, link_plex, look_plex, unlink_identity, unlink_from_user)
