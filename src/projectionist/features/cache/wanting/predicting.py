"""What the household's own history makes likely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from projectionist.features.cache.models import WantRow
from projectionist.features.cache.prediction.catalogue import Catalogue, Kind, Title
from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.prediction.hazards import Floats, Numbers, Why
from projectionist.features.cache.prediction.planning import THRIFT
from projectionist.features.cache.prediction.records import Past, Play, Wish
from projectionist.features.cache.wanting.choosing import EVERYBODY, Choices
from projectionist.features.cache.wanting.scoring import Mention, prediction_points
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.library.service import Household, Watchable
from projectionist.media.vocabulary import ItemKind

MOST = 2000
"""So many of the likeliest are named."""
_PLAY_S = 2400.0
"""How long a play is taken to last of what has no known length."""

_WORDS: Mapping[Why, str] = {
    Why.RESUME: "{who} left it unfinished",
    Why.NEXT: "{who} goes on with the show",
    Why.FRESH: "{who} follows the show, and it is new",
    Why.CATCH_UP: "{who} has gone back in the show",
    Why.ELSEWHERE: "{who} watches the show out of order",
    Why.AGAIN: "it is watched again and again",
    Why.NEW: "it is new",
    Why.WISHED: "{who} has wished for it",
}


@dataclass(frozen=True, slots=True)
class Likely:
    """Something that may be watched, by its number in the catalogue: the plays to expect of it.

    `plays` are those within the days by which a place is weighed. Within half a day (`soon`) and a month, going on
    with something counts as often as missing it matters more.
    """

    number: int
    item_id: int
    soon: float
    plays: float
    month: float


class Prediction:
    """A forecast over a household's history, for those whose history counts."""

    def __init__(
        self, household: Household, wished: Sequence[WantRow], choices: Choices, now: datetime
    ) -> None:
        self._now = now.timestamp()
        self._watchables = household.watchables
        past = past_of(household, wished, choices, now)
        self._forecast = Forecast.of(past.catalogue, past.plays, past.wishes, self._now)

    def likely(self) -> list[Likely]:
        """The likeliest, the first first."""
        days = (THRIFT.soon_days, THRIFT.keep_days, THRIFT.copy_days)
        items, (soon, keep, month) = self._forecast.expected(self._now, *days, begun=THRIFT.begun)
        _, [plain] = self._forecast.expected(self._now, THRIFT.keep_days)
        first = _highest(items, keep)[:MOST]
        return [
            Likely(
                number=int(items[at]),
                item_id=self._watchables[int(items[at])].id,
                soon=float(soon[at]),
                plays=float(plain[at]),
                month=float(month[at]),
            )
            for at in first
        ]

    def mention(self, one: Likely, size: int, names: Mapping[int, str]) -> Mention | None:
        """What speaks for a file of so many bytes; None where it would not pay for its copy."""
        chance = -float(np.expm1(-one.month))
        if chance < THRIFT.least or chance * THRIFT.bytes_per_hit < size:
            return None
        score = self._forecast.score(self._now, one.number, THRIFT.keep_days)
        top = score.terms[0] if score.terms else None
        account = int(top.user) if top is not None and top.user else EVERYBODY
        reason = "" if top is None else ": " + _WORDS[top.why].format(who=names.get(account, "somebody"))
        why = f"{one.plays:.2f} plays of it are expected within {THRIFT.keep_days:g} days{reason}"
        points = prediction_points(one.plays, size)
        return Mention(Source.PREDICTION, one.item_id, account, points, why, 60 * -float(np.expm1(-one.soon)))


def past_of(household: Household, wished: Sequence[WantRow], choices: Choices, now: datetime) -> Past:
    """A household's past as the prediction wants it, in one pass; accounts that do not count are left out.

    Servers tell when somebody reached an end, so a play began its own length before that.
    """
    catalogue = Catalogue.of([_title(one) for one in household.watchables])
    number = {one.id: at for at, one in enumerate(household.watchables)}
    counted = {one.id for one in household.viewers if choices.counts(Source.PREDICTION, one.id)}
    latest = now.timestamp()
    plays, strangers = [], 0
    for item_id, account_id, at in household.history:
        if account_id not in counted:
            continue
        item = number.get(item_id)
        if item is None:
            strangers += 1
            continue
        length = catalogue.titles[item].duration or _PLAY_S
        plays.append(Play(min(latest, at.timestamp()) - length, str(account_id), item, length, True))
    for one in household.progress:
        item = number.get(one.item_id)
        if (
            one.position_ms > 0
            and one.watched_at is not None
            and item is not None
            and one.account_id in counted
        ):
            position = one.position_ms / 1000
            began = min(latest, one.watched_at.timestamp()) - position
            plays.append(Play(began, str(one.account_id), item, position, False))
    plays.sort(key=lambda play: play.at)
    return Past(catalogue, plays, _wishes(wished, catalogue, number, counted), strangers)


def _wishes(
    wished: Sequence[WantRow], catalogue: Catalogue, number: Mapping[int, int], counted: set[int]
) -> list[Wish]:
    found = []
    for row in wished:
        if row.source != Source.WATCHLIST or row.account_id not in counted:
            continue
        show = catalogue.show_number.get(str(row.item_id), -1)
        item = number.get(row.item_id, catalogue.shows[show][0] if show >= 0 else -1)
        if item >= 0:
            found.append(Wish(row.first_at.timestamp(), str(row.account_id), item, show, True))
    return sorted(found, key=lambda wish: wish.at)


def _title(one: Watchable) -> Title:
    is_episode = one.kind == ItemKind.EPISODE and one.show_id is not None
    return Title(
        item=str(one.id),
        kind=Kind.EPISODE if is_episode else Kind.MOVIE,
        show=str(one.show_id) if is_episode else "",
        season=one.season or 0,
        episode=one.number or 0,
        size=0,
        duration=one.duration_ms / 1000,
        added_at=0.0 if one.added_at is None else one.added_at.timestamp(),
    )


def _highest(items: Numbers, worth: Floats) -> list[int]:
    order: list[int] = np.lexsort((items, -worth)).tolist()
    return order
