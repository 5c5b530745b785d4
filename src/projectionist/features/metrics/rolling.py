"""Samples from fine to coarse: steps of time, what several come to together, and how long each is kept.

Every measure is kept as how often it was measured, the sum, and the highest value, so that steps can be put together
without losing what they mean: the mean of a level, the total of what happened, and the worst of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TypeAlias


class Step(StrEnum):
    """How long a sample is; days, weeks (from Monday) and months are those of UTC."""

    RAW = "raw"
    FIVE_MINUTES = "5min"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


Measure: TypeAlias = tuple[int, float, float]
"""How often, the sum, and the highest."""
Measures: TypeAlias = Mapping[str, Measure]

RAW_S = 30
"""Seconds between two samples."""

KEPT: Mapping[Step, timedelta] = {
    Step.RAW: timedelta(days=1),
    Step.FIVE_MINUTES: timedelta(days=7),
    Step.HOUR: timedelta(days=30),
    Step.DAY: timedelta(days=400),
    Step.WEEK: timedelta(days=1100),
    Step.MONTH: timedelta(days=3700),
}
"""How long samples of a step are kept; each is longer than the next coarser step."""

FINER: Mapping[Step, Step] = {
    Step.FIVE_MINUTES: Step.RAW,
    Step.HOUR: Step.FIVE_MINUTES,
    Step.DAY: Step.HOUR,
    Step.WEEK: Step.DAY,
    Step.MONTH: Step.DAY,
}
"""What a sample of a step is made of."""

_GAP_STEPS = 2.5
"""Samples that are further apart have a gap between them; what is only late has none."""

_FIXED = {Step.RAW: RAW_S, Step.FIVE_MINUTES: 300, Step.HOUR: 3600, Step.DAY: 86400}


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured in the step that begins `at`."""

    at: datetime
    measures: Measures


def start_of(step: Step, moment: datetime) -> datetime:
    """When the step began in which a moment is."""
    moment = moment.astimezone(UTC)
    if step in _FIXED:
        return datetime.fromtimestamp(moment.timestamp() // _FIXED[step] * _FIXED[step], UTC)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if step is Step.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


def end_of(step: Step, start: datetime) -> datetime:
    """When a step ends that begins then."""
    if step in _FIXED:
        return start + timedelta(seconds=_FIXED[step])
    if step is Step.WEEK:
        return start + timedelta(days=7)
    return start_of(Step.MONTH, start + timedelta(days=31))


def with_gaps(samples: Sequence[Sample], step: Step) -> list[Sample]:
    """The samples, and after each that is followed by a gap an empty one: nobody measured then."""
    found = list(samples[:1])
    for before, after in pairwise(samples):
        following = end_of(step, before.at)
        if after.at - before.at > (following - before.at) * _GAP_STEPS:
            found.append(Sample(following, {}))
        found.append(after)
    return found


def together(samples: Iterable[Measures]) -> dict[str, Measure]:
    """What several samples come to; what one of them does not know, the others tell."""
    found: dict[str, Measure] = {}
    for measures in samples:
        for name, (count, total, most) in measures.items():
            known = found.get(name)
            if known is None:
                found[name] = (count, total, most)
            else:
                found[name] = (known[0] + count, known[1] + total, max(known[2], most))
    return found


def roll(step: Step, finer: Iterable[Sample], now: datetime) -> list[Sample]:
    """The samples of a step that are over by now, out of those of its finer step."""
    parts: dict[datetime, list[Measures]] = {}
    for sample in finer:
        start = start_of(step, sample.at)
        if end_of(step, start) <= now:
            parts.setdefault(start, []).append(sample.measures)
    return [Sample(start, together(measures)) for start, measures in sorted(parts.items())]
