"""Families of metrics as text, in the format that Prometheus reads (version 0.0.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from projectionist.kit.metrics import Family, Kind, Series

CONTENT_TYPE: Final = "text/plain; version=0.0.4"
"""Without the charset, which is always utf-8 and which whoever answers with it adds."""


def exposition(families: Iterable[Family]) -> str:
    """All families; those of one name stand together, as the format demands, below the words of the first."""
    by_name: dict[str, list[Family]] = {}
    for family in families:
        by_name.setdefault(family.name, []).append(family)
    return "".join(line for same in by_name.values() for line in _lines(same))


def with_label(family: Family, name: str, value: str) -> Family:
    """The same family with one more label, the same for all of its series."""
    series = tuple(msgspec.structs.replace(one, labels=(*one.labels, value)) for one in family.series)
    return msgspec.structs.replace(family, label_names=(*family.label_names, name), series=series)


def _lines(same: Sequence[Family]) -> Iterator[str]:
    first = same[0]
    yield f"# HELP {first.name} {_escaped(first.about)}\n# TYPE {first.name} {first.kind}\n"
    for family in same:
        for series in family.series:
            labels = list(zip(family.label_names, series.labels, strict=True))
            if family.kind is Kind.HISTOGRAM:
                yield from _histogram(family, series, labels)
            else:
                yield f"{family.name}{_labels(labels)} {_number(series.value)}\n"


def _histogram(family: Family, series: Series, labels: list[tuple[str, str]]) -> Iterator[str]:
    """Buckets count all that is not above their bound."""
    bounds = [*(_number(bound) for bound in family.bounds), "+Inf"]
    for bound, count in zip(bounds, accumulate(series.counts), strict=True):
        yield f"{family.name}_bucket{_labels([*labels, ('le', bound)])} {count}\n"
    yield f"{family.name}_sum{_labels(labels)} {_number(series.value)}\n"
    yield f"{family.name}_count{_labels(labels)} {sum(series.counts)}\n"


def _labels(labels: list[tuple[str, str]]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in labels) + "}"


def _escaped(text: str, *, quoted: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quoted else escaped


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
