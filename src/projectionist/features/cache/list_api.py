"""The API of lists that are kept elsewhere, and of the keys of their services."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, PathParameter

from projectionist.errors import NotFound
from projectionist.features.cache.documents_lists import (
    ListDocument,
    ListKeyDocument,
    ListKeyRequest,
    ListRequest,
    ListSwitchRequest,
    list_document,
    new_list,
)
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.lists.records import KEYED
from projectionist.media.lists import ListService
from projectionist.media.vocabulary import Page
from projectionist.web.access import needs
from projectionist.web.bodies import MOST, larger
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, page_out
from projectionist.web.ports import Permission

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
MANAGE = needs(Permission.MANAGE_CACHE)
WITH_FILE = larger(MOST, MANAGE)
"""A list that was exported as a file comes along."""
AT = "/api/v1/cache/lists"
KEYS_AT = "/api/v1/cache/list-keys"


@get(AT, tags=["Cache"], operation_id="list_cache_lists", sync_to_thread=True, **MANAGE)
def list_lists(cache_lists: Injected[Lists], offset: Offset = 0, limit: Limit = 50) -> PageOut[ListDocument]:
    """The lists kept elsewhere whose films and shows are wished for, and how each answered."""
    rows = cache_lists.all()
    return page_out(Page(tuple(rows[offset : offset + limit]), offset, len(rows)), list_document)


@post(AT, tags=["Cache"], operation_id="add_cache_list", sync_to_thread=True, **WITH_FILE)
def add_list(cache_lists: Injected[Lists], data: JSONBody[ListRequest]) -> ListDocument:
    """Add a list, once it has answered."""
    return list_document(cache_lists.add(new_list(data)))


@get(f"{AT}/{{list_id:int}}", tags=["Cache"], operation_id="get_cache_list", sync_to_thread=True, **MANAGE)
def get_list(cache_lists: Injected[Lists], list_id: Id) -> ListDocument:
    """One list."""
    return list_document(cache_lists.get(list_id))


@put(
    f"{AT}/{{list_id:int}}",
    tags=["Cache"],
    operation_id="change_cache_list",
    sync_to_thread=True,
    **WITH_FILE,
)
def change_list(cache_lists: Injected[Lists], list_id: Id, data: JSONBody[ListRequest]) -> ListDocument:
    """Change a list, once it has answered as it is to be."""
    return list_document(cache_lists.change(list_id, new_list(data)))


@put(
    f"{AT}/{{list_id:int}}/on",
    tags=["Cache"],
    operation_id="switch_cache_list",
    sync_to_thread=True,
    **MANAGE,
)
def switch_list(cache_lists: Injected[Lists], list_id: Id, data: JSONBody[ListSwitchRequest]) -> ListDocument:
    """Let a list count, or not."""
    return list_document(cache_lists.switch(list_id, data.on))


@delete(
    f"{AT}/{{list_id:int}}", tags=["Cache"], operation_id="remove_cache_list", sync_to_thread=True, **MANAGE
)
def remove_list(cache_lists: Injected[Lists], list_id: Id) -> None:
    """Take a list out; what it named is wished for no more."""
    cache_lists.remove(list_id)


@get(KEYS_AT, tags=["Cache"], operation_id="list_cache_list_keys", sync_to_thread=True, **MANAGE)
def list_keys(
    cache_lists: Injected[Lists], offset: Offset = 0, limit: Limit = 50
) -> PageOut[ListKeyDocument]:
    """The services that want a key, and whether one is kept; no key is ever shown."""
    rows = [ListKeyDocument(service, kept) for service, kept in cache_lists.keys().items()]
    return page_out(Page(tuple(rows[offset : offset + limit]), offset, len(rows)), lambda row: row)


@put(
    f"{KEYS_AT}/{{service:str}}",
    tags=["Cache"],
    operation_id="save_cache_list_key",
    status_code=204,
    sync_to_thread=True,
    **MANAGE,
)
def save_key(cache_lists: Injected[Lists], service: FromPath[str], data: JSONBody[ListKeyRequest]) -> None:
    """Keep the key of a service, once it has answered to it."""
    cache_lists.keep_key(keyed(service), data.key)


@delete(
    f"{KEYS_AT}/{{service:str}}",
    tags=["Cache"],
    operation_id="remove_cache_list_key",
    sync_to_thread=True,
    **MANAGE,
)
def remove_key(cache_lists: Injected[Lists], service: FromPath[str]) -> None:
    """Forget the key of a service; what its lists named stays."""
    cache_lists.drop_key(keyed(service))


def keyed(service: str) -> ListService:
    """A service that wants a key, by its name. Raises NotFound."""
    for one in KEYED:
        if one == service:
            return one
    raise NotFound("There is no such service that wants a key.")


LIST_API = (
    list_lists,
    add_list,
    get_list,
    change_list,
    switch_list,
    remove_list,
    list_keys,
    save_key,
    remove_key,
)
