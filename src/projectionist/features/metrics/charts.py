"""What the System page draws: which measures make which line, and in which unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from projectionist.features.metrics.gathering import BUCKETS
from projectionist.features.metrics.rolling import Measures
from projectionist.kit.metrics import LATENCIES

Read: TypeAlias = Callable[[Measures], float | None]
"""The value of a line in a step of time; None where it was not measured, or there was nothing to measure."""

_SLOW_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart."""

    label: str
    read: Read


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. `unit` is `share`, `ms`, `bytes/s`, `bytes`, `/min` or empty for a plain count."""

    id: str
    title: str
    about: str
    unit: str
    lines: tuple[Line, ...]


def total(name: str) -> Read:
    """How much of it there was in all."""
    return lambda measures: measures[name][1] if name in measures else None


def mean(name: str) -> Read:
    """How high it was on average."""
    return lambda measures: measures[name][1] / measures[name][0] if name in measures else None


def highest(name: str) -> Read:
    """How high it was at the worst."""
    return lambda measures: measures[name][2] if name in measures else None


def per_second(name: str, times: float = 1.0) -> Read:
    """How much of it there was a second, of the time that was measured."""

    def read(measures: Measures) -> float | None:
        if name not in measures or "seconds" not in measures or measures["seconds"][1] <= 0:
            return None
        return measures[name][1] / measures["seconds"][1] * times

    return read


def share(part: str, *others: str, of: str = "") -> Read:
    """How much `part` is of `of`, or of itself and the others together."""

    def read(measures: Measures) -> float | None:
        every = (of,) if of else (part, *others)
        if part not in measures or any(name not in measures for name in every):
            return None
        whole = sum(measures[name][1] for name in every)
        return measures[part][1] / whole if whole > 0 else None

    return read


def each(seconds: str, count: str) -> Read:
    """How many milliseconds one took on average."""

    def read(measures: Measures) -> float | None:
        if seconds not in measures or count not in measures or measures[count][1] <= 0:
            return None
        return measures[seconds][1] / measures[count][1] * 1000

    return read


def within(wanted: float = _SLOW_SHARE) -> Read:
    """In how many milliseconds at most so large a share of requests was answered: the bound above the last of them.

    Where that is beyond the last bound, it is not known.
    """

    def read(measures: Measures) -> float | None:
        if any(name not in measures for name in BUCKETS):
            return None
        counts = [measures[name][1] for name in BUCKETS]
        needed, so_far = sum(counts) * wanted, 0.0
        if needed <= 0:
            return None
        for bound, count in zip(LATENCIES, counts, strict=False):
            so_far += count
            if so_far >= needed:
                return bound * 1000
        return None

    return read


CHARTS: Sequence[Chart] = (
    Chart(
        "requests",
        "Requests",
        "Of pages and the API, a minute.",
        "/min",
        (Line("requests", per_second("requests", 60)), Line("errors", per_second("errors", 60))),
    ),
    Chart(
        "latency",
        "Time to answer",
        "From a request to the last byte of its answer. 95 of 100 were answered within the second line's time or less.",
        "ms",
        (Line("average", each("request_seconds", "requests")), Line("95 of 100 within", within())),
    ),
    Chart(
        "machine",
        "Processor, memory, disk",
        "Of this machine; the disk is the one of the data folder.",
        "share",
        (Line("processor", mean("cpu")), Line("memory", mean("memory")), Line("disk", mean("disk"))),
    ),
    Chart(
        "network",
        "Network",
        "Bytes a second over all of this machine's connections.",
        "bytes/s",
        (Line("received", per_second("net_received")), Line("sent", per_second("net_sent"))),
    ),
    Chart(
        "disks",
        "Disk traffic",
        "Bytes a second of all of this machine's disks.",
        "bytes/s",
        (Line("read", per_second("disk_read")), Line("written", per_second("disk_written"))),
    ),
    Chart(
        "queue",
        "Jobs at work",
        "On all machines, on average.",
        "",
        (Line("waiting", mean("queued")), Line("running", mean("running")), Line("workers", mean("workers"))),
    ),
    Chart(
        "jobs",
        "Jobs ended",
        "In each step of time.",
        "",
        (Line("done", total("jobs_done")), Line("failed", total("jobs_failed"))),
    ),
    Chart(
        "calls",
        "Time that other services took",
        "How long media servers and other services took to answer, with all tries.",
        "ms",
        (Line("average", each("call_seconds", "calls")),),
    ),
    Chart(
        "failures",
        "Calls of other services",
        "Of media servers and others, with those that failed, in each step of time.",
        "",
        (Line("calls", total("calls")), Line("failed", total("calls_failed"))),
    ),
    Chart(
        "moved",
        "Copied to fast disks and back",
        "In each step of time.",
        "bytes",
        (Line("copied", total("bytes_moved")),),
    ),
    Chart(
        "plays",
        "Played from",
        "Films that somebody began to play, by the disk that they were on.",
        "",
        (Line("fast disk", total("plays_fast")), Line("slow disk", total("plays_slow"))),
    ),
    Chart(
        "previews",
        "Films decoded for previews",
        "In each step of time.",
        "",
        (Line("made", total("films_made")), Line("failed", total("films_failed"))),
    ),
    Chart(
        "sign-ins",
        "Sign-ins",
        "Attempts, in each step of time.",
        "",
        (Line("signed in", total("sign_ins")), Line("refused or wrong", total("sign_ins_failed"))),
    ),
    Chart(
        "database",
        "Database",
        "How long a question of the sampler took, on average and at worst.",
        "ms",
        (
            Line("answered in", lambda measures: _times(mean("database_s")(measures), 1000)),
            Line("at worst", lambda measures: _times(highest("database_s")(measures), 1000)),
        ),
    ),
    Chart(
        "connections",
        "Database connections",
        "Of the service, in use when a sample was taken.",
        "",
        (Line("average", mean("connections")), Line("at most", highest("connections"))),
    ),
)
"""In the order of the page."""

SUMMARY: Sequence[tuple[Line, str]] = (
    (Line("Requests", total("requests")), ""),
    (Line("Errors", share("errors", of="requests")), "share"),
    (Line("95 of 100 within", within()), "ms"),
    (Line("Processor", mean("cpu")), "share"),
    (Line("Memory at most", highest("memory")), "share"),
    (Line("Disk at most", highest("disk")), "share"),
    (Line("Jobs done", total("jobs_done")), ""),
    (Line("Jobs failed", total("jobs_failed")), ""),
    (Line("Previews", total("films_made")), ""),
    (Line("Copied", total("bytes_moved")), "bytes"),
    (Line("From the fast disk", share("plays_fast", "plays_slow")), "share"),
)
"""The columns of a summary, and their units."""


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
