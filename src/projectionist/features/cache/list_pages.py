"""The pages of lists that are kept elsewhere: added, changed, switched, removed, and the keys of their services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, MultipartBody, PathParameter
from litestar.response import Redirect, Template

from projectionist.errors import InputWrong, ProjectionistError
from projectionist.features.cache.list_api import keyed
from projectionist.features.cache.source_pages import sources_template
from projectionist.features.cache.tier_forms import number_in
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.lists.records import OFFERED, SERVICE_NAMES, NewList
from projectionist.features.cache.workplace import Workplace
from projectionist.features.library.service import viewers
from projectionist.media.lists import ListKind, ListService
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.bodies import MOST, larger
from projectionist.web.forms import Form, errors_of, text, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
MANAGE = needs(Permission.MANAGE_CACHE)
WITH_FILE = larger(MOST, MANAGE)
"""A list that was exported as a file comes along."""
WithFile: TypeAlias = MultipartBody[dict[str, Any]]
_FIELDS = ("which", "where", "name", "most", "fill", "account_id", "on")
_LARGEST = 4_000_000


@get("/cache/lists/new", include_in_schema=False, sync_to_thread=True, **MANAGE)
def new_list_page(cache: Injected[Workplace], cache_lists: Injected[Lists]) -> Template:
    """A form for a list."""
    return _form(cache, cache_lists, {"most": "10", "on": "true"}, None)


@post("/cache/lists", include_in_schema=False, sync_to_thread=True, **WITH_FILE)
def add_list(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    cache_lists: Injected[Lists],
    data: WithFile,
) -> Template | Redirect:
    """Add a list, once it has answered."""
    return _save(request, cache, cache_lists, data, None)


@get("/cache/lists/{list_id:int}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def list_page(cache: Injected[Workplace], cache_lists: Injected[Lists], list_id: Id) -> Template:
    """A list, to be changed."""
    one = cache_lists.get(list_id)
    given = {
        "which": f"{one.service}:{one.kind}",
        "where": one.where,
        "name": one.name,
        "most": str(one.most),
        "fill": "true" if one.fill else "",
        "account_id": str(one.account_id),
        "on": "true" if one.on else "",
    }
    return _form(cache, cache_lists, given, list_id)


@post("/cache/lists/{list_id:int}", include_in_schema=False, sync_to_thread=True, **WITH_FILE)
def change_list(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    cache_lists: Injected[Lists],
    list_id: Id,
    data: WithFile,
) -> Template | Redirect:
    """Change a list, once it has answered as it is to be."""
    return _save(request, cache, cache_lists, data, list_id)


@post("/cache/lists/{list_id:int}/switch", include_in_schema=False, sync_to_thread=True, **MANAGE)
def switch_list(
    request: Request[Any, Any, Any], cache_lists: Injected[Lists], list_id: Id, data: Form
) -> Redirect:
    """Let a list count, or not."""
    cache_lists.switch(list_id, text(data, "on") == "true")
    return to(request, "/cache/sources#list")


@post("/cache/lists/{list_id:int}/remove", include_in_schema=False, sync_to_thread=True, **MANAGE)
def remove_list(
    request: Request[Any, Any, Any], cache_lists: Injected[Lists], list_id: Id, data: Form
) -> Redirect:
    """Take a list out."""
    cache_lists.remove(list_id)
    return to(request, "/cache/sources#list")


@post("/cache/lists/keys/{service:str}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def save_key(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    cache_lists: Injected[Lists],
    settings: Injected[Settings],
    service: FromPath[str],
    data: Form,
) -> Template | Redirect:
    """Keep the key of a service, once it has answered to it."""
    try:
        cache_lists.keep_key(keyed(service), text(data, f"{service}-key"))
    except ProjectionistError as error:
        shown = {service: error.message}
        return sources_template(cache, cache_lists, settings, shown, status=error.status)
    return to(request, "/cache/sources#list")


@post("/cache/lists/keys/{service:str}/remove", include_in_schema=False, sync_to_thread=True, **MANAGE)
def remove_key(
    request: Request[Any, Any, Any], cache_lists: Injected[Lists], service: FromPath[str], data: Form
) -> Redirect:
    """Forget the key of a service."""
    cache_lists.drop_key(keyed(service))
    return to(request, "/cache/sources#list")


def _save(
    request: Request[Any, Any, Any],
    cache: Workplace,
    lists: Lists,
    data: Mapping[str, Any],
    list_id: int | None,
) -> Template | Redirect:
    try:
        new = _list_in(data)
        if list_id is None:
            lists.add(new)
        else:
            lists.change(list_id, new)
    except ProjectionistError as error:
        given = {name: value for name, value in data.items() if isinstance(value, str) and name != "key"}
        return _form(cache, lists, given, list_id, error)
    return to(request, "/cache/sources#list")


def _list_in(form: Mapping[str, Any]) -> NewList:
    """The list that a form describes. Raises InputWrong."""
    service, _, kind = text(form, "which").partition(":")
    if (service, kind) not in {(one.value, some.value) for one, kinds in OFFERED.items() for some in kinds}:
        raise InputWrong("Choose one of these lists.", "which")
    return NewList(
        service=ListService(service),
        kind=ListKind(kind),
        where=text(form, "where"),
        name=text(form, "name"),
        most=number_in(form, "most", 10),
        fill=text(form, "fill") == "true",
        account_id=number_in(form, "account_id", 0),
        on=text(form, "on") == "true",
        key=text(form, "key"),
        content=_content(form),
    )


def _content(form: Mapping[str, Any]) -> str:
    """The text of the file that was sent, empty where none was. Raises InputWrong."""
    sent = form.get("content")
    if not isinstance(sent, UploadFile):
        return text(form, "content")
    raw = sent.file.read(_LARGEST + 1)
    try:
        if len(raw) > _LARGEST:
            raise InputWrong("This file is far too large for a list; nothing of it was kept.", "content")
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InputWrong(
            "This file is no text in UTF-8, as IMDb's are; nothing of it was kept.", "content"
        ) from None


def _form(
    cache: Workplace,
    lists: Lists,
    given: Mapping[str, Any],
    list_id: int | None,
    error: ProjectionistError | None = None,
) -> Template:
    known = [f"{service}:{kind}" for service, kinds in OFFERED.items() for kind in kinds]
    context = {
        "given": dict.fromkeys(_FIELDS, "") | dict(given),
        "list_id": list_id,
        "errors": {} if error is None else errors_of(error),
        "kinds": known,
        "keys": {service.value: kept for service, kept in lists.keys().items()},
        "people": viewers(cache.database),
        "service_names": SERVICE_NAMES,
    }
    return Template("cache/list.html", context=context, status_code=200 if error is None else error.status)


LIST_ROUTES = (
    new_list_page,
    add_list,
    list_page,
    change_list,
    switch_list,
    remove_list,
    save_key,
    remove_key,
)
