"""What the household's own history makes likely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from projectionist.features.cache.models import WantRow
from projectionist.features.cache.prediction.catalogue import Catalogue, Kind, Title
from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.prediction.hazards import Why
from projectionist.features.cache.prediction.planning import (
    NOTHING,
    THRIFT,
    Outlook,
    look_ahead,
    stays,
)
from projectionist.features.cache.prediction.records import Past, Play, Wish
from projectionist.features.cache.wanting.choosing import EVERYBODY, Choices
from projectionist.features.cache.wanting.scoring import Mention, chance_of, prediction_points
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.library.service import Household, Watchable
from projectionist.media.vocabulary import ItemKind

MOST = 4000
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
    """Something that may be watched, by its number in the catalogue; `plays` are to be expected within some days."""

    number: int
    item_id: int
    plays: float


class Prediction:
    """What a forecast says now, for those whose history counts."""

    def __init__(self, forecast: Forecast, catalogue: Catalogue, choices: Choices, now: float) -> None:
        self._forecast, self._choices, self._now = forecast, choices, now
        self._ids = [int(title.item) for title in catalogue.titles]
        self._ahead = look_ahead(forecast, now)
        items, keep, month = self._ahead.items.tolist(), self._ahead.keep.tolist(), self._ahead.month.tolist()
        self._outlooks = {
            self._ids[item]: Outlook(*three)
            for item, *three in zip(items, self._ahead.soon.tolist(), keep, month, strict=True)
        }

    def knows(self, account_id: int) -> bool:
        """Whether the history of an account is thought of."""
        return self._choices.counts(Source.PREDICTION, account_id)

    def outlook(self, item_id: int) -> Outlook:
        """The plays to expect of an item; none where nothing is known to speak for it."""
        return self._outlooks.get(item_id, NOTHING)

    def likely(self) -> list[Likely]:
        """All that may stay on a fast disk, the likeliest first."""
        ahead = self._ahead
        _, [plain] = self._forecast.expected(self._now, THRIFT.keep_days)
        order = np.lexsort((ahead.items, -ahead.keep))
        first = order[stays(ahead.month)[order]][:MOST]
        return [
            Likely(number, self._ids[number], plays)
            for number, plays in zip(ahead.items[first].tolist(), plain[first].tolist(), strict=True)
        ]

    def mention(self, one: Likely, names: Mapping[int, str]) -> Mention:
        """What speaks for it."""
        score = self._forecast.score(self._now, one.number, THRIFT.keep_days)
        top = score.terms[0] if score.terms else None
        account = int(top.user) if top is not None and top.user else EVERYBODY
        reason = "" if top is None else ": " + _WORDS[top.why].format(who=names.get(account, "somebody"))
        chance = min(99, max(1, round(100 * chance_of(one.plays))))
        why = f"it is {chance} % likely to be watched within {THRIFT.keep_days:g} days{reason}"
        return Mention(Source.PREDICTION, one.item_id, account, prediction_points(one.plays), why, 0.0)


def past_of(household: Household, wished: Sequence[WantRow], choices: Choices, now: datetime) -> Past:
    """A household's past as the prediction wants it, in one pass; accounts that do not count are left out.

    Servers tell when somebody reached an end, so a play began its own length before that.
    """
    catalogue = Catalogue.of([title_of(one) for one in household.watchables])
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
        length = length_of(catalogue, item)
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
    wishes = [
        wish
        for row in wished
        if row.source == Source.WATCHLIST
        and row.account_id in counted
        and (wish := wish_of(row, catalogue)) is not None
    ]
    return Past(catalogue, plays, sorted(wishes, key=lambda wish: wish.at), strangers)


def wish_of(row: WantRow, catalogue: Catalogue) -> Wish | None:
    """What is on a watchlist; None where the catalogue does not have it."""
    show = catalogue.show_number.get(str(row.item_id), -1)
    item = catalogue.number.get(str(row.item_id), catalogue.shows[show][0] if show >= 0 else -1)
    return Wish(row.first_at.timestamp(), str(row.account_id), item, show, True) if item >= 0 else None


def length_of(catalogue: Catalogue, item: int) -> float:
    """How long a play to the end lasts, in seconds."""
    return catalogue.titles[item].duration or _PLAY_S


def title_of(one: Watchable) -> Title:
    """A film or an episode for the catalogue, where it goes by its id."""
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
