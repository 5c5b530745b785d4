"""Filling the tiers with what is worth its place most, so that what is there stays unless something better needs it.

This is the rule of the plan that runs and of the one that is simulated. Whoever is worth more chooses first, and takes
the first of its tiers that has room. What is there already is worth `hold` times as much and keeps its tier. Doing
again what was done gives the same: everything placed finds room at its turn, for what came before it is a part of what
was placed, and what found none finds none again, for those before it have not become fewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

import numpy as np

from projectionist.features.cache.prediction.hazards import Floats
from projectionist.features.cache.prediction.planning import Marks

NOWHERE = -1
"""The tier of what is on none, and the library of what is in none."""


class Hindrance(StrEnum):
    """Why something has no place."""

    LIBRARY = "library"
    """The cap of its library is used up."""
    NO_TIER = "no_tier"
    """No tier serves its folder."""
    TOO_LARGE = "too_large"
    """It is larger than all that any of its tiers may hold."""
    CLOSED = "closed"
    """Those of its tiers that have room take nothing now."""
    FULL = "full"
    """What is wanted more takes the room."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is on a tier or may come to one, in columns.

    `worths` are infinite for what comes before everything; what stays where it is in any case is `fixed`. `at` is
    the tier where something is, `tiers` are those where it may be, in order. `has_share`: what asks for it has not
    had its share of the room yet. Of equals the first in the columns comes first.
    """

    sizes: Sequence[int]
    worths: Floats
    at: Sequence[int]
    tiers: Sequence[tuple[int, ...]]
    fixed: Marks
    libraries: Sequence[int]
    has_share: Marks


@dataclass(slots=True)
class Filled:
    """Which tier each candidate is to be on, by its number, and why the others are on none."""

    tier_of: dict[int, int] = field(default_factory=dict)
    hindered: dict[int, Hindrance] = field(default_factory=dict)


def turns(candidates: Candidates, hold: float) -> list[int]:
    """The numbers of the candidates, who comes first first."""
    is_new = np.fromiter((at == NOWHERE for at in candidates.at), np.bool_, len(candidates.at))
    worths = np.where(is_new, candidates.worths, candidates.worths * hold)
    order: list[int] = np.lexsort((is_new, -worths, ~candidates.has_share, ~candidates.fixed)).tolist()
    return order


def fill(
    candidates: Candidates,
    budgets: Mapping[int, int],
    hold: float,
    caps: Mapping[int, int] = {},
    closed: frozenset[int] = frozenset(),
    *,
    tells: bool = True,
) -> Filled:
    """Give each candidate a place, or say why it has none.

    `budgets` are the bytes that films may take on each tier, `caps` those of libraries; `closed` tiers keep what they
    hold, and take nothing new. Who does not ask it to tell why, and has one tier for all and no caps, is answered
    faster.
    """
    left, left_of, filled = dict(budgets), dict(caps), Filled()
    sizes, at, tiers, libraries = candidates.sizes, candidates.at, candidates.tiers, candidates.libraries
    fixed = candidates.fixed.tolist()
    order = turns(candidates, hold)
    if not tells:
        order = _all_that_fit(order, sizes, left, filled)
    least = [] if tells else _least_to_come([sizes[one] for one in order])
    for turn, one in enumerate(order):
        size, library = sizes[one], libraries[one]
        if fixed[one]:
            tier: int = at[one]
        elif library in left_of and size > left_of[library]:
            filled.hindered[one] = Hindrance.LIBRARY
            continue
        else:
            tier = _tier_for(size, at[one], tiers[one], left, closed)
        if tier == NOWHERE:
            if not tells and least[turn] > max(left.values(), default=0):
                break
            filled.hindered[one] = _hindrance(size, tiers[one], budgets, left, closed)
            continue
        filled.tier_of[one] = tier
        left[tier] -= size
        if library in left_of:
            left_of[library] -= size
    return filled


def _all_that_fit(order: list[int], sizes: Sequence[int], left: dict[int, int], filled: Filled) -> list[int]:
    """Place those before the first that finds no room on the one tier; the others are left."""
    [(tier, room)] = left.items()
    taken = np.cumsum(np.array(sizes, dtype=np.int64)[order])
    count = int(np.searchsorted(taken, room, side="right"))
    filled.tier_of.update(dict.fromkeys(order[:count], tier))
    if count:
        left[tier] -= int(taken[count - 1])
    return order[count:]


def _least_to_come(sizes: Sequence[int]) -> list[int]:
    """The smallest from each place on."""
    found = list(accumulate(reversed(sizes), min))
    found.reverse()
    return found


def _tier_for(
    size: int, at: int, tiers: tuple[int, ...], left: Mapping[int, int], closed: frozenset[int]
) -> int:
    if at != NOWHERE and size <= left[at]:
        return at
    for tier in tiers:
        if tier != at and tier in left and tier not in closed and size <= left[tier]:
            return tier
    return NOWHERE


def _hindrance(
    size: int,
    tiers: tuple[int, ...],
    budgets: Mapping[int, int],
    left: Mapping[int, int],
    closed: frozenset[int],
) -> Hindrance:
    served = [tier for tier in tiers if tier in budgets]
    if not served:
        return Hindrance.NO_TIER
    if all(size > budgets[tier] for tier in served):
        return Hindrance.TOO_LARGE
    if any(tier in closed and size <= left[tier] for tier in served):
        return Hindrance.CLOSED
    return Hindrance.FULL
