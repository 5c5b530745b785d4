"""Counting how often somebody did something, exactly, whoever else counts at the same moment.

One row per name, person and length of time; one upsert counts in it, so that nobody slips in between two processes,
and a restart forgets nothing. What is refused is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from projectionist.db import queries
from projectionist.db.engine import Database


@dataclass(frozen=True, slots=True)
class Rate:
    """How many in how long; the time begins with the first of them."""

    most: int
    span: timedelta


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking: how many were granted, and how the rate stands that ends first.

    `left` counts what remains in the database; `ends_at` is when that rate begins anew, and where nothing was
    granted, when to come back. Until `good_until` what was granted may be used, and what was refused stays so.
    """

    granted: int
    rate: Rate
    left: int
    ends_at: datetime
    good_until: datetime

    def wait_s(self, now: datetime) -> float:
        """Seconds until it begins anew, at least one."""
        return max(1.0, (self.ends_at - now).total_seconds())


def take(
    database: Database, name: str, who: str, rates: Sequence[Rate], now: datetime, wanted: int = 1
) -> Taken:
    """Count `wanted` more of `name` for `who` in every rate, or as many as all of them allow.

    Raises DatabaseUnusable.
    """
    with database.write() as session:
        counted = [(rate, *queries.count_more(session, name, who, rate.span, now, wanted)) for rate in rates]
        granted = max(0, min(wanted, *(rate.most - count + wanted for rate, count, _ in counted)))
        over = wanted - granted
        if over:
            queries.count_less(session, name, who, [rate.span for rate in rates], over)
    stand = [(rate, rate.most - count + over, starts_at + rate.span) for rate, count, starts_at in counted]
    spent = [one for one in stand if one[1] <= 0]
    if granted == 0 and spent:
        rate, _, ends_at = max(spent, key=lambda one: one[2])
        return Taken(0, rate, 0, ends_at, ends_at)
    rate, left, ends_at = min(stand, key=lambda one: (one[1], one[2]))
    return Taken(granted, rate, left, ends_at, min(one[2] for one in stand))


def count_in(session: Session, name: str, who: str, span: timedelta, now: datetime) -> int:
    """Count one more within a transaction of one's own; how many there are."""
    return queries.count_more(session, name, who, span, now, 1)[0]


def counted(database: Database, name: str, who: str, span: timedelta, now: datetime) -> int:
    """How many of `name` were counted for `who` in the time that runs. Raises DatabaseUnusable."""
    with database.read() as session:
        row = queries.count_of(session, name, who, span)
    return row.count if row is not None and row.starts_at - span < now < row.starts_at + span else 0


def sweep(database: Database, now: datetime, longest: timedelta = timedelta(days=1)) -> None:
    """Take out what nobody counts any more. Raises DatabaseUnusable."""
    with database.write() as session:
        queries.remove_counts_before(session, now - longest)
