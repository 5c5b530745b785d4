"""Serves the pages from this process: one event loop on the main thread, beside the threads of the workers.

Several processes can take requests from one socket, which the first of them has opened: whichever is free takes the
next, and nothing is lost with one that dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]
from granian.server.embed import Server
from litestar import Litestar

from projectionist.errors import SettingWrong
from projectionist.kit.ending import end_in_time

log = logging.getLogger(__name__)

LONGEST_STOP_S: Final = 1.5
"""How long requests may take to end once the program is asked to stop; then they are cut off."""
MOST_CONNECTIONS: Final = 4096
"""Requests at once, open event streams among them; more wait."""
MOST_THREADS: Final = 16
"""In which handlers run that wait for a database or a media server."""
_BACKLOG: Final = 1024


HEADERS_S: Final = 15.0
"""How long the head of a request may take to arrive; what its body may take, `web.bodies` says."""


class _Threads(ThreadPoolExecutor):
    """Threads that the end of the loop does not wait for."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


class _Server(Server):
    """Takes requests from a socket that is open already, where there is one."""

    def __init__(self, app: Litestar, host: str, port: int, listening: socket.socket | None) -> None:
        self._listening = listening
        super().__init__(
            app,
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            http=HTTPModes.auto,
            http1_settings=HTTP1Settings(header_read_timeout=int(HEADERS_S * 1000)),
            websockets=False,
            backlog=_BACKLOG,
            backpressure=MOST_CONNECTIONS,
            log_enabled=False,
        )

    def _init_shared_socket(self) -> None:
        if self._listening is None:
            super()._init_shared_socket()  # type: ignore[no-untyped-call]
        else:
            own = os.dup(self._listening.fileno())  # it is closed with the server
            self._shd = SocketHolder(own, False, _BACKLOG)  # type: ignore[assignment, call-arg]


def serve(
    app: Litestar,
    host: str,
    port: int,
    *,
    ready: Callable[[], None] | None = None,
    listening: socket.socket | None = None,
    ending: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; call from the main thread. `ready` is called once connections are taken.

    Open event streams are ended first, so that browsers come back to the next start by themselves. Once it is asked
    to end, `ending` is called and the process ends in time, whatever the caller has still to do. `listening` is a
    socket of `listen` that other processes may serve from too. Raises SettingWrong where the address cannot be
    listened at.
    """
    if listening is None:
        check_free(host, port)
    asyncio.run(_serve_until_signal(app, host, port, ready, listening, ending))


async def _serve_until_signal(
    app: Litestar,
    host: str,
    port: int,
    ready: Callable[[], None] | None,
    listening: socket.socket | None,
    ending: Callable[[], None] | None,
) -> None:
    stopping = asyncio.Event()

    def asked_to_end() -> None:
        end_in_time()
        if ending is not None:
            ending()
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end)
    await serve_until(stopping, app, host, port, ready=ready, listening=listening)


async def serve_until(
    stopping: asyncio.Event,
    app: Litestar,
    host: str,
    port: int,
    *,
    ready: Callable[[], None] | None = None,
    listening: socket.socket | None = None,
) -> None:
    """Serve on the running loop until the event is set, then end within two seconds.

    A thread that is held by something outside is left behind: requests have threads that nobody waits for.
    """
    asyncio.get_running_loop().set_default_executor(_Threads(MOST_THREADS, "request"))
    server = _Server(app, host, port, listening)
    serving = asyncio.create_task(server.serve())
    asked = asyncio.create_task(stopping.wait())
    announced = asyncio.create_task(_announce(host, port, ready))
    try:
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        app.state.shell.live.close()
        if not serving.done():
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait({serving}, timeout=LONGEST_STOP_S)
        if not serving.done():
            log.warning("Some requests did not end within %s s and were cut off", LONGEST_STOP_S)
    finally:
        for task in (serving, asked, announced):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _announce(host: str, port: int, ready: Callable[[], None] | None) -> None:
    if ready is None:
        return
    while True:
        try:
            _, writer = await asyncio.open_connection(_reachable(host), port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        ready()
        return


def check_free(host: str, port: int) -> None:
    """Raise SettingWrong where this address cannot be listened at: taken, not ours, or not allowed.

    Asked beforehand, since two servers could otherwise listen at one address and share its visitors.
    """
    _bound(host, port).close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections, for several processes to serve from. Raises SettingWrong as `check_free`."""
    opened = _bound(host, port)
    opened.listen(_BACKLOG)
    opened.setblocking(False)
    return opened


def _bound(host: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        reason = error.strerror or str(error)
        raise SettingWrong(
            f"Cannot listen at {host} port {port}: {reason}. Stop what uses it, or choose another with --port."
        ) from error
    return opened


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # nosec B104 - asked for, not bound
