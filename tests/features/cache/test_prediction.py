"""What is expected next, why, and what is worth its copy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.cache.households.watching import live
from projectionist.features.cache.prediction.catalogue import Catalogue, Title
from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.prediction.hazards import EDGES, GROUPS, SPANS, Hazards, Why, group
from projectionist.features.cache.prediction.planning import Thrift
from projectionist.features.cache.prediction.reasons import HOUSE, Reason, Reasons
from projectionist.features.cache.simulating.foreseen import plan
from tests.features.cache.pasts import DAY, GB, HOUR, film, show

WEEK = 7.0


class House:
    """A household that watches from beginning to end."""

    def __init__(self, *titles: Title) -> None:
        self.titles = list(titles)
        self.catalogue = Catalogue.of(self.titles)
        self.forecast = Forecast(self.catalogue)
        for item, title in enumerate(self.titles):
            if title.added_at <= 0:
                self.forecast.added(title.added_at, item)

    def plays(self, at: float, user: str, name: str, *, finishes: bool = True) -> None:
        item = self.catalogue.number[name]
        self.forecast.started(at, user, item)
        self.forecast.ended(at + HOUR, user, item, 1800, finishes)

    def points(self, at: float, name: str, days: float = WEEK) -> float:
        return self.forecast.score(at, self.catalogue.number[name], days).points

    def whys(self, at: float, name: str) -> list[tuple[Why, str]]:
        return [
            (term.why, term.user) for term in self.forecast.score(at, self.catalogue.number[name], WEEK).terms
        ]


def test_the_next_episode_is_likeliest_and_each_further_one_less() -> None:
    house = House(*show("a", 12), *show("b", 3, added=-999 * DAY))
    house.plays(0, "ann", "a1")
    points = [house.points(DAY, f"a{number}") for number in range(2, 10)]
    assert points == sorted(points, reverse=True)
    assert points[0] > 50
    assert house.points(DAY, "b2") == 0
    assert house.whys(DAY, "a2") == [(Why.NEXT, "ann")]


def test_what_was_left_is_likely_and_less_so_as_time_goes_by() -> None:
    house = House(film("f"))
    house.plays(0, "ann", "f", finishes=False)
    assert house.whys(DAY, "f") == [(Why.RESUME, "ann")]
    assert house.points(DAY, "f") > house.points(30 * DAY, "f") > 0


def test_an_episode_that_comes_weekly_is_expected_when_it_comes_and_not_before() -> None:
    house = House(*show("a", 4, added=-10 * DAY, weekly=True))
    house.forecast.added(-3 * DAY, 1)
    house.plays(0, "ann", "a2")
    assert house.points(DAY, "a3") == 0
    house.forecast.added(4 * DAY, 2)
    assert house.whys(4 * DAY, "a3") == [(Why.FRESH, "ann")]
    assert house.points(4 * DAY, "a3") > 50


def test_a_child_s_favourite_becomes_likelier_than_what_was_seen_once() -> None:
    house = House(film("favourite"), film("once"))
    house.plays(0, "kim", "once")
    for day in range(1, 8):
        house.plays(day * DAY, "kim", "favourite")
    assert house.points(8 * DAY, "favourite") > 3 * house.points(8 * DAY, "once") > 0


def test_the_points_of_a_score_are_the_sum_of_its_terms() -> None:
    house = House(*show("a", 4))
    house.plays(0, "ann", "a1")
    house.plays(HOUR, "ben", "a1")
    score = house.forecast.score(DAY, 1, WEEK)
    assert {term.user for term in score.terms} == {"ann", "ben"}
    assert sum(term.points for term in score.terms) == pytest.approx(score.points)
    assert 0 < score.points <= 100


def test_a_wish_makes_a_film_likelier_until_it_is_taken_back_or_watched() -> None:
    house = House(film("old", added=-900 * DAY))
    assert house.points(DAY, "old") == 0
    house.forecast.wished(DAY, "ann", 0, -1, True)
    assert house.whys(DAY, "old") == [(Why.WISHED, "ann")]
    house.forecast.wished(2 * DAY, "ann", 0, -1, False)
    assert house.points(2 * DAY, "old") == 0


def test_a_show_that_is_wished_for_begins_with_what_was_not_seen() -> None:
    house = House(*show("a", 5))
    house.plays(0, "ann", "a1")
    house.forecast.wished(DAY, "ann", -1, 0, True)
    assert Why.WISHED in [why for why, _ in house.whys(DAY, "a2")]
    assert Why.WISHED not in [why for why, _ in house.whys(DAY, "a1")]


def test_what_came_lately_is_expected_until_somebody_watched_it() -> None:
    house = House(film("f", added=-DAY))
    assert house.whys(0, "f") == [(Why.NEW, "")]
    house.plays(0, "ann", "f")
    assert house.whys(DAY, "f") == [(Why.AGAIN, "")]


def test_a_show_watched_out_of_order_may_go_on_anywhere() -> None:
    house = House(*show("a", 40))
    for number, episode in enumerate((30, 4, 21, 9, 35)):
        house.plays(number * DAY, "kim", f"a{episode}")
    assert house.whys(5 * DAY, "a1") == [(Why.ELSEWHERE, "kim")]
    assert house.points(5 * DAY, "a30") != house.points(5 * DAY, "a1")
    steady = House(*show("a", 40))
    for number in range(1, 6):
        steady.plays(number * DAY, "kim", f"a{number}")
    assert steady.points(6 * DAY, "a30") == 0


def test_who_watched_one_episode_elsewhere_is_expected_back_where_they_left() -> None:
    house = House(*show("a", 40))
    house.plays(0, "kim", "a4")
    house.plays(5 * HOUR, "kim", "a30")
    assert house.whys(7 * HOUR, "a5") == [(Why.CATCH_UP, "kim")]
    assert (Why.NEXT, "kim") in house.whys(7 * HOUR, "a31")
    house.plays(10 * HOUR, "kim", "a5")
    assert (Why.NEXT, "kim") in house.whys(12 * HOUR, "a6")
    house.plays(15 * HOUR, "kim", "a20")
    for number in (21, 22, 23):
        house.plays(number * HOUR, "kim", f"a{number}")
    assert (Why.CATCH_UP, "kim") not in house.whys(25 * HOUR, "a6")


def test_habits_are_learned() -> None:
    """A household that never resumes a film is told from one that always does the next evening."""

    def points(films: int, *, resumes: bool) -> float:
        house = House(*(film(f"f{number}", added=-900 * DAY) for number in range(films + 1)))
        for number in range(films):
            house.plays(4 * number * DAY, "ann", f"f{number}", finishes=False)
            if resumes:
                house.plays((4 * number + 1) * DAY, "ann", f"f{number}")
        house.plays(4 * films * DAY, "ann", f"f{films}", finishes=False)
        return house.points((4 * films + 0.5) * DAY, f"f{films}", 1.0)

    assert 0.9 * points(0, resumes=False) > points(30, resumes=False)
    assert points(0, resumes=False) < 0.9 * points(30, resumes=True)


def test_nothing_learned_is_lost_where_a_reason_is_closed_between_two_lessons() -> None:
    def days(*lessons: float) -> float:
        hazards = Hazards.plausible()
        before = hazards.days.sum()
        reasons = Reasons(hazards)
        reasons.put("a", [Reason(0, group(Why.RESUME, 0), HOUSE, 0.0)], 0.0)
        for lesson in lessons:
            reasons.learn(lesson)
        reasons.take("a", 9 * DAY)
        for lesson in (9 * DAY, 12 * DAY):
            reasons.learn(lesson)
        return float(hazards.days.sum() - before)

    assert days() == pytest.approx(9)
    assert days(2 * DAY, 5 * DAY, 8 * DAY) == pytest.approx(9)


@given(st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 9), max_size=300), st.booleans())))
def test_what_is_open_is_what_was_put_last(steps: list[tuple[int, list[int], bool]]) -> None:
    """Rows are used again and again, and written at any time."""
    reasons, known = Reasons(Hazards.plausible()), dict[int, list[int]]()
    kind = group(Why.WISHED, 0)
    for now, (key, items, asks) in enumerate(steps):
        reasons.put(key, [Reason(item, kind, HOUSE, now * DAY) for item in items], now * DAY)
        known[key] = items
        if asks:
            there = [item for held in known.values() for item in held]
            found, [plays] = reasons.expected(now * DAY, 1.0)
            assert found.tolist() == sorted(set(there))
            assert (plays > 0).all()
            assert len(reasons) == len(there)
            assert all(len(reasons.of_item(item)) == there.count(item) for item in range(10))


def test_only_what_is_open_for_longer_than_its_group_lasts_is_old() -> None:
    reasons = Reasons(Hazards.plausible())
    new, wished = group(Why.NEW, 0), group(Why.WISHED, 0)
    days = np.full(GROUPS, np.inf)
    days[new] = 10
    reasons.put("old", [Reason(0, new, HOUSE, 0.0), Reason(1, new, HOUSE, 9 * DAY)], 9 * DAY)
    reasons.put("new", [Reason(2, new, HOUSE, DAY)], 9 * DAY)
    reasons.put("lasting", [Reason(3, wished, HOUSE, 0.0)], 9 * DAY)
    reasons.put("gone", [Reason(4, new, HOUSE, 0.0)], 9 * DAY)
    reasons.take("gone", 10 * DAY)
    assert reasons.older(days, 10 * DAY) == []
    assert reasons.older(days, 10.5 * DAY) == ["old"]
    assert reasons.older(days, 20 * DAY) == ["old", "new"]


@given(st.integers(0, GROUPS - 1), st.floats(0, 400), st.floats(0.01, 100), st.floats(0.01, 100))
def test_expectations_add_up_over_time(number: int, age: float, first: float, second: float) -> None:
    hazards = Hazards.plausible()
    groups = np.array([number])

    def expected(at: float, ahead: float) -> float:
        return float(hazards.expected(groups, np.array([at]), (ahead,))[0][0])

    assert expected(age, first) > 0
    assert expected(age, first) + expected(age + first, second) == pytest.approx(
        expected(age, first + second)
    )
    assert hazards.expected_of_one(number, age, first) == pytest.approx(expected(age, first))


def test_every_span_and_group_has_a_rate() -> None:
    assert len(Hazards.plausible().rates) == GROUPS * SPANS == GROUPS * len(EDGES)
    assert {group(Why.RESUME, 9), group(Why.RESUME, 1)} == {group(Why.RESUME, 1)}


def planned(
    house: House, at: float, held: set[int], kept: set[int], capacity: int
) -> tuple[set[int], tuple[int, ...]]:
    sizes = np.array(house.catalogue.sizes, dtype=np.float64)
    made = plan(house.forecast, at, sizes, held, kept, capacity, Thrift())
    return set(made.copies), made.drops


def test_the_next_episodes_are_copied_and_what_nobody_expects_leaves_first() -> None:
    house = House(*show("a", 12), film("old", added=-900 * DAY))
    house.plays(0, "ann", "a1")
    sizes = np.array(house.catalogue.sizes, dtype=np.float64)
    made = plan(house.forecast, DAY, sizes, {12, 0}, set(), 4 * GB)
    assert set(made.copies) == {1, 2, 3, 4}
    assert (made.drops, made.unexpected) == ((0,), (12,))


def test_what_is_kept_stays_and_its_room_is_taken() -> None:
    house = House(*show("a", 12), film("old", added=-900 * DAY))
    house.plays(0, "ann", "a1")
    copies, drops = planned(house, DAY, {12}, {12}, 2 * GB)
    assert copies == {1}
    assert drops == ()


def test_what_is_kept_leaves_no_room_for_others_though_it_is_worth_less() -> None:
    house = House(*show("a", 12))
    house.plays(0, "ann", "a1")
    assert planned(house, DAY, {8}, {8}, GB) == (set(), ())


def test_what_is_to_come_is_not_dropped_for_what_is_hardly_better() -> None:
    house = House(*show("a", 12), *show("b", 12))
    house.plays(0, "ann", "a1")
    house.plays(60, "ben", "b1")
    held = {1, 2, 3, 4}
    copies, _ = planned(house, DAY, held, set(), 4 * GB)
    assert 12 + 4 not in copies


@given(st.integers(0, 30), st.integers(0, 300 * GB), st.data())
def test_a_plan_always_fits(seed: int, capacity: int, data: st.DataObject) -> None:
    past = live(seed, users=2, days=15, size=6e11)
    sizes = np.array(past.catalogue.sizes, dtype=np.float64)
    forecast = Forecast(past.catalogue)
    for item, added in enumerate(past.catalogue.added):
        if added <= past.plays[0].at:
            forecast.added(added, item)
    for play in past.plays:
        forecast.started(play.at, play.user, play.item)
        forecast.ended(play.at + 60, play.user, play.item, play.position, play.finished)
    held, used = set(), 0.0
    for item in data.draw(st.lists(st.integers(0, len(sizes) - 1), unique=True, max_size=40)):
        if used + sizes[item] <= capacity:
            held.add(item)
            used += sizes[item]
    kept = {item for item in held if data.draw(st.booleans())}
    made = plan(forecast, past.plays[-1].at + DAY, sizes, held, kept, capacity)
    after = (held - set(made.drops) - set(made.unexpected)) | set(made.copies)
    assert sum(sizes[item] for item in after) <= capacity
    assert kept <= after
    assert not held & set(made.copies)
    assert {*made.drops, *made.unexpected} <= held
    assert not set(made.drops) & set(made.unexpected)
