"""The pages of jobs: the list, one job with its log, queues, and what shared pages show of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.features.operations import service
from projectionist.features.operations.forms import back, number
from projectionist.jobs.ports import Job, JobFilter, Jobs, JobState, Priority
from projectionist.media.vocabulary import Page
from projectionist.web.access import needs
from projectionist.web.forms import Form, text, texts
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission
from projectionist.web.words import said

PAGE_SIZE = 50
LOG_SIZE = 200
MANAGE = needs(Permission.MANAGE_JOBS)


@get("/jobs", sync_to_thread=True, include_in_schema=False)
def jobs_page(
    jobs: Injected[Jobs],
    job_kinds: Injected[Mapping[str, str]],
    states: Annotated[list[str] | None, QueryParameter(name="state")] = None,
    queue: FromQuery[list[str] | None] = None,
    kind: FromQuery[list[str] | None] = None,
    text: FromQuery[str] = "",
    sort: FromQuery[str] = "-created_at",
    offset: FromQuery[int] = 0,
) -> Template:
    """The queues, and the jobs that the chips let through."""
    shown = max(0, min(offset, 10_000_000))
    trouble, wanted = "", JobFilter()
    found: Page[Job] = Page((), 0, 0)
    try:
        wanted = service.job_filter(states or (), queue or (), kind or (), text, sort)
        found = jobs.find(wanted, offset=shown, size=PAGE_SIZE)
    except ProjectionistError as error:
        trouble = error.message
    queues = jobs.queues()
    return Template(
        "operations/jobs.html",
        context={
            "queues": queues,
            "queue_options": [(one.name, said(one.title)) for one in queues],
            "found": found,
            "wanted": wanted,
            "states": list(JobState),
            "kinds": job_kinds,
            "offset": shown,
            "limit": PAGE_SIZE,
            "priorities": list(Priority),
            "trouble": trouble,
            "is_filtered": bool(wanted.states or wanted.queues or wanted.kinds or wanted.text),
        },
    )


@get("/jobs/{job_id:str}", sync_to_thread=True, include_in_schema=False)
def job_page(jobs: Injected[Jobs], job_id: FromPath[str], log_page: FromQuery[int] = 0) -> Template:
    """One job: how far it is, what came of it, what it was told, and its log."""
    job = jobs.get(job_id)
    count = jobs.log_of(job_id, offset=0, size=1).total
    pages = max(1, -(-count // LOG_SIZE))
    shown = min(max(1, log_page or pages), pages)
    log = jobs.log_of(job_id, offset=(shown - 1) * LOG_SIZE, size=LOG_SIZE)
    context = {"job": job, "log": log, "log_page": shown, "log_pages": pages, "priorities": list(Priority)}
    return Template("operations/job.html", context=context)


@post("/jobs/bulk/{action:str}", sync_to_thread=True, include_in_schema=False, **MANAGE)
def change_many(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    jobs: Injected[Jobs],
    action: FromPath[str],
    data: Form,
) -> Template | Redirect:
    """Do one thing to the jobs that are ticked."""
    came = service.act_on_many(database, jobs, action, texts(data, "ids")[:100])
    if came.failed:
        context = {"came": came, "titles": _titles(jobs, [job_id for job_id, _ in came.failed])}
        return Template("operations/bulk.html", context=context, status_code=409)
    return back(request, data, "/jobs")


@post("/jobs/{job_id:str}/cancel", sync_to_thread=True, include_in_schema=False, **MANAGE)
def cancel(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    jobs: Injected[Jobs],
    job_id: FromPath[str],
    data: Form,
) -> Redirect:
    """Stop a job, or keep it from starting."""
    service.act_on_one(database, jobs, "cancel", job_id)
    return back(request, data, f"/jobs/{job_id}")


@post("/jobs/{job_id:str}/retry", sync_to_thread=True, include_in_schema=False, **MANAGE)
def retry(
    request: Request[Any, Any, Any], jobs: Injected[Jobs], job_id: FromPath[str], data: Form
) -> Redirect:
    """Do a failed or cancelled job again, and show the new one."""
    ordered = jobs.retry(job_id)
    return back(request, data, f"/jobs/{ordered.job_id}")


@post("/jobs/{job_id:str}/priority", sync_to_thread=True, include_in_schema=False, **MANAGE)
def set_priority(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    jobs: Injected[Jobs],
    job_id: FromPath[str],
    data: Form,
) -> Redirect:
    """Move a queued job forward or back."""
    service.act_on_one(database, jobs, text(data, "priority"), job_id)
    return back(request, data, f"/jobs/{job_id}")


@post("/jobs/queues/{name:str}", sync_to_thread=True, include_in_schema=False, **MANAGE)
def change_queue(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    jobs: Injected[Jobs],
    name: FromPath[str],
    data: Form,
) -> Redirect:
    """Pause or resume a queue, or change how many of its jobs run at once."""
    action = text(data, "action")
    if action in ("pause", "resume"):
        service.change_queue(database, jobs, name, None, action == "pause")
    else:
        service.change_queue(database, jobs, name, number(data, "concurrency", "How many run at once"), None)
    return back(request, data, "/jobs")


def _titles(jobs: Jobs, job_ids: list[str]) -> dict[str, str]:
    titles = {}
    for job_id in job_ids:
        try:
            titles[job_id] = jobs.get(job_id).title if job_id else ""
        except ProjectionistError:
            titles[job_id] = job_id
    return titles


HANDLERS = (jobs_page, job_page, change_many, cancel, retry, set_priority, change_queue)
