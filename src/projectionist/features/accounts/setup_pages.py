"""The setup: the link, the first administrator, and the guided steps."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, NotAllowed, ProjectionistError, ServiceError
from projectionist.features.accounts import service, setup
from projectionist.features.accounts.cookies import (
    address_of,
    browser_of,
    no_setup,
    session_cookies,
    setup_cookie,
)
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.accounts.setup_link import SETUP_COOKIE, exchange, opens_setup
from projectionist.features.servers import service as servers
from projectionist.kit.clock import Clock
from projectionist.media.vocabulary import ServerKind
from projectionist.web.access import OPEN, check_may, needs
from projectionist.web.forms import Form, errors_of, text, texts, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal


def check_manages_servers(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Raises NotAllowed for who may not add or change a server elsewhere either."""
    check_may(connection.scope.get("user"), Permission.MANAGE_SERVERS)


MANAGE = {**needs(Permission.MANAGE_SETTINGS), "guards": [check_manages_servers]}
"""Who may take the steps, which add a server and write settings: now, and long after the house was founded."""


@get("/setup", sync_to_thread=True, include_in_schema=False, **OPEN)
def setup_page(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    setup_parts: Injected[setup.SetupParts],
    token: FromQuery[str] = "",  # nosec B107 - the empty one opens nothing
) -> Template | Redirect:
    """Where the setup stands; a link is exchanged for a cookie, so that it leaves the address bar."""
    principal = request.scope["user"]
    if service.has_administrator(database):
        if isinstance(principal, Principal) and _may_take_steps(principal):
            return to(request, "/setup") if token else _step_page(setup_parts)
        return Template("accounts/setup_closed.html", status_code=410)
    if token:
        return _exchanged(request, database, token)
    if not opens_setup(database, request.cookies.get(SETUP_COOKIE)):
        return Template("accounts/setup_link.html", context={"was_wrong": False}, status_code=403)
    return Template("accounts/setup_administrator.html", context={"errors": {}, "name": ""})


@post("/setup/administrator", sync_to_thread=True, include_in_schema=False, **OPEN)
def make_administrator(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: Form,
) -> Template | Redirect:
    """Make the first administrator, signed in at once; the setup link is dead from here on."""
    cookie = request.cookies.get(SETUP_COOKIE)
    if service.has_administrator(database):
        return Template("accounts/setup_closed.html", status_code=410)
    if not cookie or not opens_setup(database, cookie):
        return Template("accounts/setup_link.html", context={"was_wrong": True}, status_code=403)
    name, password = text(data, "name"), text(data, "password")
    try:
        made = service.found(database, name, password, now=clock.now, cookie_hash=hash_of(cookie))
        signed_in = service.welcome(
            database,
            made,
            now=clock.now,
            address=address_of(request),
            browser=browser_of(request),
            idle=people.idle,
        )
    except ProjectionistError as error:
        if service.has_administrator(database):
            return Template("accounts/setup_closed.html", status_code=410)
        return refused("accounts/setup_administrator.html", {"name": name}, error)
    answer = to(request, "/setup")
    for one in session_cookies(request, signed_in):
        answer.set_cookie(one)
    answer.set_cookie(no_setup(request))
    return answer


@post("/setup/test", sync_to_thread=True, include_in_schema=False, **MANAGE)
def test_source(setup_parts: Injected[setup.SetupParts], data: Form) -> Template:
    """Ask a folder or server who it is, and keep nothing."""
    try:
        tested = servers.probe_server(setup_parts.reach, _new_server(data))
    except ProjectionistError as error:
        return Template("servers/_tested.html", context={"tested": None, "trouble": error.message})
    return Template("servers/_tested.html", context={"tested": tested, "trouble": ""})


@post("/setup/source", sync_to_thread=True, include_in_schema=False, **MANAGE)
def choose_source(
    request: Request[Any, Any, Any], setup_parts: Injected[setup.SetupParts], data: Form
) -> Template | Redirect:
    """Take a folder, a Plex server or the demo house."""
    try:
        if text(data, "kind") == "demo":
            setup.choose_demo(setup_parts)
        else:
            setup.choose_server(setup_parts, _new_server(data))
    except ProjectionistError as error:
        return refused("accounts/setup_source.html", _source_context(setup_parts, data), error)
    return to(request, "/setup")


@post("/setup/libraries", sync_to_thread=True, include_in_schema=False, **MANAGE)
def choose_libraries(
    request: Request[Any, Any, Any], setup_parts: Injected[setup.SetupParts], data: Form
) -> Template | Redirect:
    """Keep some libraries out, and some folders without previews."""
    server = setup.progress(setup_parts.reach.database).server
    if server is not None:
        kept = set(texts(data, "library"))
        listed = servers.server_libraries(setup_parts.reach, server.id)
        left_out = [library.key for library in listed if library.key not in kept]
        try:
            setup.choose_libraries(setup_parts, listed, left_out, text(data, "left_out"))
        except InputWrong as error:
            context = {"libraries": listed, "server": server, "trouble": "", "wrong": error.message}
            return Template(
                "accounts/setup_libraries.html", context={**context, "given": data}, status_code=error.status
            )
    return to(request, "/setup")


@post("/setup/mapping", sync_to_thread=True, include_in_schema=False, **MANAGE)
def save_mapping(
    request: Request[Any, Any, Any], setup_parts: Injected[setup.SetupParts], data: Form
) -> Template | Redirect:
    """Keep a path mapping, proven by opening a file."""
    server = _server_or_back(setup_parts)
    try:
        servers.save_mapping(
            setup_parts.reach, server.id, text(data, "server_prefix"), text(data, "local_prefix")
        )
    except ProjectionistError as error:
        return _paths_page(
            setup_parts, setup.progress(setup_parts.reach.database), errors_of(error), error.status
        )
    return to(request, "/setup")


@post("/setup/plex-data", sync_to_thread=True, include_in_schema=False, **MANAGE)
def try_plex_data(
    request: Request[Any, Any, Any], setup_parts: Injected[setup.SetupParts], data: Form
) -> Template | Redirect:
    """Keep the Plex data folder, proven by writing into it."""
    server = _server_or_back(setup_parts)
    try:
        servers.try_plex_data(setup_parts.reach, server.id, text(data, "folder"))
    except ProjectionistError as error:
        return _paths_page(
            setup_parts, setup.progress(setup_parts.reach.database), errors_of(error), error.status
        )
    return to(request, "/setup")


@post("/setup/back", sync_to_thread=True, include_in_schema=False, **MANAGE)
def go_back(request: Request[Any, Any, Any], setup_parts: Injected[setup.SetupParts], data: Form) -> Redirect:
    """Choose an earlier step again."""
    step = text(data, "step")
    if step in (setup.Step.SOURCE, setup.Step.LIBRARIES):
        setup.go_back(setup_parts.reach.database, setup.Step(step))
    return to(request, "/setup")


@post("/setup/finish", sync_to_thread=True, include_in_schema=False, **MANAGE)
def finish(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    setup_parts: Injected[setup.SetupParts],
) -> Redirect:
    """Start the first sync, and go where it can be watched."""
    setup.finish(setup_parts, principal.name)
    return to(request, "/")


def _exchanged(request: Request[Any, Any, Any], database: Database, token: str) -> Template | Redirect:
    value = exchange(database, token)
    if value is None:
        return Template("accounts/setup_link.html", context={"was_wrong": True}, status_code=403)
    answer = to(request, "/setup")
    answer.set_cookie(setup_cookie(request, value))
    return answer


def _may_take_steps(principal: Principal) -> bool:
    return principal.may(Permission.MANAGE_SETTINGS) and principal.may(Permission.MANAGE_SERVERS)


def _step_page(parts: setup.SetupParts) -> Template:
    progress = setup.progress(parts.reach.database)
    if progress.step is setup.Step.SOURCE or progress.server is None:
        return Template("accounts/setup_source.html", context={**_source_context(parts, {}), "errors": {}})
    if progress.step is setup.Step.LIBRARIES:
        libraries, trouble = _libraries(parts, progress.server)
        context = {"server": progress.server, "libraries": libraries, "trouble": trouble}
        return Template("accounts/setup_libraries.html", context=context)
    if progress.step is setup.Step.PATHS:
        return _paths_page(parts, progress, {}, 200)
    return Template("accounts/setup_done.html", context={"server": progress.server})


def _paths_page(
    parts: setup.SetupParts, progress: setup.Progress, errors: dict[str, str], status: int
) -> Template:
    server = progress.server or _server_or_back(parts)
    libraries, trouble = _libraries(parts, server)
    context = {
        "server": server,
        "trouble": trouble,
        "seen": setup.look_at_paths(parts, libraries, progress.excluded),
        "needs_plex_data": setup.needs_plex_data(server),
        "node": parts.reach.node,
        "errors": errors,
    }
    return Template("accounts/setup_paths.html", context=context, status_code=status)


def _libraries(parts: setup.SetupParts, server: servers.Server) -> tuple[tuple[Any, ...], str]:
    try:
        return servers.server_libraries(parts.reach, server.id), ""
    except ServiceError as error:
        return (), error.message


def _source_context(parts: setup.SetupParts, form: dict[str, Any]) -> dict[str, Any]:
    return {
        "has_demo": parts.start_demo is not None,
        "kind": text(form, "kind") or "folder",
        "address": text(form, "folder") or text(form, "address"),
        "verify_tls": not form or bool(text(form, "verify_tls")),
    }


def _new_server(form: dict[str, Any]) -> servers.NewServer:
    kind = ServerKind.PLEX if text(form, "kind") == "plex" else ServerKind.FOLDER
    secure = kind is ServerKind.FOLDER or bool(text(form, "verify_tls"))
    address = text(form, "address" if kind is ServerKind.PLEX else "folder")
    return servers.NewServer(kind, address, text(form, "token"), secure)


def _server_or_back(parts: setup.SetupParts) -> servers.Server:
    server = setup.progress(parts.reach.database).server
    if server is None:
        raise NotAllowed("No server is chosen yet; go to /setup and choose one first.")
    return server


HANDLERS = (
    setup_page,
    make_administrator,
    test_source,
    choose_source,
    choose_libraries,
    save_mapping,
    try_plex_data,
    go_back,
    finish,
)
