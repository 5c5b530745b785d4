"""Traces: what was done for a request or a job, when it began and ended, held in memory until somebody takes it.

Ids and `traceparent` are those of W3C Trace Context, https://www.w3.org/TR/trace-context/; kinds of span are those of
OpenTelemetry. Which traces are recorded is told by their ids, as its TraceIdRatioBased sampler does: every process
with the same share decides the same. While the share is 0 no span is made.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from projectionist.kit.metrics import REGISTRY

SPANS: Final = REGISTRY.counter(
    "projectionist_trace_spans_total",
    "Spans of traces; outcome is sent, refused by the collector, lost with it, or dropped for want of room.",
    "outcome",
)
BATCH: Final = 512
"""So many are sent at once at most."""
MOST_KEPT: Final = 2048
"""So many wait to be sent at most; what comes beyond them is counted and dropped."""

Value: TypeAlias = str | int | float

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_INVALID_VERSION = "ff"
_FIRST_VERSION = "00"
_SAMPLED = 1
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class Kind(IntEnum):
    """The kind of a span, numbered as OTLP has it."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class SpanContext(NamedTuple):
    """What others need to know of a span to go on under it; ids are lower hexadecimal, of 32 and 16 digits."""

    trace_id: str
    span_id: str
    sampled: bool


class Span:
    """Something that was done. `began` and `ended` are nanoseconds since 1970, `attributes` hold no secret.

    One that is not sampled takes no attributes and is not kept.
    """

    __slots__ = (
        "_since",
        "attributes",
        "began",
        "context",
        "ended",
        "failed",
        "is_kept",
        "kind",
        "name",
        "parent_id",
    )

    def __init__(self, name: str, kind: Kind, context: SpanContext, parent_id: str = "") -> None:
        self.name, self.kind, self.context, self.parent_id = name, kind, context, parent_id
        self.began = self.ended = time.time_ns()
        self._since = time.perf_counter_ns()
        self.attributes: dict[str, Value] = {}
        self.failed = False
        self.is_kept = context.sampled

    def set(self, name: str, value: Value) -> None:
        """Say something about it."""
        if self.is_kept:
            self.attributes[name] = value

    def add(self, name: str, value: float) -> None:
        """Count more of something."""
        if self.is_kept:
            self.attributes[name] = float(self.attributes.get(name, 0)) + value

    def fail(self, error_type: str) -> None:
        """It failed; `error_type` is one of few, and no words of the inside."""
        if self.is_kept:
            self.failed = True
            self.attributes["error.type"] = error_type

    def forget(self) -> None:
        """Do not keep it."""
        self.is_kept = False

    def end(self) -> None:
        """It is over; a clock that is set meanwhile does not make it longer."""
        self.ended = self.began + time.perf_counter_ns() - self._since


_UNTRACED: Final = Span("", Kind.INTERNAL, SpanContext(_NO_TRACE, _NO_SPAN, sampled=False))
_current: ContextVar[Span] = ContextVar("span", default=_UNTRACED)


class Traces:
    """The spans of this process that wait to be sent. Safe to use from any thread."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.share = 0.0
        self._most = most
        self._kept: deque[Span] = deque()
        self._lock = threading.Lock()
        self._enough: threading.Event | None = None

    @property
    def is_on(self) -> bool:
        """Whether any trace is recorded."""
        return self.share > 0

    def open(self, share: float, enough: threading.Event | None = None) -> None:
        """Record this share of all traces, 0 to 1; `enough` is set when a whole batch waits."""
        self.share, self._enough = share, enough

    def close(self) -> None:
        """Record no more; what waits can still be taken."""
        self.share, self._enough = 0.0, None

    def samples(self, trace_id: str) -> bool:
        """Whether a trace of that id is recorded; a larger share records all that a smaller one does."""
        return int(trace_id[16:], 16) < round(self.share * (1 << 64))

    def begin(self, name: str, kind: Kind, parent: SpanContext | None) -> Span:
        """A span, under `parent` or in a trace of its own."""
        if parent is None:
            made = secrets.token_hex(24)
            return Span(name, kind, SpanContext(made[:32], made[32:], self.samples(made[:32])))
        context = SpanContext(parent.trace_id, secrets.token_hex(8), parent.sampled)
        return Span(name, kind, context, parent.span_id)

    def keep(self, span: Span) -> None:
        """Have a span sent that is over."""
        with self._lock:
            has_room = len(self._kept) < self._most
            if has_room:
                self._kept.append(span)
            if self._enough is not None and len(self._kept) >= min(BATCH, self._most):
                self._enough.set()
        if not has_room:
            SPANS.add("dropped")

    def take(self, most: int = BATCH) -> list[Span]:
        """The oldest that wait; they are the caller's now."""
        with self._lock:
            return [self._kept.popleft() for _ in range(min(most, len(self._kept)))]


TRACES: Final = Traces()
"""Those of this process."""


@contextmanager
def entered(name: str, kind: Kind, parent: SpanContext | None = None) -> Iterator[Span]:
    """Something that comes from outside is done: under `parent` where that is known, else in a trace of its own."""
    if not TRACES.is_on:
        yield _UNTRACED
        return
    with _during(TRACES.begin(name, kind, parent)) as span:
        yield span


@contextmanager
def nested(name: str, kind: Kind) -> Iterator[Span]:
    """A part of what is being done here; where that is not recorded, this is not."""
    above = _current.get()
    if not above.context.sampled or not TRACES.is_on:
        yield _UNTRACED
        return
    with _during(TRACES.begin(name, kind, above.context)) as span:
        yield span


@contextmanager
def _during(span: Span) -> Iterator[Span]:
    token = _current.set(span)
    try:
        yield span
    finally:
        _current.reset(token)
        if span.is_kept:
            span.end()
            TRACES.keep(span)


def current() -> Span:
    """What is being done here; where nothing is recorded, one that takes nothing."""
    return _current.get()


def traceparent() -> str:
    """The `traceparent` by which something else goes on under what is done here; empty where nothing is traced."""
    context = _current.get().context
    if context.trace_id == _NO_TRACE:
        return ""
    return f"{_FIRST_VERSION}-{context.trace_id}-{context.span_id}-{int(context.sampled):02x}"


def parent_of(header: str) -> SpanContext | None:
    """Who a `traceparent` names; None where it is not exactly as W3C Trace Context has it.

    Of a version that is not known yet what the first has is taken, as the standard says.
    """
    found = _TRACEPARENT.fullmatch(header)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == _INVALID_VERSION or (version == _FIRST_VERSION and more is not None):
        return None
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return SpanContext(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))
