"""The plan over a forecast alone: the rules of the plan that runs, for one tier, no caps, and nobody's own wishes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from projectionist.features.cache.planning.filling import NOWHERE, Candidates, fill
from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.prediction.hazards import Floats, Numbers
from projectionist.features.cache.prediction.planning import (
    THRIFT,
    Marks,
    Thrift,
    look_ahead,
    pays,
    stays,
    urgency,
    worth,
)

_TIER = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What to copy, the most urgent first, what to drop for it as far as room is needed, the least worth first, and
    what goes in any case, since nobody is expected to play it.
    """

    copies: tuple[int, ...]
    drops: tuple[int, ...]
    unexpected: tuple[int, ...] = ()


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
    ahead = look_ahead(forecast, now, thrift)
    here, fixed = np.array(list(held), dtype=np.int64), np.array(list(kept), dtype=np.int64)
    count = len(sizes)
    is_here, is_fixed = _marked(count, here), _marked(count, fixed)
    keep, month, soon = (_spread(count, ahead.items, one) for one in (ahead.keep, ahead.month, ahead.soon))
    comes = np.zeros(count, dtype=np.bool_)
    comes[ahead.items] = pays(ahead.month, sizes[ahead.items], thrift)
    stay = is_here & stays(month, thrift)
    chosen = np.flatnonzero(is_fixed | stay | (comes & ~is_here))
    worths, taken = worth(keep, sizes), sizes[chosen].astype(np.int64)
    one_tier, number = (_TIER,), len(chosen)
    candidates = Candidates(
        sizes=taken.tolist(),
        worths=worths[chosen],
        at=np.where((is_here | is_fixed)[chosen], _TIER, NOWHERE).tolist(),
        tiers=[one_tier] * number,
        fixed=is_fixed[chosen],
        libraries=[NOWHERE] * number,
        has_share=np.ones(number, dtype=np.bool_),
    )
    placed = chosen[list(fill(candidates, {_TIER: capacity}, thrift.hold, tells=False).tier_of)]
    wanted = placed[~(is_here | is_fixed)[placed]]
    wanted = wanted[np.argsort(-urgency(soon[wanted], sizes[wanted]), kind="stable")]
    leaving = here[~(is_fixed | _marked(count, placed))[here]]
    unexpected = leaving[~stay[leaving]]
    leaving = leaving[stay[leaving]]
    drops = leaving[np.argsort(worths[leaving], kind="stable")]
    return Plan(tuple(wanted.tolist()), tuple(drops.tolist()), tuple(unexpected.tolist()))


def _spread(count: int, items: Numbers, values: Floats) -> Floats:
    found: Floats = np.zeros(count)
    found[items] = values
    return found


def _marked(count: int, items: Numbers) -> Marks:
    marks: Marks = np.zeros(count, dtype=np.bool_)
    marks[items] = True
    return marks
