"""Looking at what was told: a server is asked to look at a folder, and the library is read until the file is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from projectionist.errors import JobPostponed, NotFound, ServerLacks
from projectionist.features.library import service as library
from projectionist.features.servers.service import is_windows
from projectionist.features.webhooks.placing import Spot
from projectionist.features.webhooks.workplace import Workplace
from projectionist.jobs.ports import (
    Arguments,
    Job,
    JobFilter,
    JobRun,
    Jobs,
    JobState,
    Order,
    Ordered,
    Priority,
)
from projectionist.media.telling import ToldFile
from projectionist.media.vocabulary import ServerPath

LOOK = "webhooks.look"
MOST_FILES = 50
"""So many files of one folder are waited for; what lies beside them is found by the same look."""

_TURN_S = 0.25
_LOOK_AGAIN = timedelta(seconds=5)
_MOST_RUNNING = 100
_LONGEST_SYNC_S = 300.0


def order_look(
    jobs: Jobs,
    server_id: int,
    asked_by: str,
    *,
    library_id: int | None = None,
    folder: str = "",
    files: Iterable[ToldFile] = (),
) -> Ordered:
    """Ask for a look that begins after this moment; where such a one waits already, that one."""
    arguments: dict[str, Any] = {"server_id": server_id}
    if library_id is not None:
        arguments["library_id"] = library_id
    if folder:
        arguments["folder"] = folder
        arguments["files"] = {name_of(one.path): one.size for one in list(files)[:MOST_FILES]}
    mark = hashlib.sha256(folder.encode()).hexdigest()[:20]
    key = f"server-{server_id}-library-{library_id or 0}-{mark}"
    order = Order(LOOK, arguments, key, Priority.HIGH, asked_by=asked_by)
    ordered = jobs.order(order)
    if ordered.created or _is_to_come(jobs, ordered.job_id):
        return ordered
    return jobs.order(Order(LOOK, arguments, f"{key}-next", Priority.HIGH, asked_by=asked_by))


def orders_of(jobs: Jobs, found: Mapping[Spot, Sequence[ToldFile]], asked_by: str) -> Sequence[Ordered]:
    """A look at each of these folders."""
    return [
        order_look(
            jobs,
            spot.server_id,
            asked_by,
            library_id=spot.library_id,
            folder=spot.folder,
            files=files,
        )
        for spot, files in found.items()
    ]


def look(place: Workplace, run: JobRun, arguments: Arguments) -> dict[str, Any]:
    """Have a server look at a folder, and its library read until the files are in the index.

    Raises NotFound, ServiceError, JobCancelled, and JobPostponed while an earlier look at the folder runs. That a
    server lists a file nowhere is a result, no failure.
    """
    _take_turn(place.jobs, run.job_id, arguments)
    server_id, library_id = int(arguments["server_id"]), arguments.get("library_id")
    folder = str(arguments.get("folder", ""))
    wanted = dict(arguments.get("files", {}))
    if folder:
        _ask_to_look(place, server_id, int(arguments["library_id"]), folder)
    most = len(place.looks_s) if wanted else 2 if folder else 1
    listed = not wanted
    for number, wait_s in enumerate(place.looks_s[:most]):
        run.progress(number, most, unit="looks", now=folder)
        _pass(place, run, wait_s)
        _sync(place, run, server_id, library_id)
        if wanted and (listed := _are_listed(place, server_id, folder, wanted)):
            break
    if listed:
        place.found()
    else:
        run.log(
            f"{place.servers.name(server_id)} was asked to look at {folder} and does not list all of it yet; a later "
            "sync brings what it finds.",
            "warning",
        )
    return {"folder": folder, "listed": listed}


def name_of(path: str) -> str:
    """What a file is called in its folder."""
    return path.replace("\\", "/").rpartition("/")[2] if is_windows(path) else path.rpartition("/")[2]


def _take_turn(jobs: Jobs, job_id: str, arguments: Arguments) -> None:
    """Let a look pass only if no earlier one at the same folder runs: what comes meanwhile can wait for this one."""
    running = jobs.find(JobFilter(states=(JobState.RUNNING,), kinds=(LOOK,)), size=_MOST_RUNNING).items
    mine = next((_begun(one) for one in running if one.id == job_id), None)
    if mine is not None and any(_is_same(one, arguments) and _begun(one) < mine for one in running):
        raise JobPostponed("Another look at this folder is running; this one follows it.", _LOOK_AGAIN)


def _is_same(job: Job, arguments: Arguments) -> bool:
    return all(
        job.arguments.get(name) == arguments.get(name) for name in ("server_id", "library_id", "folder")
    )


def _begun(job: Job) -> tuple[datetime, str]:
    return (job.started_at or job.created_at, job.id)


def _ask_to_look(place: Workplace, server_id: int, library_id: int, folder: str) -> None:
    key = library.library(place.database, library_id).key
    with closing(place.servers.connect(server_id)) as server:
        listed = next((one for one in server.libraries() if one.key == key), None)
        if listed is None:
            raise ServerLacks("The server does not list this library any more; what is known of it was kept.")
        server.refresh_path(listed, ServerPath(folder))


def _sync(place: Workplace, run: JobRun, server_id: int, library_id: int | None) -> None:
    """Have the library read, and wait for it."""
    ordered = library.order_sync(place.jobs, server_id, library_id=library_id, asked_by="webhook")
    for _ in range(round(_LONGEST_SYNC_S / _TURN_S)):
        try:
            if place.jobs.get(ordered.job_id).state.is_over:
                return
        except NotFound:
            return
        _pass(place, run, _TURN_S)


def _are_listed(place: Workplace, server_id: int, folder: str, wanted: Mapping[str, int | None]) -> bool:
    """Whether the index has each file, of its size where that is known: one that replaced another has its path."""
    paths = {ServerPath(_joined(folder, name)): size for name, size in wanted.items()}
    held = {part.path: part.size for part in library.parts_at(place.database, server_id, list(paths))}
    return all(path in held and size in (None, held[path]) for path, size in paths.items())


def _joined(folder: str, name: str) -> str:
    sign = "\\" if is_windows(folder) and "/" not in folder else "/"
    return f"{folder}{name}" if folder.endswith(sign) else f"{folder}{sign}{name}"


def _pass(place: Workplace, run: JobRun, seconds: float) -> None:
    left = seconds
    while left > 0:
        run.check()
        place.rest(min(left, _TURN_S))
        left -= _TURN_S
    run.check()


def _is_to_come(jobs: Jobs, job_id: str) -> bool:
    try:
        job = jobs.get(job_id)
    except NotFound:
        return False
    return job.state in (JobState.QUEUED, JobState.WAITING) and not job.cancelling
