"""The choice of pictures, against the rule spelt out slot by slot."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import FilmUndecodable
from projectionist.frames.slots import Mode, Pick, Slot, choose, slot_count

MS = 1_000_000
S = 1000 * MS


def picks_of(times_s: list[float], last_s: float, interval_s: float, mode: Mode) -> dict[int, Pick]:
    times = np.array([round(time * S) for time in times_s], dtype=np.int64)
    chosen = choose(times, round(last_s * S), (round(interval_s * 1000),), mode)
    return {slot.number: pick for pick in chosen for slot in pick.slots}


def test_there_is_a_slot_for_every_interval_up_to_the_last_frame() -> None:
    assert slot_count(0, 10_000) == 1
    assert slot_count(10 * S - 1, 10_000) == 1
    assert slot_count(10 * S, 10_000) == 2
    assert slot_count(3600 * S, 2_000) == 1801


def test_a_film_that_claims_to_last_for_years_is_refused() -> None:
    with pytest.raises(FilmUndecodable, match="hours"):
        slot_count(2**62, 1000)


def test_of_two_keyframes_equally_near_the_earlier_is_shown() -> None:
    assert picks_of([0, 8, 12, 20], 20, 10, Mode.KEYFRAME)[1].keyframe == 1


def test_keyframe_mode_never_decodes_between() -> None:
    picks = picks_of([0, 300], 600, 10, Mode.KEYFRAME)
    assert {pick.exact_ns for pick in picks.values()} == {None}
    assert [picks[number].keyframe for number in (14, 15, 16)] == [0, 0, 1]


def test_auto_mode_decodes_between_keyframes_that_lie_further_apart_than_twice_the_interval() -> None:
    picks = picks_of([0, 20, 40.001], 41, 10, Mode.AUTO)
    assert picks[1].exact_ns is None
    assert picks[3].exact_ns == 30 * S
    assert picks[3].keyframe == 1


def test_auto_mode_counts_the_stretch_after_the_last_keyframe() -> None:
    assert picks_of([0], 100, 10, Mode.AUTO)[5].exact_ns == 50 * S
    assert picks_of([0], 20, 10, Mode.AUTO)[2].exact_ns is None


def test_exact_mode_shows_a_keyframe_that_lies_on_the_moment_as_it_is() -> None:
    picks = picks_of([0, 10], 15, 5, Mode.EXACT)
    assert picks[2].exact_ns is None
    assert picks[3] == Pick(1, 15 * S, 15 * S, (Slot(0, 3),))


def test_moments_before_the_first_keyframe_show_the_first_keyframe() -> None:
    for mode in Mode:
        picks = picks_of([25, 30], 30, 10, mode)
        assert (picks[0].keyframe, picks[0].exact_ns) == (0, None)


def test_several_intervals_share_the_pictures_that_they_have_in_common() -> None:
    times = np.arange(0, 61, 2, dtype=np.int64) * S
    chosen = choose(times, 60 * S, (10_000, 2_000), Mode.AUTO)
    assert len(chosen) == 31
    assert sum(len(pick.slots) for pick in chosen) == 31 + 7


rising_times = st.lists(st.integers(0, 400_000), min_size=1, max_size=40, unique=True).map(sorted)


@given(
    rising_times,
    st.integers(0, 60_000),
    st.lists(st.integers(500, 60_000), min_size=1, max_size=3),
    st.sampled_from(Mode),
)
def test_every_slot_is_filled_once_in_order_and_by_the_rule(
    times_ms: list[int], tail_ms: int, intervals_ms: list[int], mode: Mode
) -> None:
    times = np.array(times_ms, dtype=np.int64) * MS
    last = int(times[-1]) + tail_ms * MS
    chosen = choose(times, last, tuple(intervals_ms), mode)
    for series, interval_ms in enumerate(intervals_ms):
        mine = [(slot.number, pick) for pick in chosen for slot in pick.slots if slot.series == series]
        assert [number for number, _ in mine] == list(range(slot_count(last, interval_ms)))
        for number, pick in mine:
            assert (pick.keyframe, pick.exact_ns) == by_the_rule(
                times.tolist(), last, number * interval_ms * MS, interval_ms * MS, mode
            )
    shown = [pick.exact_ns if pick.exact_ns is not None else int(times[pick.keyframe]) for pick in chosen]
    assert all(one <= other for one, other in pairwise(shown))


def by_the_rule(
    times: list[int], last: int, moment: int, interval: int, mode: Mode
) -> tuple[int, int | None]:
    nearest = min(range(len(times)), key=lambda number: (abs(times[number] - moment), number))
    before = [number for number, time in enumerate(times) if time <= moment]
    if not before or times[before[-1]] == moment or mode is Mode.KEYFRAME:
        return nearest, None
    start = before[-1]
    end = times[start + 1] if start + 1 < len(times) else last
    if mode is Mode.EXACT or end - times[start] > 2 * interval:
        return start, moment
    return nearest, None
