"""The API of the cache's daily work: all that its pages do."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from projectionist.errors import InputWrong
from projectionist.features.cache import acting, pins, service, showing
from projectionist.features.cache.documents import (
    CacheDocument,
    CopyDocument,
    EffectDocument,
    FileSort,
    FilesRequest,
    FilmDocument,
    ItemWhyDocument,
    KeptDocument,
    KindName,
    MoveDocument,
    MoveSort,
    OrderedDocument,
    PinDocument,
    PinRequest,
    PlanDocument,
    RefusedDocument,
    ResultName,
    ReturnDocument,
    RunDocument,
    RunRequest,
    StoppedDocument,
    TallyDocument,
    cache_document,
    copy_document,
    effect_document,
    film_document,
    kept_document,
    move_document,
    ordered_documents,
    pin_document,
    plan_document,
    refused_document,
    return_document,
    run_document,
    tally_document,
    why_document,
)
from projectionist.features.cache.forms import MOST_AT_ONCE
from projectionist.features.cache.reading import films, history, standing
from projectionist.features.cache.reading.films import FilmFilter
from projectionist.features.cache.reading.history import MoveFilter
from projectionist.features.cache.routes import AT, ROUTE, Id
from projectionist.features.cache.workplace import Workplace
from projectionist.features.library import service as library
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, page_out, part_out
from projectionist.web.ports import Principal

Text = Annotated[str, QueryParameter(max_length=200, description="Words of the title or the path.")]
TierName = Annotated[str, QueryParameter(max_length=100, description="Only films on the tier of this name.")]


@get(AT, operation_id="get_cache", **ROUTE)
def get_cache(cache: Injected[Workplace], jobs: Injected[Jobs]) -> CacheDocument:
    """How the cache stands: its tiers, what is being moved, what is in the way, and when it looks again."""
    return cache_document(standing.standing(cache, jobs))


@get(f"{AT}/plan", operation_id="get_cache_plan", **ROUTE)
def get_plan(cache: Injected[Workplace]) -> PlanDocument:
    """What would be moved now, in numbers; nothing is."""
    return plan_document(showing.plan(cache))


@get(f"{AT}/plan/copies", operation_id="list_planned_copies", **ROUTE)
def list_copies(cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50) -> PageOut[CopyDocument]:
    """What would be copied now, the most urgent first."""
    return part_out(showing.plan(cache).copies, copy_document, offset, limit)


@get(f"{AT}/plan/returns", operation_id="list_planned_returns", **ROUTE)
def list_returns(
    cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50
) -> PageOut[ReturnDocument]:
    """What would be moved back now, the least wanted first."""
    return part_out(showing.plan(cache).returns, return_document, offset, limit)


@get(f"{AT}/plan/kept", operation_id="list_kept_films", **ROUTE)
def list_kept(cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50) -> PageOut[KeptDocument]:
    """What would stay on the fast tiers."""
    return part_out(showing.plan(cache).kept, kept_document, offset, limit)


@get(f"{AT}/plan/refused", operation_id="list_refused_films", **ROUTE)
def list_refused(
    cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50
) -> PageOut[RefusedDocument]:
    """What is wanted and would not be copied, and why."""
    return part_out(showing.plan(cache).refused, refused_document, offset, limit)


@post(f"{AT}/run", operation_id="run_cache", status_code=202, **ROUTE)
def run_cache(
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
    data: JSONBody[RunRequest],
) -> RunDocument:
    """Plan now and move files; before anybody said yes to a plan, only plan."""
    if data.confirm:
        ordered = acting.carry_out(cache, jobs, settings.cache_interval, principal.name)
        return run_document(ordered, dry=False)
    dry = not service.is_confirmed(jobs)
    return run_document(service.run(cache, jobs, principal.name, dry=dry), dry=dry)


@post(f"{AT}/stop", operation_id="stop_cache", status_code=200, **ROUTE)
def stop_cache(cache: Injected[Workplace], jobs: Injected[Jobs]) -> StoppedDocument:
    """Let what is being moved be finished, and begin nothing more of what was asked for."""
    return StoppedDocument(service.stop_after_step(cache, jobs))


@post(f"{AT}/restore-all", operation_id="restore_all_films", status_code=202, **ROUTE)
def restore_all(
    cache: Injected[Workplace], jobs: Injected[Jobs], principal: Injected[Principal]
) -> RunDocument:
    """Move everything back, and move nothing by itself any more; a job for each node with fast tiers."""
    return run_document(service.restore_all(cache, jobs, principal.name), dry=False)


@get(f"{AT}/files", operation_id="list_cached_films", **ROUTE)
def list_films(
    cache: Injected[Workplace],
    tier: TierName = "",
    pinned: FromQuery[bool | None] = None,
    text: Text = "",
    sort: FromQuery[FileSort] = "-since",
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[FilmDocument]:
    """The films on this node's fast tiers, filtered and sorted."""
    wanted = FilmFilter(tier, text, pinned, sort)
    return page_out(films.films(cache, wanted, offset=offset, size=limit), film_document)


@post(f"{AT}/files/return", operation_id="return_cached_films", status_code=202, **ROUTE)
def return_films(
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: JSONBody[FilesRequest],
) -> TallyDocument:
    """Ask for films to be moved back to their slow disks."""
    return tally_document(acting.return_films(cache, jobs, _ids(data), principal.name))


@post(f"{AT}/files/pin", operation_id="pin_cached_films", status_code=200, **ROUTE)
def pin_films(
    cache: Injected[Workplace], principal: Injected[Principal], data: JSONBody[FilesRequest]
) -> TallyDocument:
    """Pin the items of these films in the versions that are there."""
    return tally_document(acting.pin_films(cache, _ids(data), principal.name, pin=True))


@post(f"{AT}/files/unpin", operation_id="unpin_cached_films", status_code=200, **ROUTE)
def unpin_films(
    cache: Injected[Workplace], principal: Injected[Principal], data: JSONBody[FilesRequest]
) -> TallyDocument:
    """Pin the items of these films no longer."""
    return tally_document(acting.pin_films(cache, _ids(data), principal.name, pin=False))


@get(f"{AT}/moves", operation_id="list_cache_moves", **ROUTE)
def list_moves(
    cache: Injected[Workplace],
    kind: FromQuery[KindName | None] = None,
    result: FromQuery[ResultName | None] = None,
    text: Text = "",
    sort: FromQuery[MoveSort] = "-at",
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[MoveDocument]:
    """The moves that ended on all nodes, filtered and sorted."""
    wanted = MoveFilter(text, kind or "", result or "", sort)
    return page_out(history.moves(cache, wanted, offset=offset, size=limit), move_document)


@post(f"{AT}/moves/{{move_id:int}}/undo", operation_id="undo_cache_move", status_code=202, **ROUTE)
def undo_move(
    cache: Injected[Workplace], jobs: Injected[Jobs], principal: Injected[Principal], move_id: Id
) -> OrderedDocument:
    """Ask for a move to be taken back."""
    return ordered_documents([service.undo(cache, jobs, move_id, principal.name)])[0]


@get(f"{AT}/items/{{item_id:int}}", operation_id="explain_item", **ROUTE)
def explain_item(cache: Injected[Workplace], item_id: Id) -> ItemWhyDocument:
    """Why the files of an item are on a fast tier, or are not."""
    library.item(cache.database, item_id)
    return why_document(showing.why(cache, item_id))


@get(f"{AT}/pins", operation_id="list_pins", **ROUTE)
def list_pins(cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50) -> PageOut[PinDocument]:
    """What is pinned, the oldest first."""
    return part_out(pins.pins(cache.database), pin_document, offset, limit)


@put(f"{AT}/pins/{{item_id:int}}", operation_id="pin_item", **ROUTE)
def pin_item(
    cache: Injected[Workplace], principal: Injected[Principal], item_id: Id, data: JSONBody[PinRequest]
) -> EffectDocument:
    """Keep a film, an episode, a season or a show on the fast tiers for good, in a version."""
    ask = acting.weigh_pin if data.dry else acting.pin
    return effect_document(ask(cache, item_id, data.version, principal.name))


@delete(f"{AT}/pins/{{item_id:int}}", operation_id="unpin_item", **ROUTE)
def unpin_item(cache: Injected[Workplace], item_id: Id) -> None:
    """Keep something there no longer than it is wanted."""
    acting.unpin(cache, item_id)


def _ids(request: FilesRequest) -> list[int]:
    if not request.ids:
        raise InputWrong("Name at least one film.", "ids")
    if len(request.ids) > MOST_AT_ONCE:
        raise InputWrong(f"Name at most {MOST_AT_ONCE} films at once.", "ids")
    if not all(1 <= one <= 2**31 - 1 for one in request.ids):
        raise InputWrong("A film is named by its number.", "ids")
    return request.ids


HANDLERS = (
    get_cache,
    get_plan,
    list_copies,
    list_returns,
    list_kept,
    list_refused,
    run_cache,
    stop_cache,
    restore_all,
    list_films,
    return_films,
    pin_films,
    unpin_films,
    list_moves,
    undo_move,
    explain_item,
    list_pins,
    pin_item,
    unpin_item,
)
