"""What a household will watch next, from what it has watched: told play by play, asked at any time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from projectionist.features.cache.prediction.catalogue import Catalogue, Kind
from projectionist.features.cache.prediction.hazards import (
    AHEAD,
    DAY_S,
    WHYS,
    Floats,
    Hazards,
    Numbers,
    Why,
    ahead_step,
    group,
)
from projectionist.features.cache.prediction.reasons import HOUSE, Reason, Reasons
from projectionist.features.cache.prediction.records import LEAST_WATCHED_S, Play, Wish

LEARN_EVERY_S = DAY_S / 4
_LEARN_PAST_EVERY_S = DAY_S
"""The same where a whole history is told at once: rates that years of days make hardly change within one."""
_FORGET_EVERY_S = 15 * DAY_S
NEW_FOR_DAYS = 150.0
"""What came longer ago and was never begun speaks for nothing."""
_AGAIN_FOR_DAYS = 540.0
_LASTING: Floats = np.array(
    [{Why.NEW: NEW_FOR_DAYS, Why.AGAIN: _AGAIN_FOR_DAYS}.get(why, np.inf) for why in WHYS]
)
"""For how many days a reason of each group is thought of."""
_HALF_LIFE_S = 14 * DAY_S
_WEEK_S = 7 * DAY_S
_CATCH_UP = 3
_NEW_EPISODES = 2
_WISHED_EPISODES = 3
_WHOLE_SHOW = 200
_ROVES = 0.5
_SETTLED = 3


@dataclass(slots=True)
class _Course:
    """A user's way through a show."""

    last: int
    """The item played last."""
    furthest: int
    """The furthest item finished; that played last before anything is."""
    at: float
    furthest_at: float
    recent: deque[float] = field(default_factory=deque)
    """When episodes were begun in the last week."""
    jumps: float = 0.0
    """How many of the last plays went elsewhere than on, fading by a tenth with each play."""
    left_at: int | None = None
    """The item from which this user went elsewhere last, to come back to what follows it."""
    since: int = 0
    """Plays that went on, since."""


@dataclass(slots=True)
class _User:
    number: int
    finished: set[int] = field(default_factory=set)
    courses: dict[int, _Course] = field(default_factory=dict)
    plays: float = 2.0
    again: float = 0.3
    """Plays, and how many of them were of what this user had finished before."""


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a score: points, for a reason of somebody's that arose at `since`; `user` is empty for all."""

    points: float
    why: Why
    user: str
    since: float


@dataclass(frozen=True, slots=True)
class Score:
    """How likely an item is to be watched within the days asked for, 0 to 100, and why."""

    points: float
    terms: tuple[Term, ...]


class Forecast:
    """The household's habits so far.

    It is told of additions, plays and wishes in the order of time (seconds since 1970), and knows nothing else.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._hazards = Hazards.plausible()
        self._reasons = Reasons(self._hazards)
        self._users: dict[str, _User] = {}
        self._fond: dict[int, tuple[float, float]] = {}
        """How often an item was finished, fading by half in two weeks, and when that was."""
        self._played: set[int] = set()
        self._shows_begun: set[int] = set()
        self._followers: dict[int, set[str]] = {}
        self._additions: deque[tuple[float, int]] = deque()
        self._learned = self._forgot = -math.inf
        self._learn_every_s = LEARN_EVERY_S

    @classmethod
    def of(cls, catalogue: Catalogue, plays: Sequence[Play], wishes: Sequence[Wish], now: float) -> Forecast:
        """The habits that follow from what a history says of the time before `now`; its lists are sorted by time."""
        made = cls(catalogue)
        made._learn_every_s = _LEARN_PAST_EVERY_S
        first = min(now, plays[0].at) if plays else now
        told = [
            (at, 0, item)
            for item, at in enumerate(catalogue.added)
            if at < now
            and first - at <= NEW_FOR_DAYS * DAY_S  # what is older as all begins, speaks for nothing
        ]
        told += [(wish.at, 1, index) for index, wish in enumerate(wishes) if wish.at < now]
        left: dict[tuple[str, int], float] = {}
        ended: set[int] = set()
        for index, play in enumerate(plays):
            if play.at < now:
                begun = left.pop((play.user, play.item), 0.0)
                end = play.at + max(LEAST_WATCHED_S, play.position - begun)
                told.append((play.at, 3, index))
                if end < now:
                    told.append((end, 2, index))
                    ended.add(index)
                if not play.finished:
                    left[play.user, play.item] = play.position
        for at, what, index in sorted(told):
            if what == 0:
                made.added(at, index)
            elif what == 1:
                wish = wishes[index]
                made.wished(at, wish.user, wish.item, wish.show, wish.added)
            elif what == 2:
                play = plays[index]
                made.ended(at, play.user, play.item, play.position, play.finished)
            else:
                # what follows is opened anew as it ends; in between nobody asks
                made.started(at, plays[index].user, plays[index].item, follow=index not in ended)
        made._learn_every_s = LEARN_EVERY_S
        return made

    def added(self, now: float, item: int) -> None:
        """An item is in the library from now on; its own date says since when."""
        show = self._catalogue.show_of[item]
        if show >= 0:
            for user in self._followers.get(show, ()):
                self._follow(now, user, show)
        self._additions.append((now, item))

    def started(self, now: float, user: str, item: int, *, follow: bool = True) -> None:
        """Somebody begins to watch; what follows from that becomes likely at once, unless it is not to `follow`."""
        self._keep_up(now)
        who = self._users.setdefault(user, _User(len(self._users)))
        self._reasons.credit(item, self._keys(user, item), now)
        who.plays += 1
        who.again += item in who.finished
        self._played.add(item)
        self._reasons.take((Why.NEW, item), now)
        self._reasons.take((Why.RESUME, user, item), now)
        show = self._catalogue.show_of[item]
        if show < 0:
            return
        self._shows_begun.add(show)
        self._reasons.take((Why.NEW, "show", show), now)
        self._reasons.take((Why.WISHED, user, "show", show), now)
        self._followers.setdefault(show, set()).add(user)
        course = who.courses.get(show)
        if course is None:
            course = who.courses[show] = _Course(item, item, now, now)
        went_on = (
            course.at == now or 0 <= self._catalogue.place[item] - self._catalogue.place[course.last] <= 1
        )
        course.jumps = 0.9 * course.jumps + (not went_on and item not in who.finished)
        self._note_way(course, item, went_on=went_on)
        course.last, course.at = item, now
        while course.recent and course.recent[0] < now - _WEEK_S:
            course.recent.popleft()
        course.recent.append(now)
        if follow:
            self._follow(now, user, show)

    def _keys(self, user: str, item: int) -> tuple[Hashable, ...]:
        """All under which a reason may be open why a user watches an item."""
        show = self._catalogue.show_of[item]
        of_item = ((Why.NEW, item), (Why.AGAIN, item), (Why.RESUME, user, item), (Why.WISHED, user, item))
        of_show = ((Why.NEW, "show", show), (Why.NEXT, user, show), (Why.WISHED, user, "show", show))
        return of_item if show < 0 else (*of_item, *of_show)

    def _note_way(self, course: _Course, item: int, *, went_on: bool) -> None:
        """Remember where a user went elsewhere, until they are back or have settled there."""
        course.since = course.since + 1 if went_on else 0
        if course.left_at is None:
            course.left_at = None if went_on else course.last
            return
        place = self._catalogue.place
        is_back = 0 <= place[item] - place[course.left_at] <= 1
        if is_back or course.since >= _SETTLED:
            course.left_at = None

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        """Somebody stops watching, at `position` seconds."""
        who = self._users[user]
        catalogue = self._catalogue
        show = catalogue.show_of[item]
        course = who.courses.get(show)
        if course is not None and course.last == item:
            course.at = now
        if not finished:
            if position > 0:
                kind = group(Why.RESUME, int(show >= 0))
                self._reasons.put((Why.RESUME, user, item), [Reason(item, kind, who.number, now)], now)
        else:
            self._reasons.take((Why.RESUME, user, item), now)
            self._finish(now, who, item, course)
        if show >= 0:
            self._follow(now, user, show)

    def _finish(self, now: float, who: _User, item: int, course: _Course | None) -> None:
        who.finished.add(item)
        if course is not None and self._catalogue.place[item] >= self._catalogue.place[course.furthest]:
            course.furthest, course.furthest_at = item, now
        fond, at = self._fond.get(item, (0.0, now))
        fond = fond * 0.5 ** ((now - at) / _HALF_LIFE_S) + 1
        self._fond[item] = (fond, now)
        step = sum(fond > edge for edge in (1.02, 1.5, 2.1, 3.2, 5.0))
        share = who.again / who.plays
        kind = group(
            Why.AGAIN, step, (share > 0.15) + (share > 0.35), int(self._catalogue.show_of[item] >= 0)
        )
        self._reasons.put((Why.AGAIN, item), [Reason(item, kind, HOUSE, now)], now)

    def wished(self, now: float, user: str, item: int, show: int, added: bool) -> None:
        """Somebody put an item (or, where `show` is not -1, a show) on their watchlist, or took it off."""
        who = self._users.setdefault(user, _User(len(self._users)))
        whole = show if show >= 0 else self._catalogue.show_of[item]
        key = (Why.WISHED, user, "show", whole) if whole >= 0 else (Why.WISHED, user, item)
        if not added:
            self._reasons.take(key, now)
            return
        items = [item] if whole < 0 else self._catalogue.present(whole, 0, _WISHED_EPISODES, now)
        fresh = [one for one in items if one not in who.finished]
        kinds = [group(Why.WISHED, 0 if whole < 0 else 1 + (ahead > 0)) for ahead in range(len(fresh))]
        self._reasons.put(
            key, [Reason(one, kind, who.number, now) for one, kind in zip(fresh, kinds, strict=True)], now
        )

    def expected(self, now: float, *ahead: float, begun: float = 1.0) -> tuple[Numbers, list[Floats]]:
        """The items that have any reason, and the plays to expect of each within each of `ahead` days.

        A play that goes on with what somebody has begun counts `begun` times.
        """
        self._keep_up(now)
        return self._reasons.expected(now, *ahead, begun=begun)

    def score(self, now: float, item: int, ahead: float) -> Score:
        """How likely somebody watches an item within `ahead` days, with the terms that make the points up."""
        self._keep_up(now)
        reasons = self._reasons.of_item(item)
        if not reasons:
            return Score(0.0, ())
        parts = [
            self._hazards.expected_of_one(one.group, max(0.0, now - one.since) / DAY_S, ahead)
            for one in reasons
        ]
        expected = sum(parts)
        points = 100 * (1 - math.exp(-expected))
        names = {who.number: name for name, who in self._users.items()} | {HOUSE: ""}
        terms = [
            Term(points * part / expected, WHYS[one.group], names[one.user], one.since)
            for one, part in zip(reasons, parts, strict=True)
        ]
        return Score(points, tuple(sorted(terms, key=lambda term: -term.points)))

    def _keep_up(self, now: float) -> None:
        """Take additions in, and learn from the hours that went by."""
        while self._additions:
            at, item = self._additions.popleft()
            self._introduce(at, now, item)
        if now - self._forgot >= _FORGET_EVERY_S:
            self._forget(now)
            self._forgot = now
        if now - self._learned >= self._learn_every_s:
            self._reasons.learn(now)
            self._learned = now

    def _introduce(self, at: float, now: float, item: int) -> None:
        catalogue = self._catalogue
        show = catalogue.show_of[item]
        if now - at > NEW_FOR_DAYS * DAY_S or item in self._played or show in self._shows_begun:
            return
        if catalogue.titles[item].kind is Kind.MOVIE:
            self._reasons.put((Why.NEW, item), [Reason(item, group(Why.NEW, 0), HOUSE, at)], now)
        elif (Why.NEW, "show", show) not in self._reasons:
            first = catalogue.present(show, 0, _NEW_EPISODES, now)
            rows = [Reason(one, group(Why.NEW, 1 + place), HOUSE, at) for place, one in enumerate(first)]
            self._reasons.put((Why.NEW, "show", show), rows, now)

    def _forget(self, now: float) -> None:
        """Close reasons so old that nothing is to be expected of them."""
        for key in self._reasons.older(_LASTING, now):
            self._reasons.take(key, now)

    def _follow(self, now: float, user: str, show: int) -> None:
        """Open what follows from a user's place in a show."""
        who, catalogue = self._users[user], self._catalogue
        course = who.courses[show]
        pace = sum(len(course.recent) > most for most in (1, 3, 8))
        rows = []
        for ahead, item in enumerate(catalogue.following(course.last, AHEAD, now), 1):
            if catalogue.added[item] > course.at:
                kind, since = group(Why.FRESH, ahead_step(ahead)), catalogue.added[item]
            else:
                kind = group(Why.NEXT, ahead_step(ahead), pace, int(item in who.finished))
                since = course.at
            rows.append(Reason(item, kind, who.number, since))
        if catalogue.place[course.furthest] > catalogue.place[course.last]:
            for place, item in enumerate(catalogue.following(course.furthest, _CATCH_UP, now)):
                rows.append(Reason(item, group(Why.CATCH_UP, place), who.number, course.furthest_at))
        if course.left_at is not None:
            there = {row.item for row in rows}
            next_one = (one for one in catalogue.following(course.left_at, 1, now) if one not in there)
            rows += [Reason(one, group(Why.CATCH_UP, 0), who.number, course.at) for one in next_one]
        if course.jumps >= _ROVES:
            rows += self._elsewhere(now, who, show, course, {row.item for row in rows})
        self._reasons.put((Why.NEXT, user, show), rows, now)

    def _elsewhere(self, now: float, who: _User, show: int, course: _Course, ahead: set[int]) -> list[Reason]:
        """The unseen rest of a show that is watched out of order; the more there is, the less each is worth."""
        there = self._catalogue.present(show, 0, _WHOLE_SHOW, now)
        rest = [one for one in there if one not in who.finished and one not in ahead and one != course.last]
        crowd = sum(len(rest) > most for most in (15, 30, 60))
        roving = sum(course.jumps > most for most in (1.2, 2.5))
        kind = group(Why.ELSEWHERE, roving, crowd)
        return [Reason(one, kind, who.number, course.at) for one in rest]
