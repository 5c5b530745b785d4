"""The jobs of the library: bringing the index up to a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotFound, SecretUnreadable, ServiceError
from projectionist.features.library.neighbours import Servers
from projectionist.features.library.ordering import SYNC, take_turn
from projectionist.features.library.sync import Events, OnSynced, Sync, Synced, now, sync_libraries
from projectionist.features.servers.service import get_server
from projectionist.jobs.ports import Arguments, JobKind, JobRun, Jobs, QueueSpec
from projectionist.kit.interruptible import InterruptibleObject
from projectionist.media.server import MediaServer

QUEUE = QueueSpec("sync", "Library sync", concurrency=2)

Answered = Callable[[int, str], None]
"""Told of a server's id and how it failed, or the empty text where it answered."""


def _tell_nobody(_server_id: int, _trouble: str) -> None:
    """What is told where nobody wants to know."""


def kinds(
    database: Database,
    servers: Servers,
    events: Events,
    jobs: Jobs,
    *,
    on_synced: Sequence[OnSynced] = (),
    answered: Answered = _tell_nobody,
) -> Sequence[JobKind]:
    """The kinds of job that the library brings; `on_synced` are told of each library that was synced."""

    def run(job: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        take_turn(jobs, job.job_id, int(arguments["server_id"]))
        done = sync_server(
            database,
            servers,
            events,
            job,
            int(arguments["server_id"]),
            library_id=arguments.get("library_id"),
            full=bool(arguments.get("full", False)),
            on_synced=on_synced,
            answered=answered,
        )
        return {"libraries": [one.as_result() for one in done]}

    def title(arguments: Arguments) -> str:
        try:
            return f"Sync {servers.name(int(arguments['server_id']))}"
        except NotFound:
            return f"Sync server {arguments['server_id']}"

    return (JobKind(SYNC, QUEUE.name, title, run, label="Sync a server"),)


def sync_server(
    database: Database,
    servers: Servers,
    events: Events,
    run: JobRun,
    server_id: int,
    *,
    library_id: int | None = None,
    full: bool = False,
    on_synced: Sequence[OnSynced] = (),
    answered: Answered = _tell_nobody,
) -> list[Synced]:
    """Bring the index up to a server, or to one of its libraries; `answered` hears how the server did.

    Raises ServiceError, SecretUnreadable, NotFound, JobCancelled, and Conflict where another server has taken over
    the address: what that one lists says nothing of ours.
    """
    try:
        server = cast(MediaServer, InterruptibleObject(servers.connect(server_id), run.check))
        try:
            if server.info().identity != get_server(database, server_id).identity:
                raise Conflict(
                    f"At the address of {servers.name(server_id)} another server answers than the one that was "
                    "added; nothing was changed: give the server its new address, or remove it."
                )
            work = Sync(database, server, server_id, run, events, now())
            done = sync_libraries(work, library_id=library_id, full=full, on_synced=on_synced)
        finally:
            server.close()
    except (ServiceError, SecretUnreadable, Conflict) as error:
        answered(server_id, error.message)
        raise
    answered(server_id, "")
    return done
