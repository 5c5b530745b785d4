"""What was measured between two looks at counters, and at the machine: the measures of one sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from projectionist.features.metrics.host import HostNow
from projectionist.features.metrics.rolling import Measure
from projectionist.kit.metrics import LATENCIES, Family, Kind, Series

REQUEST_SECONDS = "projectionist_http_request_seconds"
BUCKETS = tuple(f"request_bucket_{place}" for place in range(len(LATENCIES) + 1))
"""Measures of how many requests took how long, between the bounds of `LATENCIES` and beyond the last."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A measure, and the series of a family that count for it: those of which a label's value is taken."""

    measure: str
    family: str
    label: str = ""
    takes: Callable[[str], bool] = lambda value: True


def _is(*wanted: str) -> Callable[[str], bool]:
    return lambda value: value in wanted


_ANSWERS = "projectionist_http_requests_total"
_CALLS = "projectionist_integration_call_seconds"
_JOBS = "projectionist_jobs_ended_total"
_SIGN_INS = "projectionist_sign_ins_total"
_PLAYS = "projectionist_plays_total"
_FILMS = "projectionist_preview_films_total"

_RULES = (
    _Rule("requests", _ANSWERS),
    _Rule("errors", _ANSWERS, "status", lambda status: status.startswith("5")),
    _Rule("calls", _CALLS),
    _Rule("calls_failed", _CALLS, "outcome", _is("failed")),
    _Rule("jobs_done", _JOBS, "state", _is("done")),
    _Rule("jobs_failed", _JOBS, "state", _is("failed")),
    _Rule("sign_ins", _SIGN_INS, "outcome", _is("signed_in")),
    _Rule("sign_ins_failed", _SIGN_INS, "outcome", _is("wrong", "refused")),
    _Rule("bytes_moved", "projectionist_cache_moved_bytes_total"),
    _Rule("plays_fast", _PLAYS, "disk", _is("fast")),
    _Rule("plays_slow", _PLAYS, "disk", _is("slow")),
    _Rule("films_made", _FILMS, "outcome", _is("made")),
    _Rule("films_failed", _FILMS, "outcome", _is("failed")),
)
_TIMES = {"request_seconds": REQUEST_SECONDS, "call_seconds": _CALLS}


def once(value: float) -> Measure:
    """A measure that was taken once."""
    return 1, value, value


def grown(before: Iterable[Family], now: Iterable[Family]) -> list[Family]:
    """How much each series grew; what is less than before began anew with its process."""
    known = {family.name: {one.labels: one for one in family.series} for family in before}
    found = []
    for family in now:
        if family.kind is not Kind.GAUGE:
            old = known.get(family.name, {})
            series = tuple(_difference(old.get(one.labels), one) for one in family.series)
            found.append(Family(family.name, family.kind, "", family.label_names, series, family.bounds))
    return found


def counted(families: Sequence[Family]) -> dict[str, Measure]:
    """The measures of what happened; a family that no process has says nothing, and one that rests says 0."""
    found: dict[str, Measure] = {}
    for rule in _RULES:
        mine = [family for family in families if family.name == rule.family]
        if mine:
            found[rule.measure] = once(sum(_count(one) for family in mine for one in _taken(rule, family)))
    for measure, name in _TIMES.items():
        mine = [family for family in families if family.name == name]
        if mine:
            found[measure] = once(sum(one.value for family in mine for one in family.series))
    found |= _buckets(family for family in families if family.name == REQUEST_SECONDS)
    return found


def of_host(before: HostNow | None, now: HostNow) -> dict[str, Measure]:
    """The measures of the machine; those of what grows only once there is a before, and never less than nothing."""
    found = dict(_levels(now))
    if before is not None:
        for name in ("disk_read", "disk_written", "net_received", "net_sent"):
            old, new = getattr(before, name), getattr(now, name)
            if old is not None and new is not None and new >= old:
                found[name] = once(float(new - old))
        busy = _busy_share(before, now)
        if busy is not None:
            found["cpu"] = once(busy)
    return found


def _levels(now: HostNow) -> Iterator[tuple[str, Measure]]:
    for name, used, total in (
        ("memory", now.memory_used, now.memory_total),
        ("disk", now.folder_used, now.folder_total),
    ):
        if used is not None and total:
            yield name, once(used / total)


def _busy_share(before: HostNow, now: HostNow) -> float | None:
    busy, passed = _more(before.cpu_busy_s, now.cpu_busy_s), _more(before.cpu_total_s, now.cpu_total_s)
    return None if busy is None or not passed or passed <= 0 else min(max(busy / passed, 0.0), 1.0)


def _more(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before


def _taken(rule: _Rule, family: Family) -> Iterator[Series]:
    if not rule.label:
        yield from family.series
    elif rule.label in family.label_names:
        place = family.label_names.index(rule.label)
        yield from (one for one in family.series if rule.takes(one.labels[place]))


def _count(series: Series) -> float:
    return float(sum(series.counts)) if series.counts else series.value


def _buckets(families: Iterable[Family]) -> Mapping[str, Measure]:
    found = dict.fromkeys(BUCKETS, 0)
    any_there = False
    for family in families:
        if family.bounds == LATENCIES:
            any_there = True
            for series in family.series:
                for name, count in zip(BUCKETS, series.counts, strict=True):
                    found[name] += count
    return {name: once(float(count)) for name, count in found.items()} if any_there else {}


def _difference(old: Series | None, new: Series) -> Series:
    if old is None or len(old.counts) != len(new.counts):
        return new
    counts = tuple(one - was for one, was in zip(new.counts, old.counts, strict=True))
    if new.value < old.value or any(count < 0 for count in counts):
        return new
    return Series(new.labels, new.value - old.value, counts)
