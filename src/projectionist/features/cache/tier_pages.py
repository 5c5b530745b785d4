"""The pages of what is set up: fast disks, the folders that they serve, and what may be on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromQuery, PathParameter
from litestar.response import Redirect, Template

from projectionist.errors import ProjectionistError
from projectionist.features.cache import service, set_up
from projectionist.features.cache.tier_forms import place_in, tier_in
from projectionist.features.cache.tiers.setting_up import NewTier
from projectionist.features.cache.workplace import Workplace
from projectionist.features.library.service import libraries, viewers
from projectionist.jobs.ports import Jobs
from projectionist.web.access import needs
from projectionist.web.forms import Form, errors_of, text, texts, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
MANAGE = needs(Permission.MANAGE_CACHE)


@get("/cache/tiers", include_in_schema=False, sync_to_thread=True, **MANAGE)
def tiers_page(cache: Injected[Workplace], jobs: Injected[Jobs]) -> Template:
    """The fast disks in order, the folders they serve, and caps; whoever is new here is led."""
    return _tiers(cache, jobs)


@get("/cache/tiers/new", include_in_schema=False, sync_to_thread=True, **MANAGE)
def new_tier_page() -> Template:
    """A form for a fast disk."""
    return _tier_form({}, None)


@post("/cache/tiers", include_in_schema=False, sync_to_thread=True, **MANAGE)
def add_tier(cache: Injected[Workplace], data: Form) -> Template:
    """Try a folder on a fast disk, and keep it."""
    return _save_tier(cache, data, None)


@get("/cache/tiers/{tier_id:int}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def tier_page(cache: Injected[Workplace], tier_id: Id) -> Template:
    """A fast disk, to be changed."""
    shown = set_up.tier_set(cache, tier_id)
    typed = shown.typed
    given = {field: str(getattr(typed, field)) for field in (one.name for one in dataclasses.fields(typed))}
    return _tier_form(given, tier_id)


@post("/cache/tiers/{tier_id:int}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def change_tier(cache: Injected[Workplace], tier_id: Id, data: Form) -> Template:
    """Try what was changed of a fast disk, and keep it."""
    return _save_tier(cache, data, tier_id)


@post("/cache/tiers/{tier_id:int}/remove", include_in_schema=False, sync_to_thread=True, **MANAGE)
def remove_tier(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    tier_id: Id,
    data: Form,
) -> Template | Redirect:
    """Use a fast disk no more."""
    try:
        set_up.remove_tier(cache, tier_id)
    except ProjectionistError as error:
        return _tiers(cache, jobs, error)
    return to(request, "/cache/tiers")


@get("/cache/places/new", include_in_schema=False, sync_to_thread=True, **MANAGE)
def new_place_page(
    cache: Injected[Workplace], library: FromQuery[int] = 0, folder: FromQuery[str] = ""
) -> Template:
    """A form for a folder on a slow disk, filled in with the first of this library that is not served yet."""
    tiers = [str(tier.id) for tier in set_up.tiers_named(cache)]
    given: dict[str, Any] = {"tier_ids": tiers, "library_id": str(library or ""), "slow_root": folder}
    for one in set_up.offers(cache):
        if not folder and one.library.id == (library or one.library.id):
            given |= {"library_id": str(one.library.id), "slow_root": str(one.folder)}
            break
    return _place_form(cache, given, None)


@post("/cache/places", include_in_schema=False, sync_to_thread=True, **MANAGE)
def add_place(cache: Injected[Workplace], data: Form) -> Template:
    """Try a folder on a slow disk, and have it served."""
    return _save_place(cache, data, None)


@get("/cache/places/{place_id:int}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def place_page(cache: Injected[Workplace], place_id: Id) -> Template:
    """A folder that is served, to be changed."""
    typed = set_up.place_typed(set_up.place_set(cache, place_id).place)
    given: dict[str, Any] = {
        **{field: str(getattr(typed, field)) for field in (one.name for one in dataclasses.fields(typed))},
        "tier_ids": [str(one) for one in typed.tier_ids],
        "arr_owned": "true" if typed.arr_owned else "",
    }
    return _place_form(cache, given, place_id)


@post("/cache/places/{place_id:int}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def change_place(cache: Injected[Workplace], place_id: Id, data: Form) -> Template:
    """Try what was changed of a folder, and keep it."""
    return _save_place(cache, data, place_id)


@post("/cache/places/{place_id:int}/remove", include_in_schema=False, sync_to_thread=True, **MANAGE)
def remove_place(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    place_id: Id,
    data: Form,
) -> Template | Redirect:
    """Serve a folder no more."""
    try:
        set_up.remove_place(cache, place_id)
    except ProjectionistError as error:
        return _tiers(cache, jobs, error)
    return to(request, "/cache/tiers")


@post("/cache/caps", include_in_schema=False, sync_to_thread=True, **MANAGE)
def save_cap(
    request: Request[Any, Any, Any], cache: Injected[Workplace], jobs: Injected[Jobs], data: Form
) -> Template | Redirect:
    """Say what a library, a person or any one film takes at most; nothing said takes the cap away."""
    scope, _, key = text(data, "whom").partition(":")
    try:
        set_up.save_cap(cache, scope, key, text(data, "most"), excluded=bool(text(data, "excluded")))
    except ProjectionistError as error:
        return _tiers(cache, jobs, error, given={"whom": text(data, "whom"), "most": text(data, "most")})
    return to(request, "/cache/tiers#caps")


def _tiers(
    cache: Workplace,
    jobs: Jobs,
    error: ProjectionistError | None = None,
    given: Mapping[str, str] | None = None,
) -> Template:
    context = {
        "tiers": set_up.tiers_set(cache),
        "places": set_up.places_set(cache),
        "offers": set_up.offers(cache),
        "caps": set_up.caps_set(cache),
        "libraries": libraries(cache.database),
        "people": viewers(cache.database),
        "confirmed": service.is_confirmed(jobs),
        "errors": {} if error is None else errors_of(error),
        "given": given or {},
        "node": cache.node,
    }
    return Template("cache/tiers.html", context=context, status_code=200 if error is None else error.status)


def _save_tier(cache: Workplace, data: Mapping[str, Any], tier_id: int | None) -> Template:
    try:
        wanted, wrong = tier_in(data)
        saved = set_up.save_tier(cache, wanted, tier_id, wrong)
    except ProjectionistError as error:
        return _tier_form(data, tier_id, error)
    context = {"what": text(data, "name"), "told": saved.told, "is_tier": True, "is_new": tier_id is None}
    return Template("cache/set_up_done.html", context=context)


def _save_place(cache: Workplace, data: Mapping[str, Any], place_id: int | None) -> Template:
    try:
        saved = set_up.save_place(cache, place_in(data), place_id)
    except ProjectionistError as error:
        return _place_form(cache, data, place_id, error)
    context = {
        "what": text(data, "slow_root"),
        "told": saved.told,
        "is_tier": False,
        "is_new": place_id is None,
    }
    return Template("cache/set_up_done.html", context=context)


def _tier_form(
    given: Mapping[str, Any], tier_id: int | None, error: ProjectionistError | None = None
) -> Template:
    fields = [one.name for one in dataclasses.fields(NewTier)]
    context = {
        "given": {field: text(given, field) for field in fields},
        "tier_id": tier_id,
        "errors": {} if error is None else errors_of(error),
    }
    return Template("cache/tier.html", context=context, status_code=200 if error is None else error.status)


def _place_form(
    cache: Workplace,
    given: Mapping[str, Any],
    place_id: int | None,
    error: ProjectionistError | None = None,
) -> Template:
    fields = ("library_id", "slow_root", "layout", "view_root", "host_root", "sidecars", "arr_owned")
    context = {
        "given": {field: text(given, field) for field in fields},
        "ticked": texts(given, "tier_ids"),
        "place_id": place_id,
        "libraries": libraries(cache.database),
        "tiers": set_up.tiers_named(cache),
        "errors": {} if error is None else errors_of(error),
    }
    return Template("cache/place.html", context=context, status_code=200 if error is None else error.status)


TIER_ROUTES = (
    tiers_page,
    new_tier_page,
    add_tier,
    tier_page,
    change_tier,
    remove_tier,
    new_place_page,
    add_place,
    place_page,
    change_place,
    remove_place,
    save_cap,
)
