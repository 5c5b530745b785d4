"""The API of jobs, queues, schedules and nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from projectionist.db.engine import Database
from projectionist.features.operations import service
from projectionist.features.operations.documents import (
    JOB_COLUMNS,
    BulkChange,
    BulkFailure,
    BulkResult,
    JobDocument,
    LogLineDocument,
    NodeDocument,
    OrderedDocument,
    PriorityChange,
    QueueChange,
    QueueDocument,
    ScheduleChange,
    ScheduleDocument,
    StateName,
    job_document,
    job_row,
    log_line_document,
    node_document,
    ordered_document,
    priority_of,
    queue_document,
    schedule_document,
)
from projectionist.jobs.ports import Jobs, Schedule
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, export_csv, export_json, page_out, part_out
from projectionist.web.ports import Permission

States = Annotated[list[StateName] | None, QueryParameter(name="state")]
MANAGE = needs(Permission.MANAGE_JOBS)


@get("/api/v1/jobs", tags=["Jobs"], operation_id="list_jobs", sync_to_thread=True)
def list_jobs(
    jobs: Injected[Jobs],
    states: States = None,
    queue: FromQuery[list[str] | None] = None,
    kind: FromQuery[list[str] | None] = None,
    text: FromQuery[str] = "",
    sort: FromQuery[str] = "-created_at",
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[JobDocument]:
    """Jobs, filtered and sorted."""
    wanted = service.job_filter(states or (), queue or (), kind or (), text, sort)
    return page_out(jobs.find(wanted, offset=offset, size=limit), job_document)


@get(
    "/api/v1/jobs.csv",
    tags=["Jobs"],
    operation_id="export_jobs_as_csv",
    media_type="text/csv",
    sync_to_thread=True,
)
def export_jobs_as_csv(
    jobs: Injected[Jobs],
    states: States = None,
    queue: FromQuery[list[str] | None] = None,
    kind: FromQuery[list[str] | None] = None,
    text: FromQuery[str] = "",
) -> Stream:
    """All jobs of a filter as a table, the oldest first."""
    return export_csv(_rows(jobs, states, queue, kind, text), JOB_COLUMNS, "jobs.csv")


@get(
    "/api/v1/jobs.json",
    tags=["Jobs"],
    operation_id="export_jobs_as_json",
    media_type="application/json",
    sync_to_thread=True,
)
def export_jobs_as_json(
    jobs: Injected[Jobs],
    states: States = None,
    queue: FromQuery[list[str] | None] = None,
    kind: FromQuery[list[str] | None] = None,
    text: FromQuery[str] = "",
) -> Stream:
    """All jobs of a filter in one list, the oldest first."""
    return export_json(_rows(jobs, states, queue, kind, text), "jobs.json")


@get("/api/v1/jobs/{job_id:str}", tags=["Jobs"], operation_id="get_job", sync_to_thread=True)
def get_job(jobs: Injected[Jobs], job_id: FromPath[str]) -> JobDocument:
    """One job."""
    return job_document(jobs.get(job_id))


@get("/api/v1/jobs/{job_id:str}/log", tags=["Jobs"], operation_id="get_job_log", sync_to_thread=True)
def get_job_log(
    jobs: Injected[Jobs], job_id: FromPath[str], offset: Offset = 0, limit: Limit = 100
) -> PageOut[LogLineDocument]:
    """A job's log, oldest line first."""
    jobs.get(job_id)
    return page_out(jobs.log_of(job_id, offset=offset, size=limit), log_line_document)


@post(
    "/api/v1/jobs/{job_id:str}/cancel",
    tags=["Jobs"],
    operation_id="cancel_job",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def cancel_job(database: Injected[Database], jobs: Injected[Jobs], job_id: FromPath[str]) -> JobDocument:
    """Stop a job, or keep it from starting."""
    service.act_on_one(database, jobs, "cancel", job_id)
    return job_document(jobs.get(job_id))


@post(
    "/api/v1/jobs/{job_id:str}/retry",
    tags=["Jobs"],
    operation_id="retry_job",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def retry_job(jobs: Injected[Jobs], job_id: FromPath[str]) -> OrderedDocument:
    """Do a failed or cancelled job again."""
    return ordered_document(jobs.retry(job_id))


@put(
    "/api/v1/jobs/{job_id:str}/priority",
    tags=["Jobs"],
    operation_id="set_job_priority",
    sync_to_thread=True,
    **MANAGE,
)
def set_job_priority(
    jobs: Injected[Jobs], job_id: FromPath[str], data: JSONBody[PriorityChange]
) -> JobDocument:
    """Move a queued job forward or back."""
    jobs.set_priority(job_id, priority_of(data.priority))
    return job_document(jobs.get(job_id))


@post(
    "/api/v1/jobs/bulk",
    tags=["Jobs"],
    operation_id="change_many_jobs",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def change_many_jobs(
    database: Injected[Database], jobs: Injected[Jobs], data: JSONBody[BulkChange]
) -> BulkResult:
    """Do one thing to many jobs."""
    came = service.act_on_many(database, jobs, data.action, data.job_ids)
    return BulkResult(came.done, [BulkFailure(job_id, message) for job_id, message in came.failed])


@get("/api/v1/queues", tags=["Queues"], operation_id="list_queues", sync_to_thread=True)
def list_queues(jobs: Injected[Jobs], offset: Offset = 0, limit: Limit = 100) -> PageOut[QueueDocument]:
    """The queues."""
    queues = jobs.queues()
    return PageOut(
        items=[queue_document(one) for one in queues[offset : offset + limit]],
        offset=offset,
        total=len(queues),
    )


@patch(
    "/api/v1/queues/{name:str}", tags=["Queues"], operation_id="change_queue", sync_to_thread=True, **MANAGE
)
def change_queue(
    database: Injected[Database], jobs: Injected[Jobs], name: FromPath[str], data: JSONBody[QueueChange]
) -> QueueDocument:
    """Pause or resume a queue, or change how many of its jobs run at once on one node."""
    return queue_document(service.change_queue(database, jobs, name, data.concurrency, data.paused))


@get("/api/v1/schedules", tags=["Schedules"], operation_id="list_schedules", sync_to_thread=True)
def list_schedules(jobs: Injected[Jobs], offset: Offset = 0, limit: Limit = 100) -> PageOut[ScheduleDocument]:
    """The schedules, with when each ran last and runs next."""
    schedules = jobs.schedules()
    return part_out(schedules, schedule_document, offset, limit)


@get("/api/v1/schedules/{name:str}", tags=["Schedules"], operation_id="get_schedule", sync_to_thread=True)
def get_schedule(jobs: Injected[Jobs], name: FromPath[str]) -> ScheduleDocument:
    """One schedule."""
    return schedule_document(service.get_schedule(jobs, name))


@put(
    "/api/v1/schedules/{name:str}",
    tags=["Schedules"],
    operation_id="save_schedule",
    sync_to_thread=True,
    **MANAGE,
)
def save_schedule(
    database: Injected[Database],
    jobs: Injected[Jobs],
    name: FromPath[str],
    data: JSONBody[ScheduleChange],
) -> ScheduleDocument:
    """Add or replace a schedule."""
    wanted = Schedule(name, data.kind, data.arguments, data.when, data.time_zone, data.paused)
    return schedule_document(service.save_schedule(database, jobs, wanted))


@delete(
    "/api/v1/schedules/{name:str}",
    tags=["Schedules"],
    operation_id="remove_schedule",
    sync_to_thread=True,
    **MANAGE,
)
def remove_schedule(database: Injected[Database], jobs: Injected[Jobs], name: FromPath[str]) -> None:
    """Take a schedule out."""
    service.remove_schedule(database, jobs, name)


@post(
    "/api/v1/schedules/{name:str}/run",
    tags=["Schedules"],
    operation_id="run_schedule",
    status_code=200,
    sync_to_thread=True,
    **MANAGE,
)
def run_schedule(jobs: Injected[Jobs], name: FromPath[str]) -> OrderedDocument:
    """Ask for its job now."""
    service.get_schedule(jobs, name)
    return ordered_document(jobs.run_schedule(name))


@get("/api/v1/nodes", tags=["Nodes"], operation_id="list_nodes", sync_to_thread=True)
def list_nodes(jobs: Injected[Jobs], offset: Offset = 0, limit: Limit = 100) -> PageOut[NodeDocument]:
    """Who works and serves, or did until lately."""
    nodes = jobs.nodes()
    return PageOut(
        items=[node_document(one) for one in nodes[offset : offset + limit]], offset=offset, total=len(nodes)
    )


def _rows(
    jobs: Jobs,
    states: list[StateName] | None,
    queues: list[str] | None,
    kinds: list[str] | None,
    text: str,
) -> Iterator[dict[str, Any]]:
    wanted = service.job_filter(states or (), queues or (), kinds or (), text)
    return (job_row(job) for job in service.all_jobs(jobs, wanted))


HANDLERS = (
    list_jobs,
    export_jobs_as_csv,
    export_jobs_as_json,
    get_job,
    get_job_log,
    cancel_job,
    retry_job,
    set_job_priority,
    change_many_jobs,
    list_queues,
    change_queue,
    list_schedules,
    get_schedule,
    save_schedule,
    remove_schedule,
    run_schedule,
    list_nodes,
)
