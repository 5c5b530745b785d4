"""What a request may bring: so many bytes, in good time, and the null character nowhere.

A route that takes more than others says so, `@post("/lists", **larger(5_000_000, MANAGE))`. The null character stands
in no name, path or word that anybody means, ends texts early for some libraries, and no text of PostgreSQL holds it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import HTTPReceiveMessage, Receive, Scope

from projectionist.errors import InputWrong, ProjectionistError
from projectionist.web.config import ShellSettings

KEY: Final = "largest_body"
FILES: Final = "takes_files"
"""In a handler's `opt`: a form may bring files of any bytes, and the handler judges the texts beside them itself."""
STATE: Final = "incoming"
ORDINARY: Final = 1_000_000
"""The most bytes of a request, where its route says nothing else."""
MOST: Final = 10_000_000
"""No route takes more."""
QUIET_S: Final = 15.0
"""How long a request may send nothing while its body is not whole."""
LONGEST_S: Final = 60.0
"""How long a body may take in all."""

_JSON_NULL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_FORM = "application/x-www-form-urlencoded"
_PARTS = "multipart/form-data"


class NullCharacter(InputWrong):
    """A request holds the null character somewhere."""

    code = "null_character"
    status = 400


class TooLarge(ProjectionistError):
    """A request brings more bytes than its address takes."""

    code = "too_large"
    status = 413


class TooSlow(ProjectionistError):
    """The body of a request did not arrive in time."""

    code = "too_slow"
    status = 408
    retryable = True


def larger(size: int, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Spread into a handler's decorator around `OPEN` or `needs(…)`: its requests may have so many bytes."""
    return {"opt": {**declared["opt"], KEY: min(size, MOST)}}


class Incoming:
    """The body of one request on its way in.

    `most` is how many bytes it may have; where it `takes_files`, those of a form may be any.
    """

    def __init__(
        self, receive: Receive, content_type: str, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self.most = ORDINARY
        self.takes_files = False
        self._receive = receive
        self._kind = content_type.partition(";")[0].strip().lower()
        self._ticks = ticks
        self._ends: float | None = None
        self._held = bytearray()
        self._is_whole = False

    async def receive(self) -> HTTPReceiveMessage:
        """The next part of it. Raises TooSlow, TooLarge, NullCharacter."""
        if self._is_whole:  # what comes now is that the visitor has gone, which may take its time
            return await self._receive()  # type: ignore[return-value]
        message = await self._in_time()
        if message["type"] != "http.request":
            self._is_whole = True
            return message
        self._held += message.get("body", b"")
        if len(self._held) > self.most:
            raise too_large(self.most)
        if not message.get("more_body", False):
            self._is_whole = True
            is_form = self.takes_files and self._kind == _PARTS
            if not is_form and holds_null(bytes(self._held), self._kind):
                raise null_character()
            self._held.clear()
        return message

    async def _in_time(self) -> HTTPReceiveMessage:
        now = self._ticks()
        self._ends = now + LONGEST_S if self._ends is None else self._ends
        left = self._ends - now
        if left <= 0:
            raise _too_slow()
        try:
            async with asyncio.timeout(min(QUIET_S, left)):
                return await self._receive()  # type: ignore[return-value]
        except TimeoutError:
            raise _too_slow() from None


def checking_requests(
    settings: ShellSettings,
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """A guard that lets through only requests without the null character, and of a size that the route takes."""

    def check(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if scope_holds_null(connection.scope):
            raise null_character()
        if not isinstance(connection, Request):
            return
        most = min(int(handler.opt.get(KEY, ORDINARY)), settings.max_body_bytes)
        incoming: Incoming | None = connection.scope["state"].get(STATE)
        if incoming is not None:
            incoming.most = most
            incoming.takes_files = bool(handler.opt.get(FILES, False))
        announced = connection.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and (len(announced) > 18 or int(announced) > most):
            raise too_large(most)

    return check


def holds_null(body: bytes, kind: str) -> bool:
    """Whether a body of this content type holds the null character, spelled as that type spells it or as it is."""
    if b"\0" in body:
        return True
    if "json" in kind:
        return b"\\u0000" in body and _JSON_NULL.search(body) is not None
    return kind == _FORM and b"%00" in body


def scope_holds_null(scope: Scope | Mapping[str, Any]) -> bool:
    """Whether the path, the query or a header of a request holds the null character."""
    query, raw = scope.get("query_string") or b"", scope.get("raw_path") or b""
    headers = scope.get("headers", ())
    return (
        "\0" in scope["path"]
        or b"%00" in raw
        or b"\0" in query
        or b"%00" in query
        or any(b"\0" in name or b"\0" in value for name, value in headers)
    )


def null_character() -> NullCharacter:
    """What is said of it."""
    return NullCharacter("The request holds the null character, which no text here may; nothing was changed.")


def too_large(most: int) -> TooLarge:
    """What is said of more than `most` bytes."""
    return TooLarge(
        f"What was sent is larger than the {most:,} bytes that this address takes; nothing was changed."
    )


def _too_slow() -> TooSlow:
    return TooSlow("The request took too long to arrive; nothing was changed. Try again.")
