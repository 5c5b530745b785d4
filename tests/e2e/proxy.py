"""A reverse proxy of the smallest kind: hands every request on, byte for byte, and streams what comes back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

PIECE = 65536


class Relay:
    """Joins each connection of a browser to one of its own with the server behind; all in one thread."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self._behind = (host, port)
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._ends = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="proxy")

    def start(self) -> None:
        """Begin; `port` is known when this returns."""
        self._thread.start()
        assert self._listens.wait(10), "The proxy did not start"

    def close(self) -> None:
        """End every connection."""
        self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._ends.wait()
        server.close()

    async def _joined(self, browser: asyncio.StreamReader, to_browser: asyncio.StreamWriter) -> None:
        try:
            behind, to_behind = await asyncio.open_connection(*self._behind)
        except OSError:
            to_browser.close()
            return
        try:
            ways = [_carry(browser, to_behind), _carry(behind, to_browser)]
            await asyncio.wait(map(asyncio.ensure_future, ways), return_when=asyncio.FIRST_COMPLETED)
        finally:
            to_behind.close()
            to_browser.close()


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):  # one of the two has left
        while piece := await source.read(PIECE):
            target.write(piece)
            await target.drain()


@contextmanager
def proxied(address: str) -> Iterator[str]:
    """A proxy before the server at this address; gives its own address, with the same path."""
    behind = urlsplit(address)
    relay = Relay(str(behind.hostname), int(behind.port or 80))
    relay.start()
    try:
        yield f"http://127.0.0.1:{relay.port}{behind.path}"
    finally:
        relay.close()
