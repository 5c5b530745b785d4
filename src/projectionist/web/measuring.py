"""Counts and times every request by the template of its route; in memory, so that no request waits for it."""

from __future__ import annotations

import time
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from projectionist.kit.metrics import REGISTRY

REQUESTS: Final = REGISTRY.counter(
    "projectionist_http_requests_total",
    "Requests by method, route and status; aborted ones got no answer.",
    "method",
    "route",
    "status",
)
SECONDS: Final = REGISTRY.histogram(
    "projectionist_http_request_seconds",
    "From a request to the last byte of its answer; open event streams are left out.",
    "method",
    "route",
)
UNMATCHED: Final = "unmatched"
"""The route of addresses that are none of ours."""
ABORTED: Final = "aborted"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What a request is told by; any other method is one of no name."""
STREAMS: Final = "/events"
"""The route of event streams."""


class Measuring:
    """Around the whole program: what it refuses at its edge counts too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request, as ASGI has it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = ABORTED

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            _note(scope, status, time.perf_counter() - began)


def _note(scope: Any, status: str, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "other"
    route = scope.get("path_template") or UNMATCHED
    REQUESTS.add(method, route, status)
    if route != STREAMS:
        SECONDS.observe(seconds, method, route)
