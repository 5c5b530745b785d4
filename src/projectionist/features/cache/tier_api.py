"""The API of what is set up: tiers, places, caps, and the sources of wishes."""

from __future__ import annotations

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from projectionist.features.cache import set_up, source_choices
from projectionist.features.cache.documents_tiers import (
    CapDocument,
    CapRequest,
    ChoiceRequest,
    PlaceDocument,
    PlaceRequest,
    SavedDocument,
    SourceDocument,
    TierRequest,
    TierSetDocument,
    cap_document,
    new_place,
    new_tier,
    place_document,
    saved_document,
    source_document,
    tier_document,
)
from projectionist.features.cache.routes import AT, ROUTE, Id
from projectionist.features.cache.workplace import Workplace
from projectionist.settings import Settings
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, part_out


@get(f"{AT}/tiers", operation_id="list_cache_tiers", **ROUTE)
def list_tiers(cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50) -> PageOut[TierSetDocument]:
    """The fast tiers of this node, the first to be filled first."""
    return part_out(set_up.tiers_set(cache), tier_document, offset, limit)


@post(f"{AT}/tiers", operation_id="add_cache_tier", **ROUTE)
def add_tier(cache: Injected[Workplace], data: JSONBody[TierRequest]) -> SavedDocument:
    """Add a fast tier, once its folder has been tried."""
    return saved_document(set_up.save_tier(cache, new_tier(data)))


@get(f"{AT}/tiers/{{tier_id:int}}", operation_id="get_cache_tier", **ROUTE)
def get_tier(cache: Injected[Workplace], tier_id: Id) -> TierSetDocument:
    """One fast tier."""
    return tier_document(set_up.tier_set(cache, tier_id))


@put(f"{AT}/tiers/{{tier_id:int}}", operation_id="change_cache_tier", **ROUTE)
def change_tier(cache: Injected[Workplace], tier_id: Id, data: JSONBody[TierRequest]) -> SavedDocument:
    """Change a fast tier, once its folder has been tried; it moves elsewhere only while nothing of ours is on it."""
    return saved_document(set_up.save_tier(cache, new_tier(data), tier_id))


@delete(f"{AT}/tiers/{{tier_id:int}}", operation_id="remove_cache_tier", **ROUTE)
def remove_tier(cache: Injected[Workplace], tier_id: Id) -> None:
    """Use a fast tier no more; it has to be empty of ours."""
    set_up.remove_tier(cache, tier_id)


@get(f"{AT}/places", operation_id="list_cache_places", **ROUTE)
def list_places(cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50) -> PageOut[PlaceDocument]:
    """The slow folders of libraries that are served on this node."""
    return part_out(set_up.places_set(cache), place_document, offset, limit)


@post(f"{AT}/places", operation_id="add_cache_place", **ROUTE)
def add_place(cache: Injected[Workplace], data: JSONBody[PlaceRequest]) -> SavedDocument:
    """Have a slow folder served, once its layout has been proved on the disks."""
    return saved_document(set_up.save_place(cache, new_place(data)))


@get(f"{AT}/places/{{place_id:int}}", operation_id="get_cache_place", **ROUTE)
def get_place(cache: Injected[Workplace], place_id: Id) -> PlaceDocument:
    """One folder that is served, with every path by which it is seen."""
    return place_document(set_up.place_set(cache, place_id))


@put(f"{AT}/places/{{place_id:int}}", operation_id="change_cache_place", **ROUTE)
def change_place(cache: Injected[Workplace], place_id: Id, data: JSONBody[PlaceRequest]) -> SavedDocument:
    """Change how a folder is served, once that has been proved on the disks."""
    return saved_document(set_up.save_place(cache, new_place(data), place_id))


@delete(f"{AT}/places/{{place_id:int}}", operation_id="remove_cache_place", **ROUTE)
def remove_place(cache: Injected[Workplace], place_id: Id) -> None:
    """Serve a folder no more; none of its files may be on a fast tier."""
    set_up.remove_place(cache, place_id)


@get(f"{AT}/caps", operation_id="list_cache_caps", **ROUTE)
def list_caps(cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50) -> PageOut[CapDocument]:
    """What libraries, people and items may take at most."""
    return part_out(set_up.caps_set(cache), cap_document, offset, limit)


@put(f"{AT}/caps", operation_id="save_cache_cap", status_code=204, **ROUTE)
def save_cap(cache: Injected[Workplace], data: JSONBody[CapRequest]) -> None:
    """Set a cap; one that says nothing is taken away."""
    set_up.save_cap(cache, data.scope, data.key, data.most, excluded=data.excluded)


@get(f"{AT}/sources", operation_id="list_cache_sources", **ROUTE)
def list_sources(
    cache: Injected[Workplace], settings: Injected[Settings], offset: Offset = 0, limit: Limit = 50
) -> PageOut[SourceDocument]:
    """Where wishes come from: on or off, for whom, and how each answers."""
    shown = source_choices.sources_shown(cache, settings.cache_sources)
    return part_out(shown, source_document, offset, limit)


@put(f"{AT}/sources/{{source:str}}", operation_id="choose_cache_source", status_code=204, **ROUTE)
def choose_source(cache: Injected[Workplace], source: FromPath[str], data: JSONBody[ChoiceRequest]) -> None:
    """Switch a source on or off, for everybody or for one person."""
    source_choices.choose_source(cache, source, {data.account_id: data.counts})


TIER_API = (
    list_tiers,
    add_tier,
    get_tier,
    change_tier,
    remove_tier,
    list_places,
    add_place,
    get_place,
    change_place,
    remove_place,
    list_caps,
    save_cap,
    list_sources,
    choose_source,
)
