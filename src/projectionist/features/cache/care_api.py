"""The API of looking after the cache: findings and repairs, audits, scrubs, files at rest, and moving in."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from projectionist.features.cache import caring
from projectionist.features.cache.auditing.findings import FindingKind
from projectionist.features.cache.documents_care import (
    AdoptionRequest,
    CareOrderedDocument,
    FindingDocument,
    FindingName,
    RestDocument,
    RivalsDocument,
    finding_document,
    rest_document,
    rival_document,
    suggestion_document,
)
from projectionist.features.cache.routes import AT, ROUTE, Id
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, part_out
from projectionist.web.ports import Principal

Folder = Annotated[
    str, QueryParameter(max_length=4000, description="Where the other program keeps its settings.")
]
Beside = Annotated[
    bool,
    QueryParameter(description="Under a new name beside the path that it had; nothing is in the way there."),
]


@get(f"{AT}/findings", operation_id="list_cache_findings", **ROUTE)
def list_findings(
    cache: Injected[Workplace],
    kind: FromQuery[FindingName | None] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[FindingDocument]:
    """What audits and scrubs found and nobody mended."""
    found = caring.findings(cache, None if kind is None else FindingKind(kind))
    return part_out(found, finding_document, offset, limit)


@post(
    f"{AT}/findings/{{finding_id:int}}/repair",
    operation_id="repair_cache_finding",
    status_code=202,
    **ROUTE,
)
def repair(
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
    finding_id: Id,
) -> CareOrderedDocument:
    """Mend a finding: a journalled move, as its `deed` says."""
    ordered = caring.order_repair(cache, jobs, finding_id, principal.name, settings.cache_exclude_file)
    return CareOrderedDocument([ordered.job_id])


@post(
    f"{AT}/findings/repair",
    operation_id="repair_safe_cache_findings",
    status_code=202,
    **ROUTE,
)
def repair_safe(
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
) -> CareOrderedDocument:
    """Mend everything that may be mended in bulk."""
    ordered = caring.order_safe_repairs(cache, jobs, principal.name, settings.cache_exclude_file)
    return CareOrderedDocument([one.job_id for one in ordered])


@post(f"{AT}/audit", operation_id="audit_cache", status_code=202, **ROUTE)
def audit(
    jobs: Injected[Jobs], settings: Injected[Settings], principal: Injected[Principal]
) -> CareOrderedDocument:
    """Look through all fast and slow disks now, which wakes those that sleep."""
    return CareOrderedDocument([caring.order_audit(jobs, principal.name, settings.cache_exclude_file).job_id])


@post(f"{AT}/scrub", operation_id="scrub_cache", status_code=202, **ROUTE)
def scrub(jobs: Injected[Jobs], principal: Injected[Principal]) -> CareOrderedDocument:
    """Read every fast copy from its device and hold it against its checksum; no slow disk is touched."""
    return CareOrderedDocument([caring.order_scrub(jobs, principal.name).job_id])


@get(f"{AT}/rests", operation_id="list_resting_files", **ROUTE)
def list_rests(cache: Injected[Workplace], offset: Offset = 0, limit: Limit = 50) -> PageOut[RestDocument]:
    """The files that nothing shows any more, those first whose days end first."""
    return part_out(caring.rests(cache), rest_document, offset, limit)


@post(
    f"{AT}/rests/{{rest_id:int}}/return",
    operation_id="return_resting_file",
    status_code=202,
    **ROUTE,
)
def return_rest(
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    rest_id: Id,
    beside: Beside = False,
) -> CareOrderedDocument:
    """Give a file at rest its path again, where nothing is there now, or a new name beside that."""
    return CareOrderedDocument(
        [caring.return_rest(cache, jobs, rest_id, principal.name, beside=beside).job_id]
    )


@get(f"{AT}/rivals", operation_id="find_cache_rivals", **ROUTE)
def find_rivals(cache: Injected[Workplace], folder: Folder) -> RivalsDocument:
    """What PlexCache-D or Cacherr set up in a folder, and the fast tiers to take over from them."""
    found = caring.rivals_in(folder)
    tiers = [suggestion_document(one) for one in caring.suggestions(cache, found)]
    return RivalsDocument([rival_document(one) for one in found], tiers)


@post(f"{AT}/adopt", operation_id="adopt_cache", status_code=202, **ROUTE)
def adopt(
    cache: Injected[Workplace],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    data: JSONBody[AdoptionRequest],
) -> CareOrderedDocument:
    """Move in from another program, or only tell what would become of each file."""
    ordered = caring.order_adoption(cache, jobs, data.folder, principal.name, dry=data.dry)
    return CareOrderedDocument([ordered.job_id])


CARE_API = (
    list_findings,
    repair,
    repair_safe,
    audit,
    scrub,
    list_rests,
    return_rest,
    find_rivals,
    adopt,
)
