"""What should lie on the fast disk: by what is expected of it, for the room it takes and the copy it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.prediction.hazards import Floats, Numbers


@dataclass(frozen=True, slots=True)
class Thrift:
    """What a copy must promise. Days and bytes are those of expectation, so more of either copies more.

    `keep_days` is how far ahead an item's place is weighed, `copy_days` how far ahead a copy has to pay,
    `bytes_per_hit` what may be copied for one expected hit, `hold` how many times better what comes must be than what
    leaves for it, `least` what must be expected at least, `soon_days` what orders the copies, and `begun` how much
    more it matters that somebody can go on with what they have begun.
    """

    keep_days: float = 3
    copy_days: float = 30
    bytes_per_hit: float = 100e9
    hold: float = 1.5
    least: float = 0.02
    soon_days: float = 0.5
    begun: float = 8


THRIFT = Thrift()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to copy, the most urgent first, and what to drop for it as far as room is needed, the least worth first.

    A drop is worth less than every copy it makes room for.
    """

    copies: tuple[int, ...]
    drops: tuple[int, ...]


def plan(
    forecast: Forecast,
    now: float,
    sizes: Floats,
    held: Iterable[int],
    kept: Iterable[int],
    capacity: int,
    thrift: Thrift = THRIFT,
) -> Plan:
    """Weigh everything with a reason against what is `held`; what is `kept` stays whatever it is worth."""
    days = (thrift.soon_days, thrift.keep_days, thrift.copy_days)
    items, (soon, keep, long) = forecast.expected(now, *days, begun=thrift.begun)
    here, fixed = np.array(list(held), dtype=np.int64), np.array(list(kept), dtype=np.int64)
    is_here, is_fixed = _marked(len(sizes), here), _marked(len(sizes), fixed)
    chance = -np.expm1(-long)
    pays = (chance * thrift.bytes_per_hit >= sizes[items]) & (chance >= thrift.least)
    relevant = pays | is_here[items] | is_fixed[items]
    items, soon, keep = items[relevant], soon[relevant], keep[relevant]
    size = np.maximum(sizes[items], 1.0)
    worth = -np.expm1(-keep) / size
    rank = np.where(is_fixed[items], np.inf, np.where(is_here[items], worth * thrift.hold, worth))
    order = np.argsort(-rank, kind="stable")
    unexpected = float(sizes[fixed].sum() - size[is_fixed[items]].sum())
    chosen = order[np.cumsum(size[order]) <= capacity - unexpected]
    wanted = chosen[~(is_here | is_fixed)[items[chosen]]]
    wanted = wanted[np.argsort(-soon[wanted] / size[wanted], kind="stable")]
    leaving = here[~(is_fixed | _marked(len(sizes), items[chosen]))[here]]
    worths = np.zeros(len(sizes))
    worths[items] = worth
    drops = leaving[np.argsort(worths[leaving], kind="stable")]
    return Plan(tuple(items[wanted].tolist()), tuple(drops.tolist()))


def _marked(count: int, items: Numbers) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    marks = np.zeros(count, dtype=np.bool_)
    marks[items] = True
    return marks
