"""How long outside services take to answer, and how often they fail; and the spans of such calls in traces."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from projectionist.errors import RangeRefused, ServerLacks
from projectionist.kit.breaker import UNUSED_S
from projectionist.kit.metrics import REGISTRY
from projectionist.kit.tracing import Kind, Span, nested

ANSWERED: Final = "answered"
FAILED: Final = "failed"
STATUS: Final = "http.response.status_code"
_PORTS = {"http": 80, "https": 443}

CALLS: Final = REGISTRY.histogram(
    "projectionist_integration_call_seconds",
    "Calls of other services, with all their tries; outcome is answered or failed.",
    "service",
    "outcome",
    kept_s=UNUSED_S,
)


@contextmanager
def timed_call(service: str) -> Iterator[None]:
    """Time a call; that something is not there is an answer too. `service` holds no secret."""
    began = time.perf_counter()
    outcome = FAILED
    try:
        yield
        outcome = ANSWERED
    except (ServerLacks, RangeRefused):
        outcome = ANSWERED
        raise
    finally:
        CALLS.observe(time.perf_counter() - began, service, outcome)


@contextmanager
def traced_call(method: str, host: str, port: int | None, scheme: str = "http") -> Iterator[Span]:
    """The span of one request, of which nothing is told but the host: paths and queries can hold secrets.

    Names are those of https://opentelemetry.io/docs/specs/semconv/http/http-spans/, less `url.full`.
    """
    with nested(method, Kind.CLIENT) as span:
        span.set("http.request.method", method)
        span.set("server.address", host)
        span.set("server.port", port or _PORTS.get(scheme, 0))
        is_whole = False
        try:
            yield span
            is_whole = True
        finally:
            if not is_whole and not span.failed:
                status = int(span.attributes.get(STATUS, 0))
                span.fail(str(status) if status >= 400 else "_OTHER")
