"""What operations bring to the web."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from projectionist import __version__
from projectionist.features.operations import api, pages, schedule_pages, service, system_api, system_pages
from projectionist.features.operations.updates import NOTICE
from projectionist.jobs.ports import Jobs, JobState
from projectionist.web.ports import Activity, Alert, NavEntry, Panel, Permission, Principal, WebFeature


def feature(jobs: Jobs) -> WebFeature:
    """Jobs, schedules, settings and about, over this job engine."""

    def live(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        found = service.live_jobs(jobs, 5)
        return {"found": found} if found.total else None

    def activity(principal: Principal) -> Activity:
        return activity_of(jobs)

    def newer(principal: Principal) -> Sequence[Alert]:
        found = NOTICE.newer()
        if found is None or not principal.may(Permission.MANAGE_SETTINGS):
            return ()
        return (Alert(f"Projectionist {found.version} is there; this is {__version__}.", "/about"),)

    return WebFeature(
        name="operations",
        handlers=(
            *api.HANDLERS,
            *pages.HANDLERS,
            *schedule_pages.HANDLERS,
            *system_api.HANDLERS,
            *system_pages.HANDLERS,
        ),
        templates=Path(__file__).parent / "templates",
        nav=(
            NavEntry("Jobs", "/jobs", "list-checks", 50),
            NavEntry("Settings", "/settings", "settings", 80, Permission.MANAGE_SETTINGS),
            NavEntry("About", "/about", "info", 90),
        ),
        panels=(
            Panel("home", "jobs", 40, "operations/_live.html", live, topics=("jobs", "job")),
            Panel("activity", "jobs", 10, "operations/_drawer.html", live, topics=("jobs", "job")),
        ),
        activity=activity,
        alerts=newer,
    )


def activity_of(jobs: Jobs) -> Activity:
    """What runs now, and how far it is together, where the jobs say how much they have to do."""
    found = service.live_jobs(jobs, 50)
    running = [job for job in found.items if job.state is JobState.RUNNING]
    known = [min(1.0, job.done / job.total) for job in running if job.total]
    fraction = sum(known) / len(known) if known else None
    waiting = sum(queue.queued for queue in jobs.queues())
    return Activity(sum(queue.running for queue in jobs.queues()), waiting, fraction)
