"""The jobs of the library: bringing the index up to a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from projectionist.db.engine import Database
from projectionist.features.library import sync
from projectionist.features.library.sync import OnSynced, Publish, Sync
from projectionist.jobs.ports import Arguments, JobKind, JobRun, Order, Priority, QueueSpec
from projectionist.media.server import Connect, ServerAddress

SYNC = "library.sync"
QUEUE = QueueSpec("sync", "Library sync", concurrency=2)


def kinds(
    database: Database,
    connect: Connect,
    address_of: Callable[[int], ServerAddress],
    publish: Publish,
    *,
    on_synced: Sequence[OnSynced] = (),
    server_name: Callable[[int], str] = str,
) -> Sequence[JobKind]:
    """The kinds of job that the library brings; `address_of` opens a server's sealed token when the job runs."""

    def run(job: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        server_id = int(arguments["server_id"])
        server = connect(address_of(server_id))
        try:
            work = Sync(database, server, server_id, job, publish, sync.now())
            done = sync.sync_libraries(
                work,
                library_id=arguments.get("library_id"),
                full=bool(arguments.get("full", False)),
                on_synced=on_synced,
            )
        finally:
            server.close()
        return {"libraries": [one.as_result() for one in done]}

    def title(arguments: Arguments) -> str:
        return f"Sync {server_name(int(arguments['server_id']))}"

    return (JobKind(SYNC, QUEUE.name, title, run),)


def sync_order(
    server_id: int, *, library_id: int | None = None, full: bool = False, asked_by: str = ""
) -> Order:
    """Ask for a sync of a server, or of one of its libraries; one at a time for each server."""
    arguments: dict[str, Any] = {"server_id": server_id}
    if library_id is not None:
        arguments["library_id"] = library_id
    if full:
        arguments["full"] = True
    return Order(SYNC, arguments, key=f"server-{server_id}", priority=Priority.HIGH, asked_by=asked_by)
