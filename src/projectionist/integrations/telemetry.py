"""Metrics, sent to a collector of OpenTelemetry: OTLP over HTTP, as JSON.

Documented at https://opentelemetry.io/docs/specs/otlp/#otlphttp.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from projectionist import __version__
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.metrics import Family, Kind, Series

_CUMULATIVE: Final = 2
_IN_TIME: Final = TimeOuts(connect=5.0, read=10.0, total=15.0)
_PATH: Final = "/v1/metrics"


class Collector:
    """A collector at an address; `headers` may hold its token. What counts grows since `began`, in nanoseconds."""

    def __init__(self, address: str, headers: Mapping[str, str], node: str) -> None:
        self._http = HttpClient(
            address,
            {**headers, "Content-Type": "application/json"},
            name="The OpenTelemetry collector",
            time_outs=_IN_TIME,
            retries=Retries(attempts=1),
            max_body=1024 * 1024,
        )
        self._node = node
        self._began = time.time_ns()

    def send(self, families: Iterable[Family]) -> None:
        """How the families stand now. Raises ServiceError."""
        told = request_of(families, node=self._node, began=self._began, now=time.time_ns())
        self._http.request("POST", _PATH, content=msgspec.json.encode(told), idempotent=True)

    def close(self) -> None:
        """Give up connections."""
        self._http.close()


def request_of(families: Iterable[Family], *, node: str, began: int, now: int) -> dict[str, Any]:
    """An ExportMetricsServiceRequest; families without a series are left out."""
    times = {"startTimeUnixNano": str(began), "timeUnixNano": str(now)}
    resource = {"service.name": "projectionist", "service.version": __version__, "service.instance.id": node}
    metrics = [_metric(family, times) for family in families if family.series]
    scope = {"scope": {"name": "projectionist", "version": __version__}, "metrics": metrics}
    return {
        "resourceMetrics": [
            {"resource": {"attributes": _attributes(resource.items())}, "scopeMetrics": [scope]}
        ]
    }


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
