"""The floor of the house's frame: a bare Litestar and DBOS process, served as ours is. A script of its own.

`python -m bench.bare PORT FOLDER`: one route, one queue that is looked at as often as each of ours, one SQLite file
with our settings. What it lacks is everything that Projectionist is.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
import time
from pathlib import Path

from dbos import DBOS, DBOSPortableJSONSerializer
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from litestar import Litestar, get
from sqlalchemy import create_engine, event


@get("/health/ready")
async def ready() -> dict[str, str]:
    """As ours, without anything to ask."""
    return {"status": "ok"}


@get("/health/live")
async def live() -> dict[str, str]:
    """As ours."""
    return {"status": "ok"}


def launch(folder: Path) -> None:
    """DBOS on an SQLite file with our settings, and one queue that nothing is put into."""
    engine = create_engine(f"sqlite:///{folder / 'bare.sqlite'}")

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        if sqlite3.sqlite_version_info < (3, 42):  # DBOS asks for unixepoch('subsec') from Python 3.12 on
            connection.create_function("unixepoch", 1, lambda _modifier: time.time())
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    DBOS(
        config={
            "name": "bare",
            "system_database_engine": engine,
            "system_database_url": str(engine.url),
            "application_version": "1",
            "executor_id": "bare-1",
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "use_listen_notify": False,
            "scheduler_polling_interval_sec": 3600.0,
        }
    )

    @DBOS.workflow(name="nothing")
    def nothing() -> None:
        """A workflow to have one."""

    DBOS.launch()
    DBOS.register_queue("bare", worker_concurrency=1, polling_interval_sec=0.5)


async def serve(port: int) -> None:
    """Serve with the settings of ours until a signal comes."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    app = Litestar(route_handlers=[ready, live], openapi_config=None, logging_config=None)
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.auto,
        websockets=False,
        backlog=1024,
        backpressure=4096,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    await stopping.wait()
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving}, timeout=2)


if __name__ == "__main__":
    launch(Path(sys.argv[2]))
    asyncio.run(serve(int(sys.argv[1])))
    DBOS.destroy()
