"""Metrics, as pages and the API show them, and as Prometheus reads them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from projectionist import __version__
from projectionist.features.metrics import queries
from projectionist.features.metrics.charts import CHARTS, SUMMARY, Chart, Line, mean, total, within
from projectionist.features.metrics.host import HostNow
from projectionist.features.metrics.of_process import families_of_process
from projectionist.features.metrics.rolling import RAW_S as SAMPLED_EVERY_S
from projectionist.features.metrics.rolling import Measures, Sample, Step, start_of, together, with_gaps
from projectionist.features.metrics.sampling import Place, reported, sample_of
from projectionist.kit.breaker import Circuit, circuits
from projectionist.kit.calls import CALLS, FAILED
from projectionist.kit.exposition import exposition, with_label
from projectionist.kit.metrics import Family, Kind, Series, gauge

__all__ = [
    "SAMPLED_EVERY_S",
    "Lately",
    "Measures",
    "Period",
    "Place",
    "View",
    "circuits_now",
    "exposed",
    "families_now",
    "lately",
    "summaries",
    "view",
]


class Period(StrEnum):
    """How far back a view looks."""

    LIVE = "live"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


_SPANS = {
    Period.LIVE: (timedelta(minutes=30), Step.RAW, timedelta(minutes=5)),
    Period.DAY: (timedelta(days=1), Step.FIVE_MINUTES, timedelta(hours=1)),
    Period.WEEK: (timedelta(days=7), Step.HOUR, timedelta(days=1)),
    Period.MONTH: (timedelta(days=30), Step.HOUR, timedelta(days=1)),
}
"""How far back, by which steps, and by which longer ones in a table that people read."""


@dataclass(frozen=True, slots=True)
class Values:
    """A chart with its values: one list for each of its lines, as long as the view has moments."""

    chart: Chart
    lines: tuple[tuple[float | None, ...], ...]

    @property
    def last(self) -> tuple[tuple[str, float | None], ...]:
        """Each line's label with the newest value that is known."""
        return tuple(
            (line.label, next((value for value in reversed(values) if value is not None), None))
            for line, values in zip(self.chart.lines, self.lines, strict=True)
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it was measured."""
        return all(value is None for values in self.lines for value in values)


@dataclass(frozen=True, slots=True)
class View:
    """What was measured in a period: when each step began, and the charts; `rows` are the same in longer steps.

    Where nothing was measured for a while, the charts have one step of no values, so that no line is drawn across.
    """

    period: Period
    step: Step
    since: datetime
    until: datetime
    at: tuple[datetime, ...]
    charts: tuple[Values, ...]
    row_at: tuple[datetime, ...]
    row_charts: tuple[Values, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A day, week or month: when it began, whether it is over, and its values in the order of `SUMMARY`."""

    at: datetime
    is_over: bool
    values: tuple[float | None, ...]


def view(place: Place, period: Period) -> View:
    """What was measured in a period that ends now. Raises DatabaseUnusable."""
    span, step, longer = _SPANS[period]
    now = place.now()
    since = start_of(step, now - span)
    with place.database.read() as session:
        found = _samples(session, step, since, now)
    rows, drawn = _longer(found, longer), with_gaps(found, step)
    return View(
        period,
        step,
        since,
        now,
        tuple(sample.at for sample in drawn),
        _charts(drawn),
        tuple(sample.at for sample in rows),
        _charts(rows),
    )


def summaries(place: Place, step: Step, most: int) -> list[Summary]:
    """The last days, weeks or months, the newest first; the one that runs is told as far as it is."""
    now = place.now()
    start = start_of(step, now)
    with place.database.read() as session:
        over = _samples(session, step, now - timedelta(days=31 * (most + 1)), start)
        running = _samples(session, Step.DAY, start, now) if step is not Step.DAY else []
        today = _samples(session, Step.HOUR, start_of(Step.DAY, now), now)
        latest = _samples(session, Step.FIVE_MINUTES, start_of(Step.HOUR, now), now)
    unfinished = together(sample.measures for sample in (*running, *today, *latest))
    found = [_summary(sample, is_over=True) for sample in over]
    if unfinished:
        found.append(_summary(Sample(start, unfinished), is_over=False))
    return found[::-1][:most]


@dataclass(frozen=True, slots=True)
class Lately:
    """What some samples come to; None where it was not measured. 95 of 100 requests took `slow_s` or less."""

    requests: float
    errors: float
    slow_s: float | None
    cpu: float | None
    memory: float | None
    disk: float | None
    jobs_done: float
    jobs_failed: float
    queued: float | None
    running: float | None


def lately(samples: Iterable[Measures]) -> Lately:
    """What samples come to together, for whoever judges them."""
    found = together(samples)
    asked = total("requests")(found) or 0.0
    slow_ms = within()(found)
    if slow_ms is None and asked:
        slow_ms = math.inf  # beyond the last bound
    return Lately(
        requests=asked,
        errors=total("errors")(found) or 0.0,
        slow_s=None if slow_ms is None else slow_ms / 1000,
        cpu=mean("cpu")(found),
        memory=mean("memory")(found),
        disk=mean("disk")(found),
        jobs_done=total("jobs_done")(found) or 0.0,
        jobs_failed=total("jobs_failed")(found) or 0.0,
        queued=mean("queued")(found),
        running=mean("running")(found),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A service that this process has called: its breaker, and its calls since the start, with all their tries."""

    circuit: Circuit
    name: str
    calls: int
    failed: int
    average_ms: float | None


def circuits_now() -> Sequence[Asked]:
    """The services that this process has called, by address."""
    counted: dict[str, list[Series]] = {}
    for series in CALLS.family().series:
        counted.setdefault(series.labels[0].rpartition(" at ")[2], []).append(series)
    return [_asked(circuit, counted.get(circuit.address, [])) for circuit in circuits()]


def exposed(place: Place) -> str:
    """All metrics for Prometheus. Raises DatabaseUnusable."""
    return exposition(families_now(place))


def families_now(place: Place) -> list[Family]:
    """All metrics: of this process, of those that report, of the house. Raises DatabaseUnusable."""
    process = place.process() or "service"
    with place.database.read() as session:
        others = reported(session, place.now(), process)
        live = queries.live_jobs(session)
    mine = (*place.families(), *families_of_process(place.database))
    counts = [with_label(family, "process", process) for family in mine]
    counts += [with_label(family, "process", name) for name, told in others.items() for family in told]
    return [*counts, *_of_jobs(place, live), *_of_house(), *_of_host(place.host(place.folder))]


def _asked(circuit: Circuit, series: Sequence[Series]) -> Asked:
    calls = sum(sum(one.counts) for one in series)
    return Asked(
        circuit,
        series[0].labels[0].rpartition(" at ")[0] if series else "",
        calls,
        sum(sum(one.counts) for one in series if one.labels[1] == FAILED),
        sum(one.value for one in series) / calls * 1000 if calls else None,
    )


def _samples(session: Session, step: Step, since: datetime, before: datetime) -> list[Sample]:
    return [sample_of(row.at, row.measures) for row in queries.samples(session, step, since, before)]


def _longer(samples: Sequence[Sample], span: timedelta) -> list[Sample]:
    seconds = span.total_seconds()
    parts: dict[float, list[Sample]] = {}
    for sample in samples:
        parts.setdefault(sample.at.timestamp() // seconds, []).append(sample)
    return [Sample(some[0].at, together(one.measures for one in some)) for some in parts.values()]


def _charts(samples: Sequence[Sample]) -> tuple[Values, ...]:
    return tuple(Values(chart, tuple(_values(line, samples) for line in chart.lines)) for chart in CHARTS)


def _values(line: Line, samples: Sequence[Sample]) -> tuple[float | None, ...]:
    return tuple(line.read(sample.measures) for sample in samples)


def _summary(sample: Sample, *, is_over: bool) -> Summary:
    return Summary(sample.at, is_over, tuple(line.read(sample.measures) for line, _ in SUMMARY))


def _of_jobs(place: Place, live: Sequence[tuple[str, str, int]]) -> Iterator[Family]:
    yield _gauges(
        "projectionist_jobs",
        "Jobs that are not over, by kind and state.",
        ("kind", "state"),
        [((kind, state), float(count)) for kind, state, count in live],
    )
    queues = place.jobs.queues()
    waiting = [((one.name,), float(one.queued)) for one in queues]
    running = [((one.name,), float(one.running)) for one in queues]
    paused = [((one.name,), float(one.paused)) for one in queues]
    yield _gauges("projectionist_queue_waiting", "Jobs that wait in a queue.", ("queue",), waiting)
    yield _gauges("projectionist_queue_running", "Jobs of a queue that run.", ("queue",), running)
    yield _gauges("projectionist_queue_paused", "1 where a queue is paused.", ("queue",), paused)
    nodes = [((one.name,), float(one.alive)) for one in place.jobs.nodes() if one.queues]
    yield _gauges("projectionist_worker_alive", "1 for a worker whose heart beats.", ("worker",), nodes)


def _of_house() -> Iterator[Family]:
    yield _gauges(
        "projectionist_info", "Always 1; which version this is.", ("version",), [((__version__,), 1.0)]
    )


def _of_host(now: HostNow) -> Iterator[Family]:
    for name, about, value in (
        ("host_cpu_busy_seconds_total", "Seconds in which a processor was busy.", now.cpu_busy_s),
        ("host_cpu_seconds_total", "Seconds of all processors.", now.cpu_total_s),
        ("host_disk_read_bytes_total", "Bytes read from disks.", now.disk_read),
        ("host_disk_written_bytes_total", "Bytes written to disks.", now.disk_written),
        ("host_network_received_bytes_total", "Bytes received.", now.net_received),
        ("host_network_sent_bytes_total", "Bytes sent.", now.net_sent),
    ):
        if value is not None:
            yield Family(f"projectionist_{name}", Kind.COUNTER, about, (), (Series((), float(value)),))
    for name, about, level in (
        ("host_memory_used_bytes", "Memory that programs use.", now.memory_used),
        ("host_memory_bytes", "Memory there is.", now.memory_total),
        ("data_disk_used_bytes", "Used of the disk with the data folder.", now.folder_used),
        ("data_disk_bytes", "Size of the disk with the data folder.", now.folder_total),
    ):
        yield from gauge(f"projectionist_{name}", about, level)


def _gauges(
    name: str, about: str, label_names: tuple[str, ...], values: Sequence[tuple[tuple[str, ...], float]]
) -> Family:
    series = tuple(Series(labels, value) for labels, value in values)
    return Family(name, Kind.GAUGE, about, label_names, series)
