"""An ASGI application on a port of this machine's own, served from a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any, TypeAlias

from granian.constants import Interfaces
from granian.server.embed import Server

from projectionist.errors import TargetUnwritable

Application: TypeAlias = Any
"""An ASGI application; Litestar's own type for its parts is not everybody's."""

_PATIENCE = 20.0
"""Seconds that a start, and a stop, may take on a machine that has much else to do."""


class LoopbackServer:
    """Serves `application` on 127.0.0.1, on a port that nobody else has, until `close`."""

    def __init__(self, application: Application, name: str) -> None:
        self._application = application
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._begun = threading.Event()
        # The port stays ours from here on: nobody is given one that is bound, and the server may share it.
        self._claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._claim.bind(("127.0.0.1", 0))
        self.port: int = self._claim.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when connections are accepted. Raises TargetUnwritable where the port does not come up."""
        self._thread.start()
        self._begun.wait(_PATIENCE)
        pause = threading.Event()
        for _ in range(int(_PATIENCE / 0.005)):
            try:
                socket.create_connection(("127.0.0.1", self.port), _PATIENCE).close()
            except OSError:
                pause.wait(0.005)
            else:
                return
        raise TargetUnwritable(
            f"Nothing answers on 127.0.0.1:{self.port}, where the demo was to be; try again."
        )

    def close(self) -> None:
        """Stop answering; closing twice is harmless."""
        if self._loop is not None and self._server is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.stop)
            self._thread.join(_PATIENCE)
        self._claim.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = Server(
            self._application,
            address="127.0.0.1",
            port=self.port,
            interface=Interfaces.ASGINL,
            log_enabled=False,
        )
        self._begun.set()
        await self._server.serve()
