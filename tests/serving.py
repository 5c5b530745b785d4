"""The web program on a real socket, for tests that need a browser or an open stream."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar

from projectionist.web.serving import serve_until


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(app: Litestar, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve the program from a thread while the block runs; gives its address without a slash at the end.

    `host` is where it listens, which has to take what comes to 127.0.0.1: `::` does too.
    """
    port = free_port()
    ready = threading.Event()
    handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        stopping = asyncio.Event()
        handles.append((asyncio.get_running_loop(), stopping))
        await serve_until(stopping, app, host, port, ready=ready.set)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="served")
    thread.start()
    try:
        assert ready.wait(20), "The web program did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        if handles:
            loop, stopping = handles[0]
            loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        assert not thread.is_alive(), "The web program did not stop"
