from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.alerts.judging import State, Turn, judge
from projectionist.features.alerts.rules import BY_ID, RULES, in_words, sentence

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HALF = timedelta(seconds=30)
RULE = replace(
    BY_ID["processor"],
    lasting=timedelta(minutes=2),
    recovery=timedelta(minutes=1),
    cool_down=timedelta(minutes=10),
)

NEVER = State()


def run(
    values: Sequence[float | None], state: State = NEVER, at: datetime = NOON
) -> tuple[State, list[tuple[int, Turn]]]:
    told = []
    for number, value in enumerate(values):
        state, turn = judge(RULE, state, value, at + HALF * number)
        if turn is not None:
            told.append((number, turn))
    return state, told


def test_what_is_wrong_for_long_enough_is_told_once() -> None:
    _, told = run([0.9] * 15)
    assert told == [(4, Turn.BEGAN)]


def test_what_is_wrong_for_a_moment_only_is_not_told() -> None:
    _, told = run([0.9, 0.9, 0.9, 0.5, 0.9, 0.9, 0.9, 0.9])
    assert told == []


def test_it_is_told_when_it_is_well_again_for_long_enough() -> None:
    _, told = run([0.9] * 6 + [0.5, 0.9, 0.5, 0.5, 0.5])
    assert told == [(4, Turn.BEGAN), (10, Turn.ENDED)]


def test_within_the_cool_down_a_second_alert_is_told_only_once_it_is_over() -> None:
    _, told = run([0.9] * 5 + [0.5] * 3 + [0.9] * 30)
    assert told == [(4, Turn.BEGAN), (7, Turn.ENDED), (24, Turn.BEGAN)]


def test_a_second_alert_that_nobody_heard_of_ends_without_a_word() -> None:
    _, told = run([0.9] * 5 + [0.5] * 3 + [0.9] * 6 + [0.5] * 10)
    assert told == [(4, Turn.BEGAN), (7, Turn.ENDED)]


def test_what_is_not_known_begins_nothing_and_ends_nothing() -> None:
    state, _ = run([0.9] * 6)
    after, more = run([None] * 100, state, NOON + HALF * 6)
    assert (after, more) == (state, [])
    assert run([None] * 50)[1] == []


def test_after_a_night_of_which_nothing_is_known_what_is_wrong_is_told_after_its_time_only() -> None:
    state, _ = run([0.95])
    _, told = run([0.95] * 6, state, NOON + timedelta(hours=9))
    assert told == [(4, Turn.BEGAN)]


def test_after_such_a_night_one_good_value_ends_no_alert() -> None:
    state, _ = run([0.9] * 6 + [0.5])
    _, told = run([0.5] * 4, state, NOON + timedelta(hours=9))
    assert told == [(2, Turn.ENDED)]


def test_a_few_values_that_are_not_known_take_no_time_away() -> None:
    _, told = run([0.9, 0.9, None, None, 0.9])
    assert told == [(4, Turn.BEGAN)]


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    state, _ = run([0.9] * 6)
    _, told = run([0.5] * 4 + [0.9] * 40, state, NOON - timedelta(days=30))
    assert [turn for _, turn in told] == [Turn.ENDED, Turn.BEGAN]


@given(st.lists(st.sampled_from([0.1, 0.95, None]), max_size=120))
def test_alerts_begin_and_end_in_turn_and_never_begin_twice_within_the_cool_down(
    values: list[float | None],
) -> None:
    _, told = run(values)
    turns = [turn for _, turn in told]
    assert turns == [Turn.BEGAN, Turn.ENDED] * (len(turns) // 2) + [Turn.BEGAN] * (len(turns) % 2)
    begun = [number for number, turn in told if turn is Turn.BEGAN]
    assert all((later - sooner) * HALF >= RULE.cool_down for sooner, later in pairwise(begun))


def test_rules_say_what_happened_with_the_value_and_the_limit() -> None:
    assert sentence(BY_ID["disk"], 0.914) == "The disk with the data folder is at 91.4 %; the limit is 85 %."
    assert in_words(BY_ID["backup-old"], 50.2) == "50 h"
    for rule in RULES:
        for value in (0.0, 0.5, 7.0, float("inf")):
            assert "%(" not in sentence(rule, value)
    assert BY_ID["job-success"].is_wrong(0.9)
    assert not BY_ID["job-success"].is_wrong(0.95)
