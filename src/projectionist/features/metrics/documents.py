"""What the API of metrics gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from projectionist.features.metrics.charts import SUMMARY
from projectionist.features.metrics.service import Asked, Summary, View

PeriodName = Literal["live", "24h", "7d", "30d"]
SpanName = Literal["day", "week", "month"]


class LineDocument(msgspec.Struct, frozen=True):
    """A line of a chart: a value for every step of time, null where nothing was measured."""

    label: str
    values: list[float | None]


class ChartDocument(msgspec.Struct, frozen=True):
    """A chart. `unit` is `share` (0 to 1), `ms`, `bytes/s`, `bytes`, `/min`, or empty for a count."""

    id: str
    title: str
    about: str
    unit: str
    lines: list[LineDocument]


class MetricsDocument(msgspec.Struct, frozen=True):
    """What was measured in a period, `since` when `until` when: when each step of time began that was measured, and
    charts of as many values. One step stands for each time in which nothing was measured; all its values are null.
    """

    period: str
    step: str
    since: datetime
    until: datetime
    at: list[datetime]
    charts: list[ChartDocument]


class SummaryValue(msgspec.Struct, frozen=True):
    """A value of a summary, null where it was not measured."""

    label: str
    unit: str
    value: float | None


class SummaryDocument(msgspec.Struct, frozen=True):
    """A day, a week from Monday, or a month, in UTC; one that is not over is told as far as it is."""

    at: datetime
    is_over: bool
    values: list[SummaryValue]


class CircuitDocument(msgspec.Struct, frozen=True):
    """A service that was called, and its circuit breaker: while that is open, the service is left to recover.

    `failures` are those of the last minute, `calls` and `failed` count since the start of the process.
    """

    service: str
    name: str
    is_open: bool
    since: datetime | None
    retry_in_s: float | None
    failures: int
    calls: int
    failed: int
    average_ms: float | None


def metrics_document(view: View) -> MetricsDocument:
    """What was measured, for the API."""
    charts = [
        ChartDocument(
            one.chart.id,
            one.chart.title,
            one.chart.about,
            one.chart.unit,
            [
                LineDocument(line.label, list(values))
                for line, values in zip(one.chart.lines, one.lines, strict=True)
            ],
        )
        for one in view.charts
    ]
    return MetricsDocument(view.period.value, view.step.value, view.since, view.until, list(view.at), charts)


def metrics_columns(view: View) -> list[str]:
    """The columns of an export: when, and each line of each chart."""
    return ["at", *(f"{one.chart.id}: {line.label}" for one in view.charts for line in one.chart.lines)]


def metrics_rows(view: View) -> Iterator[dict[str, object]]:
    """The rows of an export; a cell is empty where nothing was measured."""
    names = metrics_columns(view)[1:]
    lines = [values for one in view.charts for values in one.lines]
    for place, at in enumerate(view.at):
        cells = ("" if values[place] is None else values[place] for values in lines)
        yield {"at": at.isoformat(), **dict(zip(names, cells, strict=True))}


def summary_document(summary: Summary) -> SummaryDocument:
    """A summary for the API."""
    values = [
        SummaryValue(line.label, unit, value)
        for (line, unit), value in zip(SUMMARY, summary.values, strict=True)
    ]
    return SummaryDocument(summary.at, summary.is_over, values)


def circuit_document(asked: Asked) -> CircuitDocument:
    """A service that was called, for the API."""
    circuit = asked.circuit
    return CircuitDocument(
        service=circuit.address,
        name=asked.name,
        is_open=circuit.open is not None,
        since=circuit.open.since if circuit.open else None,
        retry_in_s=circuit.open.retry_in_s if circuit.open else None,
        failures=circuit.failures,
        calls=asked.calls,
        failed=asked.failed,
        average_ms=asked.average_ms,
    )
