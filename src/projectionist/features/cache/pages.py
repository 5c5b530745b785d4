"""The pages of the cache's daily work: how it stands, the plan, what is on the fast disks, what was moved, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from litestar import Request, get, post
from litestar.params import FromQuery, PathParameter
from litestar.response import Redirect, Stream, Template

from projectionist.features.cache import acting, service, showing
from projectionist.features.cache.acting import Tally
from projectionist.features.cache.forms import back, ids_in
from projectionist.features.cache.reading import films, history
from projectionist.features.cache.reading.films import FilmFilter
from projectionist.features.cache.reading.history import KindFilter, MoveFilter, Result
from projectionist.features.cache.wanting.versions import Preference
from projectionist.features.cache.workplace import Workplace
from projectionist.features.library import service as library
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.formatting import zone_of
from projectionist.web.forms import Form, text, to
from projectionist.web.injection import Injected
from projectionist.web.paging import Offset, export_csv, export_json
from projectionist.web.ports import Permission, Principal

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
MANAGE = needs(Permission.MANAGE_CACHE)
PAGE = 50

PlanPart = Literal["copies", "returns", "refused", "kept"]
Pinned = Literal["", "yes", "no"]

_FILE_COLUMNS = ("title", "path", "tier", "size", "since", "why", "version")
_MOVE_COLUMNS = ("id", "at", "kind", "outcome", "title", "path", "tier", "node", "size", "took_ms", "why")


@get("/cache", include_in_schema=False, sync_to_thread=True, **MANAGE)
def overview_page(cache: Injected[Workplace], jobs: Injected[Jobs]) -> Template:
    """How the cache stands: what fills the fast disks, what is being moved, what is in the way."""
    shown = showing.overview(cache, jobs)
    return Template(
        "cache/overview.html", context={"shown": shown, "now": shown.now, "places": cache.places.all()}
    )


@post("/cache/run", include_in_schema=False, sync_to_thread=True, **MANAGE)
def run_now(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: Form,
) -> Redirect:
    """Plan and move now; before a first plan was confirmed, show that instead."""
    if not service.is_confirmed(jobs):
        return to(request, "/cache/plan")
    service.run(cache, jobs, principal.name, dry=False)
    return to(request, "/cache")


@post("/cache/stop", include_in_schema=False, sync_to_thread=True, **MANAGE)
def stop(
    request: Request[Any, Any, Any], cache: Injected[Workplace], jobs: Injected[Jobs], data: Form
) -> Redirect:
    """Let what is being moved be finished, and begin nothing more."""
    service.stop_after_step(cache, jobs)
    return to(request, "/cache")


@post("/cache/restore-all", include_in_schema=False, sync_to_thread=True, **MANAGE)
def restore_all(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: Form,
) -> Redirect:
    """Move everything back, and stay away."""
    service.restore_all(cache, jobs, principal.name)
    return to(request, "/cache")


@get("/cache/plan", include_in_schema=False, sync_to_thread=True, **MANAGE)
def plan_page(
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    part: FromQuery[PlanPart] = "copies",
    offset: Offset = 0,
) -> Template:
    """What would be moved now, and why; nothing is, until somebody says yes."""
    plan = showing.plan(cache)
    rows = getattr(plan, part)
    context = {
        "plan": plan,
        "part": part,
        "rows": rows[offset : offset + PAGE],
        "total": len(rows),
        "offset": offset,
        "limit": PAGE,
        "tiers": cache.places.tiers(),
        "places": cache.places.all(),
        "confirmed": service.is_confirmed(jobs),
        "interval": settings.cache_interval,
    }
    return Template("cache/plan.html", context=context)


@post("/cache/plan/confirm", include_in_schema=False, sync_to_thread=True, **MANAGE)
def confirm(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
    data: Form,
) -> Redirect:
    """Say yes to the plan: files are moved now, and by themselves from now on."""
    acting.carry_out(cache, jobs, settings.cache_interval, principal.name)
    return to(request, "/cache")


@get("/cache/files", include_in_schema=False, sync_to_thread=True, **MANAGE)
def files_page(
    cache: Injected[Workplace],
    tier: FromQuery[str] = "",
    pinned: FromQuery[Pinned] = "",
    q: FromQuery[str] = "",
    sort: FromQuery[str] = "-since",
    offset: Offset = 0,
) -> Template:
    """Every film on the fast disks."""
    wanted = _film_filter(tier, pinned, q, sort)
    context = {
        "found": films.films(cache, wanted, offset=offset, size=PAGE),
        "wanted": wanted,
        "pinned": pinned,
        "offset": offset,
        "limit": PAGE,
        "tiers": cache.places.tiers(),
    }
    return Template("cache/files.html", context=context)


@get("/cache/files/export", include_in_schema=False, sync_to_thread=True, **MANAGE)
def export_files(
    cache: Injected[Workplace],
    tier: FromQuery[str] = "",
    pinned: FromQuery[Pinned] = "",
    q: FromQuery[str] = "",
    form: FromQuery[str] = "csv",
) -> Stream:
    """The list of films, as CSV or JSON."""
    wanted = _film_filter(tier, pinned, q, "since")
    films.films(cache, wanted, size=1)  # what is wrong is told before the download begins
    rows = (
        {**asdict(one), "path": str(one.path), "since": one.since.isoformat()}
        for one in acting.all_films(cache, wanted)
    )
    if form == "json":
        return export_json(({name: row[name] for name in _FILE_COLUMNS} for row in rows), "cache.json")
    return export_csv(rows, _FILE_COLUMNS, "cache.csv")


@post("/cache/files/return", include_in_schema=False, sync_to_thread=True, **MANAGE)
def return_files(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: Form,
) -> Template | Redirect:
    """Move what is ticked back to its slow disk."""
    came = acting.return_films(cache, jobs, ids_in(data), principal.name)
    return _after(request, data, came, "/cache/files")


@post("/cache/files/pin", include_in_schema=False, sync_to_thread=True, **MANAGE)
def pin_files(
    request: Request[Any, Any, Any], cache: Injected[Workplace], principal: Injected[Principal], data: Form
) -> Template | Redirect:
    """Keep what is ticked on the fast disk for good."""
    came = acting.pin_films(cache, ids_in(data), principal.name, pin=True)
    return _after(request, data, came, "/cache/files")


@post("/cache/files/unpin", include_in_schema=False, sync_to_thread=True, **MANAGE)
def unpin_files(
    request: Request[Any, Any, Any], cache: Injected[Workplace], principal: Injected[Principal], data: Form
) -> Template | Redirect:
    """Keep what is ticked there no longer than it is wanted."""
    came = acting.pin_films(cache, ids_in(data), principal.name, pin=False)
    return _after(request, data, came, "/cache/files")


@get("/cache/moves", include_in_schema=False, sync_to_thread=True, **MANAGE)
def moves_page(
    cache: Injected[Workplace],
    principal: Injected[Principal],
    kind: FromQuery[KindFilter] = "",
    result: FromQuery[Result] = "",
    q: FromQuery[str] = "",
    sort: FromQuery[str] = "-at",
    offset: Offset = 0,
) -> Template:
    """What was moved, why, how it went, and on which day."""
    wanted = MoveFilter(q, kind, result, sort)
    days = history.timeline(cache, zone_of(principal.time_zone))
    context = {
        "found": history.moves(cache, wanted, offset=offset, size=PAGE),
        "wanted": wanted,
        "days": days,
        "most": max((max(day.brought_bytes, day.returned_bytes) for day in days), default=0),
        "is_cared": any(day.cared for day in days),
        "offset": offset,
        "limit": PAGE,
    }
    return Template("cache/moves.html", context=context)


@get("/cache/moves/export", include_in_schema=False, sync_to_thread=True, **MANAGE)
def export_moves(
    cache: Injected[Workplace],
    kind: FromQuery[KindFilter] = "",
    result: FromQuery[Result] = "",
    q: FromQuery[str] = "",
    form: FromQuery[str] = "csv",
) -> Stream:
    """The history, as CSV or JSON."""
    wanted = MoveFilter(q, kind, result, "at")
    history.moves(cache, wanted, size=1)
    rows = (
        {**asdict(one.move), "kind": str(one.move.kind), "at": one.move.at.isoformat()}
        for one in acting.all_moves(cache, wanted)
    )
    if form == "json":
        return export_json(({name: row[name] for name in _MOVE_COLUMNS} for row in rows), "moves.json")
    return export_csv(rows, _MOVE_COLUMNS, "moves.csv")


@post("/cache/moves/{move_id:int}/undo", include_in_schema=False, sync_to_thread=True, **MANAGE)
def undo(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    move_id: Id,
    data: Form,
) -> Redirect:
    """Take a move back."""
    service.undo(cache, jobs, move_id, principal.name)
    return back(request, data, "/cache/moves")


@get("/cache/items/{item_id:int}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def item_page(cache: Injected[Workplace], item_id: Id) -> Template:
    """Why the files of an item are on a fast disk, or are not."""
    context = {"item": library.item(cache.database, item_id), "why": showing.why(cache, item_id)}
    return Template("cache/item.html", context=context)


@post("/cache/items/{item_id:int}/pin", include_in_schema=False, sync_to_thread=True, **MANAGE)
def pin_item(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    principal: Injected[Principal],
    item_id: Id,
    data: Form,
) -> Redirect:
    """Keep an item on the fast disk for good, in a version."""
    acting.pin(cache, item_id, text(data, "version") or Preference.HIGHEST, principal.name)
    return to(request, f"/items/{item_id}")


@post("/cache/items/{item_id:int}/unpin", include_in_schema=False, sync_to_thread=True, **MANAGE)
def unpin_item(
    request: Request[Any, Any, Any], cache: Injected[Workplace], item_id: Id, data: Form
) -> Redirect:
    """Keep an item there no longer than it is wanted."""
    acting.unpin(cache, item_id)
    return to(request, f"/items/{item_id}")


def _film_filter(tier: str, pinned: str, q: str, sort: str) -> FilmFilter:
    return FilmFilter(tier, q, {"yes": True, "no": False}.get(pinned), sort)


def _after(request: Request[Any, Any, Any], data: Any, came: Tally, otherwise: str) -> Template | Redirect:
    """Back to the list; where some could not be done, say which and why."""
    if came.failed:
        return Template("cache/bulk.html", context={"came": came}, status_code=409)
    return back(request, data, otherwise)


HANDLERS = (
    overview_page,
    run_now,
    stop,
    restore_all,
    plan_page,
    confirm,
    files_page,
    export_files,
    return_files,
    pin_files,
    unpin_files,
    moves_page,
    export_moves,
    undo,
    item_page,
    pin_item,
    unpin_item,
)
