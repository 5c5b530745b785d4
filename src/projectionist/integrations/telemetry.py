"""Metrics and traces, sent to a collector of OpenTelemetry: OTLP over HTTP, as JSON.

Documented at https://opentelemetry.io/docs/specs/otlp/#otlphttp. In its JSON, ids are hexadecimal and whole numbers
of 64 bits are texts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from projectionist import __version__
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.metrics import Family, Kind, Series
from projectionist.kit.tracing import Span, Value

_CUMULATIVE: Final = 2
_IN_TIME: Final = TimeOuts(connect=5.0, read=10.0, total=15.0)
_METRICS: Final = "/v1/metrics"
_TRACES: Final = "/v1/traces"
_ERROR: Final = 2
"""STATUS_CODE_ERROR."""


class _PartialSuccess(msgspec.Struct):
    rejected: int | str = msgspec.field(name="rejectedSpans", default=0)


class _Response(msgspec.Struct):
    partial: _PartialSuccess | None = msgspec.field(name="partialSuccess", default=None)


class Collector:
    """A collector at an address; `headers` may hold its token. What counts grows since `began`, in nanoseconds.

    `process` is what this process is called among those of the `node`.
    """

    def __init__(self, address: str, headers: Mapping[str, str], node: str, process: str = "") -> None:
        self._http = HttpClient(
            address,
            {**headers, "Content-Type": "application/json"},
            name="The OpenTelemetry collector",
            time_outs=_IN_TIME,
            retries=Retries(attempts=1),
            max_body=1024 * 1024,
        )
        self._node = node
        self._process = process or node
        self._began = time.time_ns()

    def send(self, families: Iterable[Family]) -> None:
        """How the families stand now. Raises ServiceError."""
        told = request_of(families, node=self._node, began=self._began, now=time.time_ns())
        self._http.request("POST", _METRICS, content=msgspec.json.encode(told), idempotent=True)

    def send_spans(self, spans: Sequence[Span]) -> int:
        """Spans that are over; how many of them it does not take. Raises ServiceError."""
        told = msgspec.json.encode(traces_of(spans, process=self._process))
        answer = self._http.request("POST", _TRACES, content=told, idempotent=False)
        return min(_rejected(answer.body), len(spans))

    def close(self) -> None:
        """Give up connections."""
        self._http.close()


def request_of(families: Iterable[Family], *, node: str, began: int, now: int) -> dict[str, Any]:
    """An ExportMetricsServiceRequest; families without a series are left out."""
    times = {"startTimeUnixNano": str(began), "timeUnixNano": str(now)}
    metrics = [_metric(family, times) for family in families if family.series]
    return {
        "resourceMetrics": [{"resource": _resource(node), "scopeMetrics": [{**_scope(), "metrics": metrics}]}]
    }


def traces_of(spans: Iterable[Span], *, process: str) -> dict[str, Any]:
    """An ExportTraceServiceRequest."""
    told = [_span(one) for one in spans]
    return {"resourceSpans": [{"resource": _resource(process), "scopeSpans": [{**_scope(), "spans": told}]}]}


def _resource(instance: str) -> dict[str, Any]:
    about = {"service.name": "projectionist", "service.version": __version__, "service.instance.id": instance}
    return {"attributes": _attributes(about.items())}


def _scope() -> dict[str, Any]:
    return {"scope": {"name": "projectionist", "version": __version__}}


def _span(span: Span) -> dict[str, Any]:
    above = {"parentSpanId": span.parent_id} if span.parent_id else {}
    return {
        "traceId": span.context.trace_id,
        "spanId": span.context.span_id,
        **above,
        "name": span.name,
        "kind": int(span.kind),
        "startTimeUnixNano": str(span.began),
        "endTimeUnixNano": str(span.ended),
        "attributes": [{"key": name, "value": _value(value)} for name, value in span.attributes.items()],
        "status": {"code": _ERROR} if span.failed else {},
    }


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"doubleValue": value}


def _rejected(body: bytes) -> int:
    """How many spans the answer says are not kept; one that says nothing of it has kept all."""
    try:
        partial = msgspec.json.decode(body, type=_Response).partial
        return max(0, int(partial.rejected)) if partial is not None else 0
    except (msgspec.MsgspecError, ValueError):
        return 0


def _metric(family: Family, times: Mapping[str, str]) -> dict[str, Any]:
    points = [{**times, **_labels(family, one), **_values(family, one)} for one in family.series]
    described = {"name": family.name, "description": family.about}
    if family.kind is Kind.GAUGE:
        return {**described, "gauge": {"dataPoints": points}}
    if family.kind is Kind.HISTOGRAM:
        return {
            **described,
            "unit": "s",
            "histogram": {"dataPoints": points, "aggregationTemporality": _CUMULATIVE},
        }
    growing = {"dataPoints": points, "aggregationTemporality": _CUMULATIVE, "isMonotonic": True}
    return {**described, "sum": growing}


def _values(family: Family, series: Series) -> dict[str, Any]:
    if family.kind is not Kind.HISTOGRAM:
        return {"asDouble": series.value}
    return {
        "count": str(sum(series.counts)),
        "sum": series.value,
        "bucketCounts": [str(count) for count in series.counts],
        "explicitBounds": list(family.bounds),
    }


def _labels(family: Family, series: Series) -> dict[str, Any]:
    return {"attributes": _attributes(zip(family.label_names, series.labels, strict=True))}


def _attributes(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in pairs]
