from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.metrics.rolling import (
    FINER,
    KEPT,
    RAW_S,
    Sample,
    Step,
    end_of,
    roll,
    start_of,
    together,
    with_gaps,
)

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
MOMENTS = st.integers(1577836800, 2208988800).map(lambda second: datetime.fromtimestamp(second, UTC))
MEASURES = st.dictionaries(
    st.sampled_from("abc"),
    st.tuples(st.integers(1, 5), st.integers(0, 1000).map(float), st.integers(0, 1000).map(float)),
)


@given(MOMENTS, st.sampled_from(Step))
def test_every_moment_is_in_one_step_and_steps_follow_each_other(moment: datetime, step: Step) -> None:
    start = start_of(step, moment)
    end = end_of(step, start)
    assert start <= moment < end
    assert start_of(step, start) == start
    assert start_of(step, end) == end


@given(st.lists(MEASURES, max_size=8), st.integers(0, 8))
def test_in_whatever_parts_samples_are_put_together_they_come_to_the_same(
    samples: list[dict[str, tuple[int, float, float]]], cut: int
) -> None:
    whole = together(samples)
    assert together([together(samples[:cut]), together(samples[cut:])]) == whole
    for name, (count, total, most) in whole.items():
        held = [sample[name] for sample in samples if name in sample]
        assert count == sum(one[0] for one in held)
        assert total == sum(one[1] for one in held)
        assert most == max(one[2] for one in held)


def test_weeks_begin_on_monday_and_months_on_their_first() -> None:
    moment = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)  # a Sunday
    assert start_of(Step.WEEK, moment) == datetime(2026, 2, 23, tzinfo=UTC)
    assert end_of(Step.MONTH, start_of(Step.MONTH, moment)) == datetime(2026, 4, 1, tzinfo=UTC)


def test_a_step_that_is_not_over_is_not_made_yet() -> None:
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    finer = [Sample(noon + timedelta(seconds=RAW_S * number), {"a": (1, 1.0, 1.0)}) for number in range(15)]
    made = roll(Step.FIVE_MINUTES, finer, noon + timedelta(minutes=7, seconds=30))
    assert made == [Sample(noon, {"a": (10, 10.0, 1.0)})]


def test_every_step_is_kept_until_the_coarser_one_is_made_of_it() -> None:
    for step, finer in FINER.items():
        start = datetime(2026, 1, 1, tzinfo=UTC)
        assert KEPT[finer] > end_of(step, start_of(step, start)) - start_of(step, start)


@given(
    st.lists(st.integers(0, 2000), unique=True).map(sorted),
    st.sampled_from([Step.RAW, Step.FIVE_MINUTES, Step.HOUR]),
)
def test_a_gap_stands_where_more_than_two_and_a_half_steps_have_no_sample(
    places: list[int], step: Step
) -> None:
    length = end_of(step, start_of(step, BEGAN)) - start_of(step, BEGAN)
    samples = [Sample(start_of(step, BEGAN) + place * length, {"a": (1, 1.0, 1.0)}) for place in places]
    drawn = with_gaps(samples, step)
    assert [one for one in drawn if one.measures] == samples
    assert drawn == sorted(drawn, key=lambda one: one.at)
    for before, after in pairwise(drawn):
        assert not (before.measures and after.measures) or after.at - before.at <= 2.5 * length
    assert len(drawn) - len(samples) == sum(after - before > 2 for before, after in pairwise(places))
