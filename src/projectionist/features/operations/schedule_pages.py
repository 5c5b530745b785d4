"""The pages of schedules: what is asked for again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import InputWrong
from projectionist.features.operations import service
from projectionist.features.operations.forms import back, schedule_of
from projectionist.jobs.ports import Jobs, Schedule
from projectionist.web.access import needs
from projectionist.web.forms import Form, text
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_JOBS)
SCHEDULE = "/jobs/schedules/{name:str}"


@get("/jobs/schedules", sync_to_thread=True, include_in_schema=False)
def schedules_page(jobs: Injected[Jobs]) -> Template:
    """All schedules, with when each ran last and runs next."""
    return Template("operations/schedules.html", context={"schedules": jobs.schedules()})


@get("/jobs/schedules/new", sync_to_thread=True, include_in_schema=False, **MANAGE)
def new_schedule_page(principal: Injected[Principal], job_kinds: Injected[Mapping[str, str]]) -> Template:
    """A form for a new schedule."""
    fresh = Schedule("", next(iter(job_kinds), ""), {}, "every 6h", principal.time_zone or "UTC")
    return _form(fresh, job_kinds, is_new=True)


@get(f"{SCHEDULE}/edit", sync_to_thread=True, include_in_schema=False, **MANAGE)
def edit_schedule_page(
    jobs: Injected[Jobs], job_kinds: Injected[Mapping[str, str]], name: FromPath[str]
) -> Template:
    """A form for a schedule that is there."""
    return _form(service.get_schedule(jobs, name), job_kinds, is_new=False)


@post("/jobs/schedules", sync_to_thread=True, include_in_schema=False, **MANAGE)
def save_schedule(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    jobs: Injected[Jobs],
    job_kinds: Injected[Mapping[str, str]],
    data: Form,
) -> Template | Redirect:
    """Keep a schedule; the form comes again where it cannot be taken."""
    former = text(data, "former")
    try:
        wanted = schedule_of(data, job_kinds)
        if wanted.name.strip() != former and any(one.name == wanted.name.strip() for one in jobs.schedules()):
            raise InputWrong("There is a schedule of this name already; choose another.", "name")
        saved = service.save_schedule(database, jobs, wanted)
    except InputWrong as error:
        given = Schedule(
            text(data, "name"), text(data, "kind"), {}, text(data, "when"), text(data, "time_zone")
        )
        return _form(
            given, job_kinds, is_new=not former, former=former, error=error, said=text(data, "arguments")
        )
    if former and former != saved.name:
        service.remove_schedule(database, jobs, former)
    return back(request, data, "/jobs/schedules")


@post(f"{SCHEDULE}/{{action:str}}", sync_to_thread=True, include_in_schema=False, **MANAGE)
def act_on_schedule(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    jobs: Injected[Jobs],
    name: FromPath[str],
    action: FromPath[str],
    data: Form,
) -> Redirect:
    """Pause, resume, run or remove a schedule."""
    service.get_schedule(jobs, name)
    if action == "run":
        ordered = jobs.run_schedule(name)
        return back(request, data, f"/jobs/{quote(ordered.job_id, safe='')}")
    if action == "remove":
        service.remove_schedule(database, jobs, name)
    elif action in ("pause", "resume"):
        service.pause_schedule(database, jobs, name, action == "pause")
    else:
        raise InputWrong("A schedule is paused, resumed, run or removed.", "action")
    return back(request, data, "/jobs/schedules")


def _form(
    schedule: Schedule,
    kinds: Mapping[str, str],
    *,
    is_new: bool,
    former: str | None = None,
    error: InputWrong | None = None,
    said: str | None = None,
) -> Template:
    arguments = msgspec.json.format(msgspec.json.encode(dict(schedule.arguments)), indent=2).decode()
    context = {
        "schedule": schedule,
        "former": schedule.name if former is None and not is_new else former or "",
        "arguments": arguments if said is None else said,
        "kinds": kinds,
        "is_new": is_new,
        "errors": {error.field: error.message} if error else {},
    }
    return Template("operations/schedule.html", context=context, status_code=422 if error else 200)


HANDLERS = (schedules_page, new_schedule_page, edit_schedule_page, save_schedule, act_on_schedule)
