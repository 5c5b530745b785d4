"""What was learned from a household's history, kept between two plans: only what is new is told.

A year of plays takes a second to learn from, what came since the last plan takes nothing. Everything is learned anew
where the past is not what it was: other accounts count, an item is another, or the history has grown backwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from projectionist.features.cache.models import WantRow
from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.forecast import NEW_FOR_DAYS, Forecast
from projectionist.features.cache.prediction.hazards import DAY_S
from projectionist.features.cache.wanting.choosing import Choices
from projectionist.features.cache.wanting.predicting import (
    Prediction,
    length_of,
    past_of,
    title_of,
    wish_of,
)
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.library.service import Household, Progress, Seen, Watchable

_LATE_S = 2 * DAY_S
"""What is told later than that has to be told in its turn."""
_PAUSE_S = 1800.0
"""Who goes on within that time goes on with the same play."""

_Whose = tuple[int, int]
"""An account and an item."""


@dataclass(slots=True)
class _Learned:
    """A forecast, and what it was told of."""

    counted: frozenset[int]
    catalogue: Catalogue
    forecast: Forecast
    watchables: dict[int, Watchable]
    listed: Sequence[Watchable]
    seen: set[Seen]
    progress: dict[_Whose, Progress]
    wished: dict[_Whose, WantRow]
    until: float


class Habits:
    """The household's habits, as far as they were learned."""

    def __init__(self) -> None:
        self._learned: _Learned | None = None

    def foresee(
        self, household: Household, named: Sequence[WantRow], choices: Choices, now: datetime
    ) -> Prediction:
        """What the history makes likely now, learned from whatever is new in it."""
        at = now.timestamp()
        counted = frozenset(one.id for one in household.viewers if choices.counts(Source.PREDICTION, one.id))
        known = self._learned
        if known is None or known.counted != counted or not _follow(known, household, named, at):
            past = past_of(household, named, choices, now)
            known = self._learned = _Learned(
                counted=counted,
                catalogue=past.catalogue,
                forecast=Forecast.of(past.catalogue, past.plays, past.wishes, at),
                watchables={one.id: one for one in household.watchables},
                listed=household.watchables,
                seen=set(household.history),
                progress=_unfinished(household),
                wished=_watchlists(named, counted),
                until=at,
            )
        return Prediction(known.forecast, known.catalogue, choices, at)


def _follow(known: _Learned, household: Household, named: Sequence[WantRow], now: float) -> bool:
    """Tell what is new; False where all has to be learned anew, and nothing was told then."""
    news = [one for one in household.history if one not in known.seen]
    fresh = [] if known.listed == household.watchables else _unknown(known, household.watchables)
    if fresh is None or now < known.until:
        return False
    if any(one.at.timestamp() < known.until - _LATE_S for one in news):
        return False
    _add(known, fresh, now)
    _tell_plays(known, news, _unfinished(household), now)
    _tell_wishes(known, _watchlists(named, known.counted), now)
    known.listed, known.until = household.watchables, now
    return True


def _unknown(known: _Learned, watchables: Sequence[Watchable]) -> list[Watchable] | None:
    """The items that are new; None where a known one is another now. What is listed no more harms nobody."""
    fresh = []
    for one in watchables:
        before = known.watchables.get(one.id)
        if before is None:
            fresh.append(one)
        elif before is not one and _nature(before) != _nature(one):
            return None
    return fresh


def _nature(one: Watchable) -> tuple[object, ...]:
    return one.kind, one.show_id, one.season, one.number, one.added_at


def _add(known: _Learned, fresh: Sequence[Watchable], now: float) -> None:
    catalogue = known.catalogue
    first = len(catalogue.titles)
    catalogue.append([title_of(one) for one in fresh])
    known.watchables.update((one.id, one) for one in fresh)
    for item in range(first, len(catalogue.titles)):
        if now - catalogue.added[item] < NEW_FOR_DAYS * DAY_S:
            known.forecast.added(now, item)


def _tell_plays(known: _Learned, news: Sequence[Seen], progress: dict[_Whose, Progress], now: float) -> None:
    """In the order of time, each play with its beginning, where that was not told before."""
    told = [(one.at.timestamp(), one.account_id, one.item_id, 0.0) for one in news]
    told += [
        (one.watched_at.timestamp(), *whose, one.position_ms / 1000)
        for whose, one in progress.items()
        if one.watched_at is not None and one != known.progress.get(whose)
    ]
    for at, account, item_id, position in sorted(told):
        item = known.catalogue.number.get(str(item_id))
        if item is None or account not in known.counted:
            continue
        ended, user = min(at, now), str(account)
        lasted = position or length_of(known.catalogue, item)
        if not _goes_on(known.progress.get((account, item_id)), ended, lasted):
            known.forecast.started(ended - lasted, user, item, follow=False)
        known.forecast.ended(ended, user, item, lasted, position == 0)
    known.seen.update(news)
    known.progress = progress


def _goes_on(before: Progress | None, ended: float, position: float) -> bool:
    """Whether what ended is still the play of which it was told before."""
    if before is None or before.watched_at is None:
        return False
    left = max(0.0, position - before.position_ms / 1000)
    return ended - before.watched_at.timestamp() <= left + _PAUSE_S


def _tell_wishes(known: _Learned, wished: Mapping[_Whose, WantRow], now: float) -> None:
    for whose in wished.keys() ^ known.wished.keys():
        row = wished.get(whose) or known.wished[whose]
        wish = wish_of(row, known.catalogue)
        if wish is not None:
            is_new = whose in wished
            known.forecast.wished(wish.at if is_new else now, wish.user, wish.item, wish.show, is_new)
    known.wished = dict(wished)


def _unfinished(household: Household) -> dict[_Whose, Progress]:
    return {(one.account_id, one.item_id): one for one in household.progress if one.position_ms > 0}


def _watchlists(named: Sequence[WantRow], counted: frozenset[int]) -> dict[_Whose, WantRow]:
    return {
        (row.account_id, row.item_id): row
        for row in named
        if row.source == Source.WATCHLIST and row.account_id in counted
    }
