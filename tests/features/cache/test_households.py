"""Made-up households: the same for the same seed, and plausible by themselves."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from bench.foresight import OTHERS, REPORTED, TUNED_ON
from projectionist.features.cache.households.people import Mix
from projectionist.features.cache.households.watching import live
from projectionist.features.cache.prediction.catalogue import Kind
from projectionist.features.cache.simulating.replay import PlayKind, Viewers
from tests.features.cache.pasts import DAY


def test_a_seed_gives_one_household() -> None:
    one, same, other = live(7, days=30), live(7, days=30), live(8, days=30)
    assert one == same
    assert one.plays != other.plays


@pytest.mark.parametrize("mix", list(Mix))
def test_nobody_plays_what_is_not_there_or_two_things_at_once(mix: Mix) -> None:
    past = live(3, days=120, mix=mix)
    assert past.plays
    left: dict[tuple[str, int], float] = {}
    until: dict[str, float] = {}
    for play in past.plays:
        title = past.catalogue.titles[play.item]
        assert play.at >= title.added_at
        assert play.at >= until.get(play.user, 0.0) - 2
        begun = left.pop((play.user, play.item), 0.0)
        until[play.user] = play.at + max(60.0, play.position - begun)
        if not play.finished:
            left[play.user, play.item] = play.position
        assert 0 < play.position <= title.duration + 60


def test_a_library_is_as_large_as_asked_and_mostly_films_by_bytes() -> None:
    past = live(4, days=1, size=35e12)
    sizes = past.catalogue.sizes
    films = sum(title.size for title in past.catalogue.titles if title.kind is Kind.MOVIE)
    assert 35e12 <= sum(sizes) < 35.5e12
    assert 0.5 < films / sum(sizes) < 0.6
    assert len(live(4, days=1, items=20_000).catalogue.titles) < 20_300


def test_a_year_holds_every_way_of_watching() -> None:
    kinds: Counter[PlayKind] = Counter()
    weekdays: Counter[int] = Counter()
    hours: Counter[int] = Counter()
    unfinished = 0
    for seed in (21, 22, 23):
        past = live(seed)
        viewers = Viewers(past.catalogue)
        assert 900 < len(past.plays) < 6000
        for play in past.plays:
            kinds[viewers.kind(play.user, play.item)] += 1
            viewers.start(play.user, play.item)
            viewers.end(play.user, play.item, play.position, play.finished)
            weekdays[int(play.at // DAY + 3) % 7] += 1
            hours[int(play.at % DAY // 3600)] += 1
            unfinished += not play.finished
    plays = sum(kinds.values())
    assert 0.4 < kinds[PlayKind.CONTINUATION] / plays < 0.85
    assert 0.05 < kinds[PlayKind.REWATCH] / plays < 0.5
    assert 0.04 < kinds[PlayKind.FIRST] / plays < 0.3
    assert 0.02 < unfinished / plays < 0.15
    assert weekdays[5] > weekdays[1]
    assert sum(hours[one] for one in range(18, 24)) > plays / 2


def test_a_weekly_show_comes_week_by_week() -> None:
    past = live(4, days=365)
    weekly = 0
    for episodes in past.catalogue.shows:
        dates = [past.catalogue.added[item] for item in episodes]
        weekly += any(abs(later - earlier - 7 * DAY) < 2 for earlier, later in pairwise(dates))
        assert dates == sorted(dates)
    assert weekly > 20


def test_seeds_that_were_tuned_on_are_not_reported() -> None:
    assert not {*TUNED_ON} & {*REPORTED, *OTHERS}
