"""The API of previews."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, patch, post
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from projectionist.errors import InputWrong
from projectionist.features.previews import showing, upkeep
from projectionist.features.previews.documents import (
    AskedDocument,
    CheckDocument,
    ChoicesChange,
    ChoicesDocument,
    CoverageDocument,
    InspectionDocument,
    LibraryChoicesDocument,
    MakeRequest,
    PreviewDocument,
    RateDocument,
    ReasonDocument,
    RedoDocument,
    SortName,
    StateName,
    StripDocument,
    changes_of,
    choices_document,
    coverage_document,
    filter_of,
    inspection_document,
    library_choices_document,
    preview_document,
    rate_document,
    redo_document,
    strip_document,
)
from projectionist.features.previews.models import PreviewState
from projectionist.features.previews.pictures import part_url
from projectionist.features.previews.queries import Filter
from projectionist.features.previews.showing import Showcase
from projectionist.features.previews.workplace import Workplace
from projectionist.jobs.ports import Jobs, Priority
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, page_out
from projectionist.web.ports import Permission, Principal

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
QueryId = Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1)]
Text = Annotated[str, QueryParameter(max_length=200, description="Words of the title or the path.")]
MANAGE = needs(Permission.MANAGE_PREVIEWS)
AT = "/api/v1/previews"

_MOST_PARTS = 1000


@get(AT, tags=["Previews"], operation_id="list_previews", sync_to_thread=True)
def list_previews(
    previews: Injected[Workplace],
    library_id: QueryId = None,
    item_id: QueryId = None,
    states: Annotated[list[StateName] | None, QueryParameter(name="state")] = None,
    text: Text = "",
    sort: FromQuery[SortName] = "title",
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[PreviewDocument]:
    """The previews of all libraries, filtered and sorted."""
    wanted = Filter(library_id, item_id, tuple(states or ()), text, sort=sort)
    page = upkeep.list_previews(previews, wanted, offset=offset, size=limit)
    return page_out(page, preview_document)


@get(f"{AT}/{{part_id:int}}", tags=["Previews"], operation_id="get_preview", sync_to_thread=True)
def get_preview(previews: Injected[Workplace], part_id: Id) -> PreviewDocument:
    """The preview of one part."""
    return preview_document(upkeep.get_preview(previews, part_id))


@get(
    f"{AT}/{{part_id:int}}/frames", tags=["Previews"], operation_id="get_preview_frames", sync_to_thread=True
)
def get_frames(
    previews: Injected[Workplace], showcase: Injected[Showcase], request: Request[Any, Any, Any], part_id: Id
) -> StripDocument:
    """Where the pictures of a part's preview are, how many, and how far apart."""
    strip = showing.strip_of_part(previews, showcase, upkeep.get_preview(previews, part_id))
    return strip_document(strip, part_url(request, part_id, strip.version))


@get(f"{AT}/coverage", tags=["Previews"], operation_id="list_preview_coverage", sync_to_thread=True)
def list_coverage(
    previews: Injected[Workplace], offset: Offset = 0, limit: Limit = 50
) -> PageOut[CoverageDocument]:
    """How many of each library's previews are there."""
    found = upkeep.coverage(previews)
    documents = [coverage_document(one) for one in found[offset : offset + limit]]
    return PageOut(documents, offset, len(found))


@get(f"{AT}/reasons", tags=["Previews"], operation_id="list_preview_reasons", sync_to_thread=True)
def list_reasons(
    previews: Injected[Workplace],
    of_state: Annotated[StateName, QueryParameter(name="state")] = "failed",
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[ReasonDocument]:
    """Why previews are in a state, the most frequent reason first."""
    found = [
        ReasonDocument(one.code, one.example, one.count)
        for one in upkeep.reasons(previews, PreviewState(of_state), 1000)
    ]
    return PageOut(found[offset : offset + limit], offset, len(found))


@get(f"{AT}/rate", tags=["Previews"], operation_id="get_preview_rate", sync_to_thread=True)
def get_rate(
    previews: Injected[Workplace], hours: Annotated[int, QueryParameter(ge=1, le=24 * 366)] = 24
) -> RateDocument:
    """What was made in the last hours, on all nodes."""
    return rate_document(upkeep.rate(previews, hours))


@get(f"{AT}/inspect", tags=["Previews"], operation_id="inspect_preview", sync_to_thread=True, **MANAGE)
def inspect_preview(
    previews: Injected[Workplace], path: Annotated[str, QueryParameter(max_length=4096)]
) -> InspectionDocument:
    """Look into any preview below a library's folders, a Plex data folder or the folder of previews."""
    return inspection_document(showing.inspect(previews, path))


@post(
    f"{AT}/make",
    tags=["Previews"],
    operation_id="make_previews",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def make_previews(
    previews: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: JSONBody[MakeRequest],
) -> AskedDocument:
    """Make previews now, before all others; failed ones are tried again."""
    if len(data.part_ids) > _MOST_PARTS:
        raise InputWrong(f"Name at most {_MOST_PARTS} parts at once, or a library or states.", "part_ids")
    if not (data.part_ids or data.states or data.library_id is not None):
        raise InputWrong("Say which: name parts, a library or states.", "part_ids")
    files = upkeep.make_now(previews, jobs, filter_of(data), again=data.again, asked_by=principal.name)
    return AskedDocument(files)


@post(
    f"{AT}/libraries/{{library_id:int}}/check",
    tags=["Previews"],
    operation_id="check_library_previews",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def check_library(
    previews: Injected[Workplace], jobs: Injected[Jobs], principal: Injected[Principal], library_id: Id
) -> CheckDocument:
    """Look through a library, and make what is missing."""
    ordered = upkeep.order_check(previews, jobs, library_id, priority=Priority.NOW, asked_by=principal.name)
    return CheckDocument(ordered.job_id if ordered else None, ordered.created if ordered else False)


@get(f"{AT}/choices", tags=["Previews"], operation_id="get_preview_choices", sync_to_thread=True)
def get_default(previews: Injected[Workplace]) -> ChoicesDocument:
    """What is wanted of every library that says nothing else."""
    return choices_document(upkeep.default(previews))


@patch(
    f"{AT}/choices", tags=["Previews"], operation_id="change_preview_choices", sync_to_thread=True, **MANAGE
)
def change_default(
    previews: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: JSONBody[ChoicesChange],
) -> RedoDocument:
    """Change the default; what that makes stale is made anew."""
    return redo_document(upkeep.save_choices(previews, jobs, None, changes_of(data), asked_by=principal.name))


@post(
    f"{AT}/choices/estimate",
    tags=["Previews"],
    operation_id="estimate_preview_choices",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def estimate_default(previews: Injected[Workplace], data: JSONBody[ChoicesChange]) -> RedoDocument:
    """What a change of the default would make anew; nothing is changed."""
    return redo_document(upkeep.would_redo(previews, None, changes_of(data)))


@get(
    f"{AT}/libraries/{{library_id:int}}/choices",
    tags=["Previews"],
    operation_id="get_library_preview_choices",
    sync_to_thread=True,
)
def get_library_choices(previews: Injected[Workplace], library_id: Id) -> LibraryChoicesDocument:
    """What one library wants."""
    return library_choices_document(upkeep.choices(previews, library_id))


@patch(
    f"{AT}/libraries/{{library_id:int}}/choices",
    tags=["Previews"],
    operation_id="change_library_preview_choices",
    sync_to_thread=True,
    **MANAGE,
)
def change_library_choices(
    previews: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    library_id: Id,
    data: JSONBody[ChoicesChange],
) -> RedoDocument:
    """Change what one library wants; what that makes stale is made anew."""
    return redo_document(
        upkeep.save_choices(previews, jobs, library_id, changes_of(data), asked_by=principal.name)
    )


@post(
    f"{AT}/libraries/{{library_id:int}}/choices/estimate",
    tags=["Previews"],
    operation_id="estimate_library_preview_choices",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def estimate_library_choices(
    previews: Injected[Workplace], library_id: Id, data: JSONBody[ChoicesChange]
) -> RedoDocument:
    """What a change would make anew; nothing is changed."""
    return redo_document(upkeep.would_redo(previews, library_id, changes_of(data)))


HANDLERS = (
    list_previews,
    get_preview,
    get_frames,
    list_coverage,
    list_reasons,
    get_rate,
    inspect_preview,
    make_previews,
    check_library,
    get_default,
    change_default,
    estimate_default,
    get_library_choices,
    change_library_choices,
    estimate_library_choices,
)
