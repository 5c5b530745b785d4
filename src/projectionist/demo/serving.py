"""An ASGI application on a port of this machine's own, served from a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

from projectionist.demo.asgi import Application, serve_connection

_BACKLOG = 128


class LoopbackServer:
    """Serves `application` on 127.0.0.1 from `start` until `close`: on `port` where it is free, else on another."""

    def __init__(self, application: Application, name: str, port: int = 0) -> None:
        self._application = application
        self._socket = _listening(port)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin; connections are accepted when this returns."""
        self._thread.start()

    def cpu_seconds(self) -> float:
        """CPU time that serving has taken so far; to be asked while it runs."""
        return asyncio.run_coroutine_threadsafe(_thread_time(), self._loop).result()

    def close(self) -> None:
        """End every connection and stop; closing twice is harmless."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()
        self._loop.close()
        self._socket.close()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, sock=self._socket)
        await self._closing.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected: socket.socket = writer.get_extra_info("socket")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._loop.create_task(serve_connection(self._application, reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)


def _listening(port: int) -> socket.socket:
    """A socket on the port, or where another program has it on any."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    except OSError:
        if port == 0:
            raise
        return socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)


async def _thread_time() -> float:
    return time.thread_time()
