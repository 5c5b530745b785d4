"""HTTP/1.1 and web sockets for one ASGI application, for servers that are to be breakable at will.

A server made to be fast hides a connection from its application: here an answer that ends early is a connection
that ends early, and closing ends every connection at once, in whatever thread and as often as tests like.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import unquote

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_LARGEST_HEAD = 64 * 1024
_LARGEST_BODY = 1024 * 1024


async def serve_connection(
    application: Application, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer the requests of one connection, one after the other, until either side ends it."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            scope = _scope(head, writer)
            if scope["type"] == "websocket":
                await _WebSocket(reader, writer, head).run(application, scope)
                return
            length = int(_header(scope, b"content-length") or 0)
            if length > _LARGEST_BODY:
                return
            body = await reader.readexactly(length)
            if not await _Exchange(reader, writer, body).run(application, scope):
                return
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        return  # the client has gone, or has never spoken HTTP
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


class _Exchange:
    """One request and its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._body: bytes | None = body
        self._head = b""
        self._owed: int | None = None
        self._complete = False

    async def run(self, application: Application, scope: Scope) -> bool:
        """Answer; says whether the connection can be used again."""
        self._is_head = scope["method"] == "HEAD"
        await application(scope, self._receive, self._send)
        return self._complete and self._owed == 0 and _header(scope, b"connection") != b"close"

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        while not self._reader.at_eof():
            await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message.get("headers", []))
            lengths = [int(value) for name, value in headers if name.lower() == b"content-length"]
            bodiless = self._is_head or status in (204, 304)
            self._owed = 0 if bodiless else lengths[0] if lengths else None
            lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
            lines += [name + b": " + value for name, value in headers]
            if self._owed is None:
                lines.append(b"connection: close")
            self._head = b"\r\n".join(lines) + b"\r\n\r\n"
        else:
            body = b"" if self._is_head else message.get("body", b"")
            self._writer.write(self._head + body)
            self._head = b""
            if self._owed is not None:
                self._owed -= len(body)
            self._complete = not message.get("more_body", False)
        await self._writer.drain()


class _WebSocket:
    """One web socket, text only."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = ServerProtocol()
        self._protocol.receive_data(head)
        (request,) = self._protocol.events_received()
        assert isinstance(request, Request)
        self._request = request
        self._begun = False

    async def run(self, application: Application, scope: Scope) -> None:
        """Let the application speak until it ends."""
        await application(scope, self._receive, self._send)
        if self._protocol.state is State.OPEN:
            await self._close(1000)

    async def _receive(self) -> Message:
        if not self._begun:
            self._begun = True
            return {"type": "websocket.connect"}
        while True:
            data = await self._reader.read(_LARGEST_HEAD)
            if not data:
                self._protocol.receive_eof()
                return {"type": "websocket.disconnect", "code": 1006}
            self._protocol.receive_data(data)
            await self._flush()
            for event in self._protocol.events_received():
                if isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                    return {"type": "websocket.disconnect", "code": self._protocol.close_code or 1005}
                if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                    return {"type": "websocket.receive", "text": bytes(event.data).decode()}

    async def _send(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            self._protocol.send_response(self._protocol.accept(self._request))
        elif message["type"] == "websocket.send":
            self._protocol.send_text(message["text"].encode())
        elif self._protocol.eof_sent:
            return  # refused already, by an answer that comes in two parts
        elif self._protocol.state is State.CONNECTING:
            self._protocol.send_response(self._protocol.reject(401, "Unauthorized"))
        elif self._protocol.state is State.OPEN:
            self._protocol.send_close(message.get("code", 1000))
        await self._flush()

    async def _close(self, code: int) -> None:
        self._protocol.send_close(code)
        await self._flush()

    async def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
        await self._writer.drain()


def _scope(head: bytes, writer: asyncio.StreamWriter) -> Scope:
    """The ASGI scope of a request's head; raises ValueError where it is none."""
    first, *lines = head[:-4].split(b"\r\n")
    method, target, version = first.split(b" ")
    if version != b"HTTP/1.1":
        raise ValueError(version)
    path, _, query = target.partition(b"?")
    headers = [
        (name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)
    ]
    is_socket = (b"upgrade", b"websocket") in [(name, value.lower()) for name, value in headers]
    scope: Scope = {
        "type": "websocket" if is_socket else "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws" if is_socket else "http",
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": writer.get_extra_info("peername"),
        "server": writer.get_extra_info("sockname"),
        "subprotocols": [],
        "state": {},
        "extensions": {},
    }
    if not is_socket:
        scope["method"] = method.decode("ascii")
    return scope


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return next((value for name, value in headers if name == wanted), None)
