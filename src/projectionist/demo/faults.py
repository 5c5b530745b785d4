"""Making the simulated servers fail on purpose: slowly, halfway, wrongly, or not at all."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode

from projectionist.demo.asgi import Application, Message, Receive, Scope, Send

Change: TypeAlias = Callable[[Any], Any]
"""Takes the object that a JSON answer is, and returns the one that is sent instead."""

_REMEMBERED = 20_000
_STEP = 0.05
"""Seconds between two looks at whether something that hangs may go on."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that has come, without its token."""

    method: str
    path: str
    query: str


@dataclass(slots=True)
class Fault:
    """What goes wrong, with the requests whose path fits `path` (`*` stands for anything); `left` times, or always."""

    path: str
    left: int | None = None
    delay: float = 0.0
    status: int = 0
    body: bytes | None = None
    content_type: str = "text/html"
    keep: int | None = None
    hangs: bool = False
    drops: bool = False
    refuses_token: bool = False
    change: Change | None = None


class Faults:
    """What is to go wrong; each call adds to it, and `clear` ends it. Safe to use from any thread.

    Every one takes `path`, a pattern such as `/library/sections/*/all`, and `times`, after how many requests it
    is over; without it, it lasts until `clear`. Where several fit, the newest counts.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seen: deque[Exchange] = deque(maxlen=_REMEMBERED)
        self._closed = False

    def slow(self, seconds: float, path: str = "*", times: int | None = None) -> None:
        """Answer as ever, but late."""
        self._add(Fault(path, times, delay=seconds))

    def fail(self, status: int = 500, path: str = "*", times: int | None = None) -> None:
        """Answer with a page of HTML and an error status."""
        body = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>".encode()
        self._add(Fault(path, times, status=status, body=body))

    def refuse_token(self, path: str = "*", times: int | None = None) -> None:
        """Treat every token as unknown."""
        self._add(Fault(path, times, refuses_token=True))

    def truncate(self, keep: int = 200, path: str = "*", times: int | None = None) -> None:
        """Announce the whole answer and close the connection after `keep` bytes of it."""
        self._add(Fault(path, times, keep=keep))

    def answer(
        self, body: bytes, content_type: str = "application/json", path: str = "*", times: int | None = None
    ) -> None:
        """Answer with exactly this, status 200."""
        self._add(Fault(path, times, status=200, body=body, content_type=content_type))

    def alter(self, change: Change, path: str = "*", times: int | None = None) -> None:
        """Send what `change` makes of a JSON answer: with fields missing, of a wrong kind, or lying."""
        self._add(Fault(path, times, change=change))

    def hang(self, path: str = "*", times: int | None = None) -> None:
        """Take the request and never answer, until `clear`."""
        self._add(Fault(path, times, hangs=True))

    def drop(self, path: str = "*", times: int | None = None) -> None:
        """Close the connection without an answer."""
        self._add(Fault(path, times, drops=True))

    def clear(self) -> None:
        """Let everything work again; what hangs goes on."""
        with self._lock:
            self._faults.clear()

    def close(self) -> None:
        """Let go what hangs, for the server is to end."""
        self._closed = True
        self.clear()

    def reopen(self) -> None:
        """The server begins anew; what is to go wrong still is."""
        self._closed = False

    @property
    def seen(self) -> list[Exchange]:
        """The requests that came, oldest first."""
        with self._lock:
            return list(self._seen)

    def forget(self) -> None:
        """Begin counting requests anew."""
        with self._lock:
            self._seen.clear()

    def take(self, method: str, path: str, query: str) -> Fault | None:
        """Note a request and say what is to go wrong with it."""
        shown = urlencode([pair for pair in parse_qsl(query, True) if pair[0].lower() != "x-plex-token"])
        with self._lock:
            self._seen.append(Exchange(method, path, shown))
            for fault in reversed(self._faults):
                if fnmatchcase(path, fault.path):
                    if fault.left is not None:
                        fault.left -= 1
                        if fault.left <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def holds(self, fault: Fault) -> bool:
        """Whether a fault is still in force, or has just been used up by the request at hand."""
        with self._lock:
            return not self._closed and (fault in self._faults or fault.left == 0)

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)


class Faulty:
    """An application that fails as `faults` say, and otherwise is the one inside."""

    def __init__(self, inside: Application, faults: Faults) -> None:
        self._inside = inside
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._inside(scope, receive, send)
            return
        fault = self._faults.take(scope.get("method", "GET"), scope["path"], scope["query_string"].decode())
        if fault is None:
            await self._inside(scope, receive, send)
        else:
            await self._fail(fault, scope, receive, send)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.delay:
            await asyncio.sleep(fault.delay)
        while fault.hangs and self._faults.holds(fault):
            await asyncio.sleep(_STEP)
        if fault.drops:
            return
        if fault.body is not None:
            await _answer(send, fault.status, fault.content_type, fault.body)
        elif fault.refuses_token:
            await self._inside(_without_token(scope), receive, send)
        elif (fault.keep is not None or fault.change is not None) and scope["type"] == "http":
            await self._spoil(fault, scope, receive, send)
        else:
            await self._inside(scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Collect the true answer and send it shortened or changed."""
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._inside(scope, receive, collect)
        kind = dict(start["headers"]).get(b"content-type", b"").decode()
        if fault.keep is not None:
            await _cut(send, bytes(body[: fault.keep]), len(body), kind, start["status"])
        elif fault.change is not None and "json" in kind:
            changed = fault.change(json.loads(bytes(body)))
            await _answer(send, start["status"], kind, json.dumps(changed).encode())
        else:  # no JSON: as it is, also a range of a film
            await send(start)
            await send({"type": "http.response.body", "body": bytes(body), "more_body": False})


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _cut(send: Send, body: bytes, announced: int, kind: str = "text/html", status: int = 200) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(max(announced, len(body) + 1)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _without_token(scope: Scope) -> Scope:
    kept = [(name, value) for name, value in scope["headers"] if name.lower() != b"x-plex-token"]
    query = [pair for pair in parse_qsl(scope["query_string"].decode(), True) if pair[0] != "X-Plex-Token"]
    return {**scope, "headers": kept, "query_string": urlencode(query).encode()}
