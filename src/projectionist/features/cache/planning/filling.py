"""Filling the tiers with what is wanted most, so that what is there stays unless something better needs its room.

Whoever is worth more chooses first, and takes the first of its tiers that has room. What is there already is worth
`hold` times its score and keeps its tier. Doing again what was done gives the same: everything placed finds room
at its turn, for what came before it is a part of what was placed, and what found none finds none again, for those
before it have not become fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


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
class Candidate:
    """A film that is on a tier (`at`), or may come to one of `tiers`, in order.

    `is_fixed`: it stays where it is. `has_share`: what asks for it has not had its share of the room yet.
    """

    path: Path
    size: int
    worth: float
    library_id: int | None
    tiers: tuple[int, ...]
    at: int | None = None
    is_fixed: bool = False
    has_share: bool = True

    @property
    def turn(self) -> tuple[bool, bool, float, bool, Path]:
        """Who comes first."""
        return not self.is_fixed, not self.has_share, -self.worth, self.at is None, self.path


@dataclass(slots=True)
class Filled:
    """Which tier each path is to be on, and why the others are on none."""

    tier_of: dict[Path, int] = field(default_factory=dict)
    hindered: dict[Path, Hindrance] = field(default_factory=dict)


def fill(
    candidates: Iterable[Candidate],
    budgets: Mapping[int, int],
    caps: Mapping[int, int],
    closed: frozenset[int] = frozenset(),
) -> Filled:
    """Give each candidate a place, or say why it has none.

    `budgets` are the bytes that films may take on each tier, `caps` those of libraries; `closed` tiers keep what they
    hold, and take nothing new.
    """
    left, left_of = dict(budgets), dict(caps)
    filled = Filled()
    for one in sorted(candidates, key=lambda one: one.turn):
        tier = one.at if one.is_fixed else _tier_for(one, left, closed)
        hindrance = None if one.is_fixed else _capped(one, left_of)
        if hindrance is None and tier is None:
            hindrance = _hindrance(one, budgets, left, closed)
        if hindrance is not None or tier is None:
            filled.hindered[one.path] = hindrance or Hindrance.FULL
            continue
        filled.tier_of[one.path] = tier
        left[tier] -= one.size
        if one.library_id in left_of:
            left_of[one.library_id] -= one.size
    return filled


def _tier_for(one: Candidate, left: Mapping[int, int], closed: frozenset[int]) -> int | None:
    if one.at is not None and one.size <= left[one.at]:
        return one.at
    there = (tier for tier in one.tiers if tier in left and tier not in closed and tier != one.at)
    return next((tier for tier in there if one.size <= left[tier]), None)


def _capped(one: Candidate, left_of: Mapping[int, int]) -> Hindrance | None:
    most = None if one.library_id is None else left_of.get(one.library_id)
    return None if most is None or one.size <= most else Hindrance.LIBRARY


def _hindrance(
    one: Candidate, budgets: Mapping[int, int], left: Mapping[int, int], closed: frozenset[int]
) -> Hindrance:
    served = [tier for tier in one.tiers if tier in budgets]
    if not served:
        return Hindrance.NO_TIER
    if all(one.size > budgets[tier] for tier in served):
        return Hindrance.TOO_LARGE
    if any(tier in closed and one.size <= left[tier] for tier in served):
        return Hindrance.CLOSED
    return Hindrance.FULL
