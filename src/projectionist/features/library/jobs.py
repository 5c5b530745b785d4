"""The jobs of the library: bringing the index up to a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projectionist.db.engine import Database
from projectionist.features.library import sync
from projectionist.features.library.neighbours import Servers
from projectionist.features.library.ordering import SYNC
from projectionist.features.library.sync import Events, OnSynced, Sync
from projectionist.jobs.ports import Arguments, JobKind, JobRun, QueueSpec

QUEUE = QueueSpec("sync", "Library sync", concurrency=2)


def kinds(
    database: Database, servers: Servers, events: Events, *, on_synced: Sequence[OnSynced] = ()
) -> Sequence[JobKind]:
    """The kinds of job that the library brings; `on_synced` are told of each library that was synced."""

    def run(job: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        server_id = int(arguments["server_id"])
        server = servers.connect(server_id)
        try:
            work = Sync(database, server, server_id, job, events, sync.now())
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
        return f"Sync {servers.name(int(arguments['server_id']))}"

    return (JobKind(SYNC, QUEUE.name, title, run),)
