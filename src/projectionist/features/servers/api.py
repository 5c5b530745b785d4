"""The API of servers, their mappings and their data folders."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import JSONBody, PathParameter

from projectionist.features.servers import service
from projectionist.features.servers.documents import (
    LibraryDocument,
    MappingDocument,
    NewMappingDocument,
    NewServerDocument,
    PlexDataChange,
    PlexDataDocument,
    ServerChange,
    ServerDocument,
    SuggestionDocument,
    SyncOrderedDocument,
    TestedDocument,
    library_document,
    mapping_document,
    new_server,
    plex_data_document,
    server_document,
    suggestion_document,
)
from projectionist.features.servers.service import NewServer, Reach
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, page_out, part_out
from projectionist.web.ports import Permission, Principal

ServerId = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
MANAGE = needs(Permission.MANAGE_SERVERS)
SERVER = "/api/v1/servers/{server_id:int}"


@get("/api/v1/servers", tags=["Servers"], operation_id="list_servers", sync_to_thread=True, **MANAGE)
def list_servers(reach: Injected[Reach], offset: Offset = 0, limit: Limit = 50) -> PageOut[ServerDocument]:
    """The servers, by name."""
    page = service.list_servers(reach.database, offset=offset, size=limit)
    return page_out(page, server_document)


@post("/api/v1/servers", tags=["Servers"], operation_id="add_server", sync_to_thread=True, **MANAGE)
def add_server(
    reach: Injected[Reach], principal: Injected[Principal], data: JSONBody[NewServerDocument]
) -> ServerDocument:
    """Add a server, once it has answered, and begin to read its libraries."""
    added = service.add_server(reach, new_server(data))
    reach.syncs.start(added.id, principal.name)
    return server_document(added)


@post(
    "/api/v1/servers/test",
    tags=["Servers"],
    operation_id="test_server",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def test_server(reach: Injected[Reach], data: JSONBody[NewServerDocument]) -> TestedDocument:
    """Ask a server who it is and what it holds; nothing is kept."""
    tested = service.probe_server(reach, new_server(data))
    libraries = [library_document(library) for library in tested.libraries]
    return TestedDocument(tested.info.name, tested.info.version, tested.info.identity, libraries)


@get(SERVER, tags=["Servers"], operation_id="get_server", sync_to_thread=True, **MANAGE)
def get_server(reach: Injected[Reach], server_id: ServerId) -> ServerDocument:
    """One server."""
    return server_document(service.get_server(reach.database, server_id))


@put(SERVER, tags=["Servers"], operation_id="change_server", sync_to_thread=True, **MANAGE)
def change_server(
    reach: Injected[Reach], server_id: ServerId, data: JSONBody[ServerChange]
) -> ServerDocument:
    """Change how a server is reached, once it has answered there."""
    kind = service.get_server(reach.database, server_id).kind
    wanted = NewServer(kind, data.address, data.token or "", data.verify_tls, data.name)
    return server_document(service.edit_server(reach, server_id, wanted, keep_token=data.token is None))


@delete(SERVER, tags=["Servers"], operation_id="remove_server", sync_to_thread=True, **MANAGE)
def remove_server(reach: Injected[Reach], server_id: ServerId) -> None:
    """Take a server out with its part of the index; media and previews stay where they are."""
    service.remove_server(reach, server_id)
    reach.syncs.forget(server_id)


@post(
    f"{SERVER}/check",
    tags=["Servers"],
    operation_id="check_server",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def check_server(reach: Injected[Reach], server_id: ServerId) -> ServerDocument:
    """Ask a server whether it is well, and remember the answer."""
    return server_document(service.check_server(reach, server_id))


@post(
    f"{SERVER}/sync",
    tags=["Servers"],
    operation_id="sync_server",
    status_code=202,
    sync_to_thread=True,
    **MANAGE,
)
def sync_server(
    reach: Injected[Reach], principal: Injected[Principal], server_id: ServerId
) -> SyncOrderedDocument:
    """Read its libraries now; one that is being read already is not read twice."""
    service.get_server(reach.database, server_id)
    ordered = reach.syncs.start(server_id, principal.name)
    return SyncOrderedDocument(ordered.job_id, ordered.created)


@get(
    f"{SERVER}/libraries",
    tags=["Servers"],
    operation_id="list_server_libraries",
    sync_to_thread=True,
    **MANAGE,
)
def list_server_libraries(
    reach: Injected[Reach], server_id: ServerId, offset: Offset = 0, limit: Limit = 100
) -> PageOut[LibraryDocument]:
    """What the server lists now, asked of the server itself."""
    libraries = service.server_libraries(reach, server_id)
    return part_out(libraries, library_document, offset, limit)


@get(f"{SERVER}/mappings", tags=["Servers"], operation_id="list_mappings", sync_to_thread=True, **MANAGE)
def list_mappings(
    reach: Injected[Reach], server_id: ServerId, offset: Offset = 0, limit: Limit = 100
) -> PageOut[MappingDocument]:
    """The path mappings of a server, on every node."""
    service.get_server(reach.database, server_id)
    mappings = service.list_mappings(reach.database, server_id)
    return part_out(mappings, mapping_document, offset, limit)


@post(f"{SERVER}/mappings", tags=["Servers"], operation_id="save_mapping", sync_to_thread=True, **MANAGE)
def save_mapping(
    reach: Injected[Reach], server_id: ServerId, data: JSONBody[NewMappingDocument]
) -> MappingDocument:
    """Keep a mapping of this node, and try it on a file that the server lists."""
    service.get_server(reach.database, server_id)
    return mapping_document(service.save_mapping(reach, server_id, data.server_prefix, data.local_prefix))


@get(
    f"{SERVER}/mapping-suggestions",
    tags=["Servers"],
    operation_id="suggest_mappings",
    sync_to_thread=True,
    **MANAGE,
)
def suggest_mappings(
    reach: Injected[Reach], server_id: ServerId, offset: Offset = 0, limit: Limit = 100
) -> PageOut[SuggestionDocument]:
    """Mappings that the folders visible on this node suggest."""
    libraries = service.server_libraries(reach, server_id)
    found = service.suggest_mappings(reach, server_id, libraries)
    return part_out(found, suggestion_document, offset, limit)


@post(
    "/api/v1/mappings/{mapping_id:int}/prove",
    tags=["Servers"],
    operation_id="prove_mapping",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def prove_mapping(reach: Injected[Reach], mapping_id: ServerId) -> MappingDocument:
    """Try a mapping of this node again."""
    return mapping_document(service.prove_mapping(reach, mapping_id))


@delete(
    "/api/v1/mappings/{mapping_id:int}",
    tags=["Servers"],
    operation_id="remove_mapping",
    sync_to_thread=True,
    **MANAGE,
)
def remove_mapping(reach: Injected[Reach], mapping_id: ServerId) -> None:
    """Take a mapping out."""
    service.remove_mapping(reach, mapping_id)


@get(f"{SERVER}/plex-data", tags=["Servers"], operation_id="list_plex_data", sync_to_thread=True, **MANAGE)
def list_plex_data(
    reach: Injected[Reach], server_id: ServerId, offset: Offset = 0, limit: Limit = 100
) -> PageOut[PlexDataDocument]:
    """Where each node finds the data folder of a Plex server."""
    service.get_server(reach.database, server_id)
    found = service.list_plex_data(reach.database, server_id)
    return part_out(found, plex_data_document, offset, limit)


@put(f"{SERVER}/plex-data", tags=["Servers"], operation_id="try_plex_data", sync_to_thread=True, **MANAGE)
def try_plex_data(
    reach: Injected[Reach], server_id: ServerId, data: JSONBody[PlexDataChange]
) -> PlexDataDocument:
    """Keep the data folder of this node, and try to write into it."""
    return plex_data_document(service.try_plex_data(reach, server_id, data.folder))


HANDLERS = (
    list_servers,
    add_server,
    test_server,
    get_server,
    change_server,
    remove_server,
    check_server,
    sync_server,
    list_server_libraries,
    list_mappings,
    save_mapping,
    suggest_mappings,
    prove_mapping,
    remove_mapping,
    list_plex_data,
    try_plex_data,
)
