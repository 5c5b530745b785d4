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
    known = np.union1d(ahead.items, np.concatenate([here, fixed]))
    at = np.searchsorted(known, ahead.items)
    keep, month, soon = (_spread(len(known), at, one) for one in (ahead.keep, ahead.month, ahead.soon))
    is_fixed = np.isin(known, fixed)
    is_here = np.isin(known, here) | is_fixed
    stay = is_fixed | (is_here & stays(month, thrift))
    bytes_of = sizes[known]
    worths = worth(keep, bytes_of)
    rows = np.flatnonzero(stay | (pays(month, bytes_of, thrift) & ~is_here))
    number, one_tier = len(rows), (_TIER,)
    candidates = Candidates(
        sizes=bytes_of[rows].astype(np.int64).tolist(),
        worths=worths[rows],
        at=np.where(is_here[rows], _TIER, NOWHERE).tolist(),
        tiers=[one_tier] * number,
        fixed=is_fixed[rows],
        libraries=[NOWHERE] * number,
        has_share=np.ones(number, dtype=np.bool_),
    )
    placed = rows[list(fill(candidates, {_TIER: capacity}, thrift.hold, tells=False).tier_of)]
    wanted = placed[~is_here[placed]]
    wanted = wanted[np.argsort(-urgency(soon[wanted], bytes_of[wanted]), kind="stable")]
    leaves = is_here.copy()
    leaves[placed] = False
    leaves &= ~is_fixed
    drops = np.flatnonzero(leaves & stay)
    drops = drops[np.argsort(worths[drops], kind="stable")]
    return Plan(
        tuple(known[wanted].tolist()),
        tuple(known[drops].tolist()),
        tuple(known[leaves & ~stay].tolist()),
    )


def _spread(count: int, at: Numbers, values: Floats) -> Floats:
    found: Floats = np.zeros(count)
    found[at] = values
    return found
