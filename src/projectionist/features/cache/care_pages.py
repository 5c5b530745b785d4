"""The page of the cache's care: what is amiss and its repair, audits and scrubs, files at rest, and moving in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from litestar import Request, get, post
from litestar.params import FromQuery, PathParameter
from litestar.response import Redirect, Template

from projectionist.errors import ProjectionistError
from projectionist.features.cache import caring, set_up
from projectionist.features.cache.adopting.rivals import Rival
from projectionist.features.cache.auditing.findings import FindingKind
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.forms import Form, errors_of, text, to
from projectionist.web.injection import Injected
from projectionist.web.paging import Offset
from projectionist.web.ports import Permission, Principal

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
MANAGE = needs(Permission.MANAGE_CACHE)
PAGE = 50

KindName = Literal[
    "", "orphan", "unprotected", "stale", "duplicate", "foreign", "broken", "mismatch", "unseen"
]


@get("/cache/audit", include_in_schema=False, sync_to_thread=True, **MANAGE)
def audit_page(
    cache: Injected[Workplace], jobs: Injected[Jobs], kind: FromQuery[KindName] = "", offset: Offset = 0
) -> Template:
    """What is amiss, with its evidence and its repair; no disk is looked at for the page."""
    return _page(cache, jobs, kind, offset)


@post("/cache/audit", include_in_schema=False, sync_to_thread=True, **MANAGE)
def audit_now(
    request: Request[Any, Any, Any],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
    data: Form,
) -> Redirect:
    """Look through all disks now."""
    caring.order_audit(jobs, principal.name, settings.cache_exclude_file)
    return to(request, "/cache/audit")


@post("/cache/scrub", include_in_schema=False, sync_to_thread=True, **MANAGE)
def scrub_now(
    request: Request[Any, Any, Any], jobs: Injected[Jobs], principal: Injected[Principal], data: Form
) -> Redirect:
    """Read every fast copy now."""
    caring.order_scrub(jobs, principal.name)
    return to(request, "/cache/audit")


@post("/cache/findings/{finding_id:int}/repair", include_in_schema=False, sync_to_thread=True, **MANAGE)
def repair(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
    finding_id: Id,
    data: Form,
) -> Template | Redirect:
    """Mend one finding."""
    try:
        caring.order_repair(cache, jobs, finding_id, principal.name, settings.cache_exclude_file)
    except ProjectionistError as error:
        return _page(cache, jobs, error=error)
    return to(request, "/cache/audit")


@post("/cache/findings/repair", include_in_schema=False, sync_to_thread=True, **MANAGE)
def repair_safe(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
    data: Form,
) -> Redirect:
    """Mend all that may be mended in bulk."""
    caring.order_safe_repairs(cache, jobs, principal.name, settings.cache_exclude_file)
    return to(request, "/cache/audit")


@post("/cache/rests/{rest_id:int}/return", include_in_schema=False, sync_to_thread=True, **MANAGE)
def return_rest(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    rest_id: Id,
    data: Form,
) -> Template | Redirect:
    """Give a file at rest its path again, or a name beside it."""
    try:
        caring.return_rest(cache, jobs, rest_id, principal.name, beside=bool(text(data, "beside")))
    except ProjectionistError as error:
        return _page(cache, jobs, error=error)
    return to(request, "/cache/audit#rests")


@post("/cache/adopt", include_in_schema=False, sync_to_thread=True, **MANAGE)
def adopt(
    request: Request[Any, Any, Any],
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: Form,
) -> Template | Redirect:
    """Show what another program set up, then what would become of each file, then move in: by `step`."""
    folder, step = text(data, "folder"), text(data, "step")
    try:
        rivals = caring.rivals_in(folder)
        if step in ("look", "adopt"):
            caring.order_adoption(cache, jobs, folder, principal.name, dry=step == "look")
            return to(request, "/cache/audit#adopt")
    except ProjectionistError as error:
        return _page(cache, jobs, error=error, folder=folder)
    return _page(cache, jobs, rivals=rivals, folder=folder)


def _page(
    cache: Workplace,
    jobs: Jobs,
    kind: str = "",
    offset: int = 0,
    *,
    error: ProjectionistError | None = None,
    rivals: Sequence[Rival] = (),
    folder: str = "",
) -> Template:
    found = caring.findings(cache)
    shown = [one for one in found if kind in ("", one.kind)]
    context = {
        "kind": kind,
        "kinds": [(one.value, sum(found_.kind is one for found_ in found)) for one in FindingKind],
        "found": caring.part(shown, offset, PAGE),
        "safe": [one for one in found if caring.is_safe(one)],
        "offset": offset,
        "limit": PAGE,
        "care": caring.care_now(jobs),
        "tiers": set_up.tiers_named(cache),
        "rests": caring.rests(cache),
        "rivals": rivals,
        "suggestions": caring.suggestions(cache, rivals),
        "folder": folder,
        "errors": {} if error is None else errors_of(error),
    }
    return Template("cache/audit.html", context=context, status_code=200 if error is None else error.status)


CARE_ROUTES = (audit_page, audit_now, scrub_now, repair, repair_safe, return_rest, adopt)
