"""The pages of servers: whether they answer, what they hold, and where their files are on each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from projectionist.errors import ProjectionistError
from projectionist.features.servers import service
from projectionist.features.servers.service import NewServer, Reach
from projectionist.media.vocabulary import ListedLibrary, ServerKind
from projectionist.web.access import needs
from projectionist.web.forms import Form, errors_of, text, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_SERVERS)
SERVER = "/servers/{server_id:int}"


@get("/servers", sync_to_thread=True, include_in_schema=False, **MANAGE)
def servers_page(reach: Injected[Reach]) -> Template:
    """All servers, those that do not answer first."""
    found = service.all_servers(reach.database)
    shown = sorted(found, key=lambda one: one.failing_since is None)
    return Template("servers/list.html", context={"servers": shown})


@get("/servers/new", sync_to_thread=True, include_in_schema=False, **MANAGE)
def new_server_page(kind: FromQuery[str] = "plex") -> Template:
    """A form for a new server."""
    return _form("folder" if kind == "folder" else "plex", {})


@post("/servers/test", sync_to_thread=True, include_in_schema=False, **MANAGE)
def test_server(reach: Injected[Reach], data: Form) -> Template:
    """Ask a server who it is and what it holds; nothing is kept."""
    try:
        tested = service.probe_server(reach, _described(data))
    except ProjectionistError as error:
        return Template("servers/_tested.html", context={"tested": None, "trouble": error.message})
    return Template("servers/_tested.html", context={"tested": tested, "trouble": ""})


@post("/servers", sync_to_thread=True, include_in_schema=False, **MANAGE)
def add_server(
    request: Request[Any, Any, Any], principal: Injected[Principal], reach: Injected[Reach], data: Form
) -> Template | Redirect:
    """Add a server that answers, and begin to read its libraries."""
    try:
        added = service.add_server(reach, _described(data))
    except ProjectionistError as error:
        return _form(text(data, "kind"), data, error)
    reach.syncs.start(added.id, principal.name)
    return to(request, f"/servers/{added.id}")


@get(SERVER, sync_to_thread=True, include_in_schema=False, **MANAGE)
def server_page(reach: Injected[Reach], server_id: FromPath[int]) -> Template:
    """One server."""
    return _page(reach, server_id)


@get(f"{SERVER}/libraries", sync_to_thread=True, include_in_schema=False, **MANAGE)
def libraries_part(reach: Injected[Reach], server_id: FromPath[int]) -> Template:
    """What the server lists now, and what follows from it; loaded after the page, for a server may be slow."""
    trouble, libraries = "", tuple[ListedLibrary, ...]()
    try:
        libraries = service.server_libraries(reach, server_id)
    except ProjectionistError as error:
        trouble = error.message
    known = service.path_map(reach.database, server_id, reach.node)
    here = {location: known.local(location) for library in libraries for location in library.locations}
    context = {
        "server_id": server_id,
        "libraries": libraries,
        "here": here,
        "suggested": service.suggest_mappings(reach, server_id, libraries),
        "node": reach.node,
        "trouble": trouble,
    }
    return Template("servers/_libraries.html", context=context)


@post(f"{SERVER}/edit", sync_to_thread=True, include_in_schema=False, **MANAGE)
def edit_server(
    request: Request[Any, Any, Any], reach: Injected[Reach], server_id: FromPath[int], data: Form
) -> Template | Redirect:
    """Change how a server is reached, once it has answered there."""
    server = service.get_server(reach.database, server_id)
    token = text(data, "token")
    wanted = NewServer(
        server.kind, text(data, "address"), token, bool(text(data, "verify_tls")), text(data, "name")
    )
    try:
        service.edit_server(reach, server_id, wanted, keep_token=not token)
    except ProjectionistError as error:
        return _page(reach, server_id, {"edit": error})
    return to(request, f"/servers/{server_id}")


@post(f"{SERVER}/check", sync_to_thread=True, include_in_schema=False, **MANAGE)
def check_server(
    request: Request[Any, Any, Any], reach: Injected[Reach], server_id: FromPath[int]
) -> Redirect:
    """Ask a server whether it is well."""
    service.check_server(reach, server_id)
    return to(request, f"/servers/{server_id}")


@post(f"{SERVER}/sync", sync_to_thread=True, include_in_schema=False, **MANAGE)
def sync_server(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    reach: Injected[Reach],
    server_id: FromPath[int],
) -> Redirect:
    """Read its libraries now, and show the job."""
    service.get_server(reach.database, server_id)
    ordered = reach.syncs.start(server_id, principal.name)
    return to(request, f"/jobs/{ordered.job_id}")


@post(f"{SERVER}/remove", sync_to_thread=True, include_in_schema=False, **MANAGE)
def remove_server(
    request: Request[Any, Any, Any], reach: Injected[Reach], server_id: FromPath[int]
) -> Redirect:
    """Take a server out with its part of the index."""
    service.remove_server(reach, server_id)
    reach.syncs.forget(server_id)
    return to(request, "/servers")


@post(f"{SERVER}/mappings", sync_to_thread=True, include_in_schema=False, **MANAGE)
def save_mapping(
    request: Request[Any, Any, Any], reach: Injected[Reach], server_id: FromPath[int], data: Form
) -> Template | Redirect:
    """Keep a mapping of this node, and try it."""
    try:
        service.save_mapping(reach, server_id, text(data, "server_prefix"), text(data, "local_prefix"))
    except ProjectionistError as error:
        return _page(reach, server_id, {"mapping": error})
    return to(request, f"/servers/{server_id}")


@post(f"{SERVER}/plex-data", sync_to_thread=True, include_in_schema=False, **MANAGE)
def try_plex_data(
    request: Request[Any, Any, Any], reach: Injected[Reach], server_id: FromPath[int], data: Form
) -> Template | Redirect:
    """Keep the Plex data folder of this node, and try to write there."""
    try:
        service.try_plex_data(reach, server_id, text(data, "folder"))
    except ProjectionistError as error:
        return _page(reach, server_id, {"plex_data": error})
    return to(request, f"/servers/{server_id}")


@post("/mappings/{mapping_id:int}/prove", sync_to_thread=True, include_in_schema=False, **MANAGE)
def prove_mapping(
    request: Request[Any, Any, Any], reach: Injected[Reach], mapping_id: FromPath[int]
) -> Redirect:
    """Try a mapping again."""
    tried = service.prove_mapping(reach, mapping_id)
    return to(request, f"/servers/{tried.server_id}")


@post("/mappings/{mapping_id:int}/remove", sync_to_thread=True, include_in_schema=False, **MANAGE)
def remove_mapping(
    request: Request[Any, Any, Any], reach: Injected[Reach], mapping_id: FromPath[int], data: Form
) -> Redirect:
    """Take a mapping out."""
    service.remove_mapping(reach, mapping_id)
    server_id = text(data, "server_id")
    return to(request, f"/servers/{server_id}" if server_id.isdigit() else "/servers")


def _page(reach: Reach, server_id: int, failed: Mapping[str, ProjectionistError] | None = None) -> Template:
    failed = failed or {}
    server = service.get_server(reach.database, server_id)
    mappings = service.list_mappings(reach.database, server_id)
    data: Sequence[service.PlexData] = service.list_plex_data(reach.database, server_id)
    context = {
        "server": server,
        "mappings": mappings,
        "plex_data": data,
        "plex_data_here": next((one for one in data if one.node == reach.node), None),
        "has_plex_data": server.kind is ServerKind.PLEX,
        "node": reach.node,
        "errors": {form: errors_of(error) for form, error in failed.items()},
    }
    status = next((error.status for error in failed.values()), 200)
    return Template("servers/show.html", context=context, status_code=status)


def _form(kind: str, given: Mapping[str, Any], error: ProjectionistError | None = None) -> Template:
    context = {
        "kind": kind,
        "name": text(given, "name"),
        "address": text(given, "address"),
        "verify_tls": not given or bool(text(given, "verify_tls")),
        "errors": {} if error is None else errors_of(error),
    }
    return Template("servers/new.html", context=context, status_code=200 if error is None else error.status)


def _described(form: Mapping[str, Any]) -> NewServer:
    kind = ServerKind.FOLDER if text(form, "kind") == ServerKind.FOLDER else ServerKind.PLEX
    secure = kind is ServerKind.FOLDER or bool(text(form, "verify_tls"))
    return NewServer(kind, text(form, "address"), text(form, "token"), secure, text(form, "name"))


HANDLERS = (
    servers_page,
    new_server_page,
    test_server,
    add_server,
    server_page,
    libraries_part,
    edit_server,
    check_server,
    sync_server,
    remove_server,
    save_mapping,
    try_plex_data,
    prove_mapping,
    remove_mapping,
)
