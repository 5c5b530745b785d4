"""The pages of signing in by a provider of OpenID Connect."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, ProjectionistError, TooManyRequests
from projectionist.features.accounts.cookies import (
    handshake_cookie,
    handshake_of,
    no_handshake,
    shell_settings,
)
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.ways import arriving, oidc
from projectionist.features.accounts.ways.account_page import LINK_PASSWORD, account_context
from projectionist.features.accounts.ways.oidc import Returned
from projectionist.features.accounts.ways.opening import Ways
from projectionist.features.accounts.ways.service import Kind
from projectionist.kit.clock import Clock
from projectionist.web.access import OPEN
from projectionist.web.forms import Form, text, to
from projectionist.web.injection import Injected
from projectionist.web.limits import ELSEWHERE, limited
from projectionist.web.ports import Principal
from projectionist.web.problems import local_path

BACK = "/sign-in/oidc/back"
PAGE = "accounts/oidc_sign_in.html"
Given = Annotated[str, QueryParameter(max_length=4000)]


@post(
    "/sign-in/oidc", sync_to_thread=True, include_in_schema=False, status_code=200, **limited(ELSEWHERE, OPEN)
)
def begin_oidc(request: Request[Any, Any, Any], ways: Injected[Ways], data: Form) -> Template:
    """Begin to sign in by the provider."""
    wanted = local_path(text(data, "next") or "/", shell_settings(request))
    return _begin(request, ways, wanted, bool(text(data, "remember")), None)


@post(
    "/account/identities/oidc",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
    **limited(ELSEWHERE),
)
def link_oidc(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    ways: Injected[Ways],
    data: Form,
) -> Template:
    """Begin to link one's account at the provider, once one has shown one's password."""
    try:
        who = arriving.who_links(
            request, principal, database, clock, text(data, LINK_PASSWORD), LINK_PASSWORD
        )
    except (InputWrong, TooManyRequests) as wrong:
        return refused("accounts/account.html", account_context(request, principal, ways, clock), wrong)
    return _begin(request, ways, "/account", False, who)


@get(BACK, sync_to_thread=True, include_in_schema=False, **limited(ELSEWHERE, OPEN))
def come_back(
    request: Request[Any, Any, Any],
    ways: Injected[Ways],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    answers: Annotated[str, QueryParameter(name="state", max_length=4000)] = "",
    code: Given = "",
    iss: Given = "",
    error: Given = "",
) -> Template | Redirect:
    """Where the provider leads people on to, with a code that we exchange."""
    returned = Returned(answers, code, iss, error)
    try:
        arrived = oidc.come_back(ways.oidc, handshake_of(request), returned, arriving.signed_in(request))
        inside = arriving.let_in(request, arrived, Kind.OIDC, database, clock, people)
    except ProjectionistError as wrong:
        context = {"link": "", "name": ways.oidc.name, "error": wrong.message}
        answer = Template(PAGE, context=context, status_code=wrong.status)
        answer.set_cookie(no_handshake(request))
        return answer
    on = to(request, inside.path)
    for cookie in inside.cookies:
        on.set_cookie(cookie)
    return on


def _begin(
    request: Request[Any, Any, Any], ways: Ways, wanted: str, remember: bool, principal: Principal | None
) -> Template:
    """The page that leads on by itself: what a form is answered with may not lead to another site."""
    try:
        begun = oidc.begin(
            ways.oidc,
            back=arriving.back_to(request, BACK),
            wanted=wanted,
            remember=remember,
            principal=principal,
        )
    except ProjectionistError as wrong:
        context = {"link": "", "name": ways.oidc.name, "error": wrong.message}
        return Template(PAGE, context=context, status_code=wrong.status)
    answer = Template(
        PAGE,
        context={"link": begun.link, "name": ways.oidc.name, "error": ""},
        headers={"refresh": f"0; url={begun.link}"},
    )
    answer.set_cookie(handshake_cookie(request, begun.token))
    return answer


HANDLERS = (begin_oidc, link_oidc, come_back)
