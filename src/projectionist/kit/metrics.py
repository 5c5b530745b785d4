"""What this process counts and times, in memory only: cheap enough for every request.

A family has a name, the names of its labels and one series for each set of their values. Names, units and what a
histogram means are those of Prometheus.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

LATENCIES: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The bounds in seconds between which answers are counted; what took longer is counted after the last."""
MOST_SERIES: Final = 5000
"""So many sets of labels has a family at most; whatever else comes is counted together."""
OTHER: Final = "other"
"""The value of every label of what came after that."""


class Kind(StrEnum):
    """What the numbers of a family are."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Series(msgspec.Struct, frozen=True):
    """The numbers of one set of labels.

    `value` is a count, a measure, or the sum of what a histogram saw; `counts` is how often that fell between two
    bounds, and at the end how often beyond the last.
    """

    labels: tuple[str, ...]
    value: float
    counts: tuple[int, ...] = ()


class Family(msgspec.Struct, frozen=True):
    """What belongs together under one name, as it stood at a moment."""

    name: str
    kind: Kind
    about: str
    label_names: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    bounds: tuple[float, ...] = ()


class Counter:
    """Something that only grows while the process lives. Safe to use from any thread."""

    def __init__(self, name: str, about: str, label_names: Sequence[str] = ()) -> None:
        self.name, self.about, self.label_names = name, about, tuple(label_names)
        self._values: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Count more of it, with a value for every label."""
        with self._lock:
            key = _admitted(labels, self._values)
            self._values[key] = self._values.get(key, 0.0) + by

    def family(self) -> Family:
        """How it stands."""
        with self._lock:
            series = tuple(Series(labels, value) for labels, value in self._values.items())
        return Family(self.name, Kind.COUNTER, self.about, self.label_names, series)


class Histogram:
    """How long something took, again and again. Safe to use from any thread.

    With `kept_s`, labels that nothing was observed of for so many seconds are forgotten.
    """

    def __init__(
        self,
        name: str,
        about: str,
        label_names: Sequence[str] = (),
        bounds: tuple[float, ...] = LATENCIES,
        *,
        kept_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.about, self.label_names, self.bounds = name, about, tuple(label_names), bounds
        self._kept_s, self._clock = kept_s, clock
        self._seen: dict[tuple[str, ...], float] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._lock = threading.Lock()

    def observe(self, value: float, *labels: str) -> None:
        """Count one that took so long, with a value for every label."""
        place = bisect_left(self.bounds, value)
        with self._lock:
            key = _admitted(labels, self._counts)
            counts = self._counts.get(key)
            if self._kept_s is not None:
                self._seen[key] = self._clock()
            if counts is None:
                counts = self._counts[key] = [0] * (len(self.bounds) + 1)
                self._sums[key] = 0.0
            counts[place] += 1
            self._sums[key] += value

    def family(self) -> Family:
        """How it stands."""
        with self._lock:
            self._forget_unseen()
            series = tuple(
                Series(labels, self._sums[labels], tuple(counts)) for labels, counts in self._counts.items()
            )
        return Family(self.name, Kind.HISTOGRAM, self.about, self.label_names, series, self.bounds)

    def _forget_unseen(self) -> None:
        if self._kept_s is None:
            return
        before = self._clock() - self._kept_s
        for labels in [labels for labels, at in self._seen.items() if at < before]:
            del self._seen[labels], self._counts[labels], self._sums[labels]


class Registry:
    """The families of a process, each under a name of its own."""

    def __init__(self) -> None:
        self._known: dict[str, Counter | Histogram] = {}

    def counter(self, name: str, about: str, *label_names: str) -> Counter:
        """A new counter; its name ends in `_total`."""
        made = Counter(name, about, label_names)
        self._keep(made)
        return made

    def histogram(self, name: str, about: str, *label_names: str, kept_s: float | None = None) -> Histogram:
        """A new histogram of seconds; its name ends in `_seconds`."""
        made = Histogram(name, about, label_names, kept_s=kept_s)
        self._keep(made)
        return made

    def families(self) -> list[Family]:
        """How all of them stand, by name."""
        return [self._known[name].family() for name in sorted(self._known)]

    def _keep(self, made: Counter | Histogram) -> None:
        if made.name in self._known:
            raise ValueError(f"There are two metrics of the name {made.name}.")
        self._known[made.name] = made


REGISTRY: Final = Registry()
"""The families of this process."""


def gauge(name: str, about: str, value: float | None) -> Iterator[Family]:
    """A measure without labels; nothing where it is not known."""
    if value is not None:
        yield Family(name, Kind.GAUGE, about, (), (Series((), float(value)),))


def _admitted(labels: tuple[str, ...], known: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    return labels if labels in known or len(known) < MOST_SERIES else (OTHER,) * len(labels)
