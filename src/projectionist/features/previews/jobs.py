"""The jobs of this feature: look through a library, and make the previews of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from projectionist.errors import NotFound
from projectionist.features.previews.running import can_open, make_film, wanted_of
from projectionist.features.previews.surveying import MAKE, WITH_FILMS, Survey, register_new
from projectionist.features.previews.upkeep import CHECK, on_synced, order_check
from projectionist.features.previews.workplace import Workplace
from projectionist.jobs.ports import (
    Arguments,
    JobKind,
    JobRun,
    Jobs,
    Priority,
    QueueSpec,
    Schedule,
)

__all__ = ["CHECK", "MAKE", "QUEUES", "SCHEDULES", "check_all", "check_library", "kinds", "on_synced"]

SCHEDULES = (Schedule("Look for previews to make", CHECK, {}, "every 6h", "UTC"),)
"""What is followed until somebody changes it."""

QUEUES = (
    QueueSpec("previews", "Making previews", 2),
    QueueSpec("previews-check", "Looking for previews to make", 1, rest_s=3.0),
)


def kinds(place: Workplace, jobs: Jobs) -> Sequence[JobKind]:
    """The kinds of job, for the job engine."""

    def make(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        film, again = int(arguments["film"]), bool(arguments.get("again"))
        while (
            True
        ):  # what is wanted may change while it is made, and nobody else asks for a film that is at work
            wanted = wanted_of(place, film)
            made = make_film(place, run, film, again=again)
            if wanted_of(place, film) == wanted:
                return made
            again = False

    def check(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        if "library" not in arguments:
            return check_all(place, jobs, run)
        return check_library(place, jobs, run, int(arguments["library"]))

    return (
        JobKind(
            MAKE,
            "previews",
            lambda arguments: f"Make the preview of {arguments.get('name', 'a film')}",
            make,
            backoff=timedelta(seconds=20),
            accepts=lambda arguments: can_open(place, int(arguments["film"])),
            label="Make a preview",
        ),
        JobKind(
            CHECK,
            "previews-check",
            lambda arguments: f"Look for previews to make in {arguments.get('title', 'all libraries')}",
            check,
            label="Look for previews to make",
        ),
    )


def check_all(place: Workplace, jobs: Jobs, run: JobRun) -> Mapping[str, Any]:
    """Ask for a look through every library."""
    titles = []
    for library in place.catalogue.libraries():
        run.check()
        if order_check(place, jobs, library.id, priority=Priority.LOW) is not None:
            titles.append(library.title)
    return {"libraries": titles}


def check_library(place: Workplace, jobs: Jobs, run: JobRun, library_id: int) -> Mapping[str, Any]:
    """Look through a library, and order what is to be made."""
    try:
        library = place.catalogue.library(library_id)
    except NotFound:
        return {"outcome": "gone"}
    if library.kind not in WITH_FILMS:
        return {"outcome": "no films"}
    register_new(place, but=library_id)
    return Survey(place, jobs, run, library).run()
