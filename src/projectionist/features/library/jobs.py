"""The jobs of the library: bringing the index up to a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projectionist.db.engine import Database
from projectionist.errors import Conflict
from projectionist.features.library import sync
from projectionist.features.library.neighbours import Servers
from projectionist.features.library.ordering import SYNC
from projectionist.features.library.sync import Events, OnSynced, Sync
from projectionist.features.servers.service import get_server
from projectionist.jobs.ports import Arguments, JobKind, JobRun, QueueSpec
from projectionist.media.server import MediaServer

QUEUE = QueueSpec("sync", "Library sync", concurrency=2)


def kinds(
    database: Database, servers: Servers, events: Events, *, on_synced: Sequence[OnSynced] = ()
) -> Sequence[JobKind]:
    """The kinds of job that the library brings; `on_synced` are told of each library that was synced."""

    def run(job: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        server_id = int(arguments["server_id"])
        server = servers.connect(server_id)
        try:
            _require_same(server, server_id)
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

    def _require_same(server: MediaServer, server_id: int) -> None:
        """Raises Conflict where another server has taken over the address: its listing says nothing of ours."""
        if server.info().identity != get_server(database, server_id).identity:
            raise Conflict(
                f"At the address of {servers.name(server_id)} another server answers than the one that was added; "
                "nothing was changed: give the server its new address, or remove it."
            )

    def title(arguments: Arguments) -> str:
        return f"Sync {servers.name(int(arguments['server_id']))}"

    return (JobKind(SYNC, QUEUE.name, title, run),)
