"""The pages of previews: coverage and lists, choices, and a look into any preview."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, get, post
from litestar.params import FromQuery, PathParameter, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Stream, Template

from projectionist.errors import InputWrong, NotFound, PreviewInvalid
from projectionist.features.previews import showing, upkeep
from projectionist.features.previews.choices import Place
from projectionist.features.previews.documents import preview_document
from projectionist.features.previews.forms import Fields, choices_in, part_ids_in
from projectionist.features.previews.models import Preview, PreviewState
from projectionist.features.previews.pictures import path_url
from projectionist.features.previews.queries import Filter
from projectionist.features.previews.showing import Showcase
from projectionist.features.previews.workplace import Workplace
from projectionist.frames.slots import Mode
from projectionist.jobs.ports import Jobs, Priority
from projectionist.web.access import needs
from projectionist.web.forms import to
from projectionist.web.injection import Injected
from projectionist.web.paging import Offset, export_csv, export_json
from projectionist.web.ports import Permission, Principal

Form = URLEncodedBody[dict[str, Any]]
Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
QueryId = Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1)]
States = Annotated[list[str] | None, QueryParameter(name="state")]
MANAGE = needs(Permission.MANAGE_PREVIEWS)

PAGE = 50
_PICTURES = 60
_CHIPS = (
    PreviewState.MISSING,
    PreviewState.WAITING,
    PreviewState.QUEUED,
    PreviewState.MAKING,
    PreviewState.STALE,
    PreviewState.FAILED,
    PreviewState.FRESH,
    PreviewState.EXCLUDED,
)
_COLUMNS = (
    "title",
    "path",
    "state",
    "reason",
    "frames",
    "interval_ms",
    "width",
    "bytes",
    "seconds",
    "made_at",
)


@get("/previews", include_in_schema=False, sync_to_thread=True)
def previews_page(
    previews: Injected[Workplace],
    states: States = None,
    library: QueryId = None,
    q: FromQuery[str] = "",
    sort: FromQuery[str] = "title",
    offset: Offset = 0,
) -> Template:
    """Coverage per library, and every preview with how it stands."""
    wanted = Filter(library_id=library, states=tuple(states or ()), text=q, sort=sort)
    found = upkeep.list_previews(previews, wanted, offset=offset, size=PAGE)
    coverage = upkeep.coverage(previews)
    shown = [one for one in coverage if library in (None, one.library.id)]
    return Template(
        "previews/list.html",
        context={
            "coverage": coverage,
            "counts": {chip: sum(one.states.get(chip, 0) for one in shown) for chip in _CHIPS},
            "rows": found.items,
            "total": found.total,
            "offset": offset,
            "limit": PAGE,
            "wanted": wanted,
            "reasons": upkeep.reasons(previews, PreviewState.FAILED, 5),
            "rate": upkeep.rate(previews),
            "titles": {one.library.id: one.library.title for one in coverage},
        },
    )


@get("/previews/export", include_in_schema=False, sync_to_thread=True)
def export(
    previews: Injected[Workplace],
    states: States = None,
    library: QueryId = None,
    q: FromQuery[str] = "",
    form: FromQuery[str] = "csv",
) -> Stream:
    """The whole list, as CSV or JSON."""
    wanted = Filter(library_id=library, states=tuple(states or ()), text=q)
    upkeep.require_filter(wanted)
    rows = (_as_row(row) for row in upkeep.all_previews(previews, wanted))
    if form == "json":
        return export_json(rows, "previews.json")
    return export_csv(rows, _COLUMNS, "previews.csv")


@post("/previews/make", include_in_schema=False, sync_to_thread=True, **MANAGE)
def make(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: Form,
) -> Redirect:
    """Make what is ticked, or everything that the list shows."""
    fields = Fields(data)
    parts = part_ids_in(fields)
    wanted = Filter(part_ids=parts) if parts else _filter_in(fields)
    upkeep.make_now(previews, jobs, wanted, asked_by=principal.name)
    return _back(request, fields)


@post("/previews/make-again", include_in_schema=False, sync_to_thread=True, **MANAGE)
def make_again(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: Form,
) -> Redirect:
    """Make what is ticked, also what is there already."""
    fields = Fields(data)
    parts = part_ids_in(fields)
    if not parts:
        raise InputWrong("Tick what is to be made again.", "ids")
    upkeep.make_now(previews, jobs, Filter(part_ids=parts), again=True, asked_by=principal.name)
    return _back(request, fields)


@get("/previews/settings", include_in_schema=False, sync_to_thread=True, **MANAGE)
def settings_page(previews: Injected[Workplace]) -> Template:
    """What is wanted of every library that says nothing else, and which say otherwise."""
    return _settings_template(previews, None)


@post("/previews/settings", include_in_schema=False, sync_to_thread=True, **MANAGE)
def save_settings(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: Form,
) -> Template | Redirect:
    """Change the default."""
    return _save(request, previews, jobs, principal, None, Fields(data))


@post("/previews/settings/estimate", include_in_schema=False, sync_to_thread=True, status_code=200, **MANAGE)
def estimate_settings(previews: Injected[Workplace], data: Form) -> Template:
    """What a change of the default would make anew, in a line."""
    return _estimate(previews, None, Fields(data))


@get("/previews/libraries/{library_id:int}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def library_page(previews: Injected[Workplace], library_id: Id) -> Template:
    """What one library wants."""
    return _settings_template(previews, library_id)


@post("/previews/libraries/{library_id:int}", include_in_schema=False, sync_to_thread=True, **MANAGE)
def save_library(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    library_id: Id,
    data: Form,
) -> Template | Redirect:
    """Change what one library wants."""
    return _save(request, previews, jobs, principal, library_id, Fields(data))


@post(
    "/previews/libraries/{library_id:int}/estimate",
    include_in_schema=False,
    sync_to_thread=True,
    status_code=200,
    **MANAGE,
)
def estimate_library(previews: Injected[Workplace], library_id: Id, data: Form) -> Template:
    """What a change would make anew, in a line."""
    return _estimate(previews, library_id, Fields(data))


@post("/previews/libraries/{library_id:int}/check", include_in_schema=False, sync_to_thread=True, **MANAGE)
def check_library(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    library_id: Id,
    data: Form,
) -> Redirect:
    """Look through a library now."""
    upkeep.order_check(previews, jobs, library_id, priority=Priority.NOW, asked_by=principal.name)
    return _back(request, Fields(data))


@get("/previews/view", include_in_schema=False, sync_to_thread=True, **MANAGE)
def view(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    showcase: Injected[Showcase],
    path: Annotated[str, QueryParameter(max_length=4096)] = "",
    offset: Offset = 0,
) -> Template:
    """Look into a BIF or a folder of pictures: frames, times, record, problems."""
    context: dict[str, Any] = {
        "path": path,
        "seen": None,
        "strip": None,
        "error": "",
        "offset": offset,
        "limit": _PICTURES,
    }
    status = 200
    if path:
        try:
            context["seen"] = showing.inspect(previews, path)
            strip = showing.strip_of_path(previews, showcase, path)
            numbers = range(offset, min(strip.count, offset + _PICTURES))
            template = path_url(request, path, strip.version)
            context |= {"strip": strip, "template": template, "numbers": numbers}
        except (InputWrong, NotFound) as error:
            context["error"], status = error.message, error.status
        except PreviewInvalid as error:
            context["error"] = error.message
    return Template("previews/view.html", context=context, status_code=status)


def _as_row(row: Preview) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(preview_document(row))
    return document


def _filter_in(fields: Fields) -> Filter:
    library = fields.get("library")
    return Filter(
        library_id=int(library) if library.isascii() and library.isdigit() else None,
        states=tuple(fields.all("state")),
        text=fields.get("q"),
    )


def _back(request: Request[Any, Any, Any], fields: Fields) -> Redirect:
    """To the item it came from, or the list as it was filtered."""
    item = fields.get("item")
    if item.isascii() and item.isdigit():
        return to(request, f"/items/{item}")
    kept = [(name, one) for name in ("state", "library", "q") for one in fields.all(name) if one]
    query = f"?{urlencode(kept)}" if kept else ""
    return to(request, f"/previews{query}")


def _settings_template(
    previews: Workplace,
    library_id: int | None,
    *,
    error: InputWrong | None = None,
    fields: Fields | None = None,
) -> Template:
    coverage = upkeep.coverage(previews)
    context: dict[str, Any] = {
        "coverage": coverage,
        "library": next((one for one in coverage if one.library.id == library_id), None),
        "default": upkeep.default(previews),
        "own": {},
        "places": tuple(Place),
        "modes": tuple(Mode),
        "error": error,
        "given": fields,
    }
    if library_id is not None:
        context["own"] = upkeep.choices(previews, library_id).own
        if context["library"] is None:
            raise NotFound("This library holds no films, and so has no previews.")
    return Template("previews/settings.html", context=context, status_code=422 if error else 200)


def _save(
    request: Request[Any, Any, Any],
    previews: Workplace,
    jobs: Jobs,
    principal: Principal,
    library_id: int | None,
    fields: Fields,
) -> Template | Redirect:
    try:
        changes = choices_in(fields, whole=library_id is None)
        upkeep.save_choices(previews, jobs, library_id, changes, asked_by=principal.name)
    except InputWrong as error:
        return _settings_template(previews, library_id, error=error, fields=fields)
    return to(request, "/previews")


def _estimate(previews: Workplace, library_id: int | None, fields: Fields) -> Template:
    context: dict[str, Any] = {"redo": None, "error": ""}
    try:
        changes = choices_in(fields, whole=library_id is None)
        context["redo"] = upkeep.would_redo(previews, library_id, changes)
    except InputWrong as error:
        context["error"] = error.message
    return Template("previews/estimate.html", context=context)


HANDLERS = (
    previews_page,
    export,
    make,
    make_again,
    settings_page,
    save_settings,
    estimate_settings,
    library_page,
    save_library,
    estimate_library,
    check_library,
    view,
)
