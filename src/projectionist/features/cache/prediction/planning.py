"""What a place on the fast disk is worth to a file, and what a copy of it must promise.

The plan that runs and the one that is simulated both go by this, and by nothing else: worth is the chance that
somebody plays a file within the days ahead, for each byte that it takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.prediction.hazards import Floats, Numbers

Marks = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Thrift:
    """What a copy must promise. Days and bytes are those of expectation, so more of either copies more.

    `keep_days` is how far ahead an item's place is weighed, `copy_days` how far ahead a copy has to pay,
    `bytes_per_hit` what may be copied for one expected hit, `hold` how many times better what comes must be than what
    leaves for it, `least` what must be expected at least of a copy, `leave` of what is there, where nobody needs its
    room, `soon_days` what orders the copies, and `begun` how much more it matters that somebody can go on with what
    they have begun.
    """

    keep_days: float = 3
    copy_days: float = 30
    bytes_per_hit: float = 100e9
    hold: float = 1.5
    least: float = 0.02
    leave: float = 0.005
    soon_days: float = 0.5
    begun: float = 8


THRIFT = Thrift()


class Outlook(NamedTuple):
    """The plays to expect of an item within half a day, within the days that weigh its place, and within a month.

    Going on with what somebody has begun counts as often as missing it matters more.
    """

    soon: float
    keep: float
    month: float

    def __add__(self, other: object) -> Outlook:
        """The plays of both."""
        if not isinstance(other, Outlook):
            return NotImplemented
        return Outlook(self.soon + other.soon, self.keep + other.keep, self.month + other.month)


NOTHING = Outlook(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Outlooks:
    """The same for many items, by their numbers."""

    items: Numbers
    soon: Floats
    keep: Floats
    month: Floats


def look_ahead(forecast: Forecast, now: float, thrift: Thrift = THRIFT) -> Outlooks:
    """What a forecast says of all that has any reason."""
    days = (thrift.soon_days, thrift.keep_days, thrift.copy_days)
    items, (soon, keep, month) = forecast.expected(now, *days, begun=thrift.begun)
    return Outlooks(items, soon, keep, month)


def worth(keep: Floats, sizes: Floats) -> Floats:
    """The chance of a play for each byte, where so many are expected within the days that weigh a place."""
    found: Floats = -np.expm1(-keep) / np.maximum(sizes, 1.0)
    return found


def pays(month: Floats, sizes: Floats, thrift: Thrift = THRIFT) -> Marks:
    """Whether the plays to expect within the month are worth copying so many bytes."""
    chance = -np.expm1(-month)
    found: Marks = (chance * thrift.bytes_per_hit >= sizes) & (chance >= thrift.least)
    return found


def stays(month: Floats, thrift: Thrift = THRIFT) -> Marks:
    """Whether what is there may stay while nobody needs its room."""
    found: Marks = -np.expm1(-month) >= thrift.leave
    return found


def urgency(soon: Floats, sizes: Floats) -> Floats:
    """What orders copies: the plays to expect within half a day for each byte."""
    found: Floats = soon / np.maximum(sizes, 1.0)
    return found
