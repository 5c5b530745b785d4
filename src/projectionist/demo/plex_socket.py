"""The simulated server's notification socket."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect


@websocket(["/:/websockets/notifications", "/:/websocket/notifications"])
async def notifications(socket: WebSocket[Any, Any, State]) -> None:
    """What happens, as it happens."""
    plex = socket.app.state.plex
    token = socket.headers.get("X-Plex-Token") or socket.query_params.get("X-Plex-Token", "")
    if plex.state.by_token(token) is None:
        await socket.close(code=4401)
        return
    with plex.state.announcements.listening() as queue:
        await socket.accept()
        sending = asyncio.create_task(_send(socket, queue))
        with suppress(WebSocketDisconnect):
            receiving = asyncio.create_task(socket.receive_data("text"))
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
            sending.cancel()
            if receiving.done():
                receiving.result()
            receiving.cancel()


async def _send(socket: WebSocket[Any, Any, State], queue: asyncio.Queue[str | None]) -> None:
    while (message := await queue.get()) is not None:
        await socket.send_text(message)
    await socket.close()


HANDLERS = [notifications]
"""All of these, for the application."""
