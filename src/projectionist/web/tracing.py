"""A span for each request, named by the template of its route: paths and queries can hold secrets.

Names are those of https://opentelemetry.io/docs/specs/semconv/http/http-spans/, less `url.path`, `url.query`,
`client.address` and `user_agent.original`.
"""

from __future__ import annotations

from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from projectionist.kit.tracing import TRACES, Kind, Span, SpanContext, entered, parent_of
from projectionist.web.edge import FROM_PROXY
from projectionist.web.measuring import ABORTED, METHODS, STREAMS

CORRELATION: Final = "projectionist.correlation_id"
_OTHER_METHOD: Final = "_OTHER"


class Tracing:
    """Inside of the edge, which knows whom to believe, and around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request, as ASGI has it."""
        if scope["type"] != ScopeType.HTTP or not TRACES.is_on:
            await self._app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with entered("HTTP", Kind.SERVER, _parent_of(scope)) as span:
            try:
                await self._app(scope, receive, noting)
            finally:
                _describe(span, scope, status)


def _parent_of(scope: Scope) -> SpanContext | None:
    """Who asks, where one of the trusted proxies says so, and says it once."""
    if not scope["state"][FROM_PROXY]:
        return None
    told = [value for name, value in scope["headers"] if name.lower() == b"traceparent"]
    return parent_of(told[0].decode("latin-1")) if len(told) == 1 else None


def _describe(span: Span, scope: Any, status: int) -> None:
    route = scope.get("path_template")
    if route == STREAMS:  # open for hours
        span.forget()
        return
    is_known = scope["method"] in METHODS
    span.name = " ".join([scope["method"] if is_known else "HTTP", *([route] if route else [])])
    span.set("http.request.method", scope["method"] if is_known else _OTHER_METHOD)
    span.set("url.scheme", scope["scheme"])
    span.set(CORRELATION, scope["state"]["correlation_id"])
    if route:
        span.set("http.route", route)
    if not status:
        span.fail(ABORTED)
        return
    span.set("http.response.status_code", status)
    if status >= 500:
        span.fail(str(status))
