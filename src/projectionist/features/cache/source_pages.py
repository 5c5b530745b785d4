"""The page of sources: where wishes come from, for whom they count, and how each answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from projectionist.features.cache import source_choices
from projectionist.features.cache.reading.plainly import plainly
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.lists.records import SERVICE_NAMES
from projectionist.features.cache.workplace import Workplace
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.forms import Form, text, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_CACHE)

_SAID: dict[str, bool | None] = {"": None, "yes": True, "no": False}
_OF = "account-"


@get("/cache/sources", include_in_schema=False, sync_to_thread=True, **MANAGE)
def sources_page(
    cache: Injected[Workplace], cache_lists: Injected[Lists], settings: Injected[Settings]
) -> Template:
    """Each source, on or off, and the lists that were added."""
    return sources_template(cache, cache_lists, settings)


def sources_template(
    cache: Workplace,
    lists: Lists,
    settings: Settings,
    key_errors: Mapping[str, str] = MappingProxyType({}),
    *,
    status: int = 200,
) -> Template:
    """The page of sources; `key_errors` says what was wrong with the key of a service."""
    context = {
        "sources": source_choices.sources_shown(cache, settings.cache_sources),
        "people": source_choices.people(cache),
        "settings": settings,
        "lists": [replace(one, reason=plainly(one.reason)) for one in lists.all()],
        "keys": {service.value: kept for service, kept in lists.keys().items()},
        "key_errors": key_errors,
        "service_names": SERVICE_NAMES,
    }
    return Template("cache/sources.html", context=context, status_code=status)


@post("/cache/sources/{source:str}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def choose_source(
    request: Request[Any, Any, Any], cache: Injected[Workplace], source: FromPath[str], data: Form
) -> Redirect:
    """Keep for whom a source counts; who is not named keeps their choice."""
    choices = {0: _SAID.get(text(data, "everybody"))} if "everybody" in data else {}
    for name in data:
        number = name.removeprefix(_OF)
        if name.startswith(_OF) and number.isascii() and number.isdigit() and len(number) < 10:
            choices[int(number)] = _SAID.get(text(data, name))
    source_choices.choose_source(cache, source, choices)
    return to(request, f"/cache/sources#{source}")


SOURCE_ROUTES = (sources_page, choose_source)
