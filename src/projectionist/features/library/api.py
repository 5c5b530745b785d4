"""The API of the library: libraries, items, search, and asking for a sync."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, patch, post
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from projectionist.db.engine import Database
from projectionist.features.library import service
from projectionist.features.library.documents import (
    ItemDetailDocument,
    ItemDocument,
    KindName,
    LibraryChange,
    LibraryDocument,
    OrderedDocument,
    ResolutionName,
    SearchDocument,
    SortName,
    SyncRequest,
    item_detail_document,
    item_document,
    library_document,
)
from projectionist.features.library.service import ItemFilter
from projectionist.jobs.ports import Jobs
from projectionist.media.vocabulary import ItemKind
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.limits import SEARCH, limited
from projectionist.web.paging import Limit, Offset, PageOut, page_out
from projectionist.web.ports import Permission, Principal

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
ParentId = Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1)]
Text = Annotated[str, QueryParameter(max_length=200)]
Year = Annotated[int | None, QueryParameter(ge=1, le=9999)]
MANAGE = needs(Permission.MANAGE_SERVERS)
LIBRARY = "/api/v1/libraries/{library_id:int}"


@get("/api/v1/libraries", tags=["Library"], operation_id="list_libraries", sync_to_thread=True)
def list_libraries(
    database: Injected[Database], limit: Limit = 50, offset: Offset = 0
) -> PageOut[LibraryDocument]:
    """The libraries, server by server."""
    found = [library_document(one) for one in service.libraries(database)]
    return PageOut(found[offset : offset + limit], offset, len(found))


@get(LIBRARY, tags=["Library"], operation_id="get_library", sync_to_thread=True)
def get_library(database: Injected[Database], library_id: Id) -> LibraryDocument:
    """One library."""
    return library_document(service.library(database, library_id))


@patch(LIBRARY, tags=["Library"], operation_id="change_library", sync_to_thread=True, **MANAGE)
def change_library(
    database: Injected[Database], library_id: Id, data: JSONBody[LibraryChange]
) -> LibraryDocument:
    """Exclude a library, or take it in again."""
    return library_document(service.set_enabled(database, library_id, enabled=data.enabled))


@delete(LIBRARY, tags=["Library"], operation_id="forget_library", sync_to_thread=True, **MANAGE)
def forget_library(database: Injected[Database], library_id: Id) -> None:
    """Take a library out of the index that its server does not list any more; media stays where it is."""
    service.forget_library(database, library_id)


@get(f"{LIBRARY}/items", tags=["Library"], operation_id="list_items", sync_to_thread=True)
def list_items(
    database: Injected[Database],
    library_id: Id,
    kind: FromQuery[KindName | None] = None,
    parent_id: ParentId = None,
    text: Text = "",
    year: Year = None,
    decade: Year = None,
    resolution: FromQuery[ResolutionName | None] = None,
    unwatched: FromQuery[bool] = False,
    no_preview: FromQuery[bool] = False,
    sort: FromQuery[SortName] = "title",
    limit: Limit = 50,
    offset: Offset = 0,
) -> PageOut[ItemDocument]:
    """The items of a library that the filters let through."""
    service.library(database, library_id)
    wanted = ItemFilter(
        library_id=library_id,
        kinds=(ItemKind(kind),) if kind else (),
        parent_id=parent_id,
        text=text,
        year=year,
        decade=decade,
        resolution=resolution or "",
        unwatched=unwatched,
        no_preview=no_preview,
    )
    found = service.find_items(database, wanted, sort=sort, offset=offset, size=limit)
    return page_out(found, item_document)


@post(
    f"{LIBRARY}/sync",
    tags=["Library"],
    operation_id="sync_library",
    status_code=202,
    sync_to_thread=True,
    **needs(Permission.MANAGE_JOBS),
)
def sync_library(
    database: Injected[Database],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    library_id: Id,
    data: JSONBody[SyncRequest],
) -> OrderedDocument:
    """Ask for a sync of a library."""
    found = service.library(database, library_id)
    ordered = service.order_sync(
        jobs, found.server_id, library_id=found.id, full=data.full, asked_by=principal.name
    )
    return OrderedDocument(ordered.job_id, ordered.created)


@get("/api/v1/items/{item_id:int}", tags=["Library"], operation_id="get_item", sync_to_thread=True)
def get_item(database: Injected[Database], item_id: Id) -> ItemDetailDocument:
    """One item, with its versions and files."""
    return item_detail_document(service.item(database, item_id))


@get(
    "/api/v1/items/{item_id:int}/children",
    tags=["Library"],
    operation_id="list_children",
    sync_to_thread=True,
)
def list_children(
    database: Injected[Database], item_id: Id, limit: Limit = 50, offset: Offset = 0
) -> PageOut[ItemDocument]:
    """The seasons of a show, the episodes of a season, the albums of an artist, the tracks of an album."""
    service.item(database, item_id)
    return page_out(service.children(database, item_id, offset=offset, size=limit), item_document)


@get("/api/v1/search", tags=["Library"], operation_id="search", sync_to_thread=True, **limited(SEARCH))
def search(database: Injected[Database], q: Text = "", limit: Limit = 20) -> SearchDocument:
    """What a text may mean, best first; typing errors and accents do not matter."""
    return SearchDocument([item_document(card) for card in service.search_items(database, q, size=limit)])


HANDLERS = (
    list_libraries,
    get_library,
    change_library,
    forget_library,
    list_items,
    sync_library,
    get_item,
    list_children,
    search,
)
