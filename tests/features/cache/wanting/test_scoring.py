from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.cache.prediction.planning import NOTHING, Outlook
from projectionist.features.cache.wanting.scoring import (
    MOST,
    Mention,
    freshness,
    next_points,
    prediction_points,
    promised,
    recent_points,
    score_of,
    watchlist_points,
    weigh,
)
from projectionist.features.cache.wanting.wants import Source

NAMES = {1: "ada", 2: "ben", 3: "cleo"}
LASTING = (Source.PLAYING, Source.PIN)

_mentions = st.builds(
    Mention,
    source=st.sampled_from([one for one in Source if one not in LASTING]),
    item_id=st.just(1),
    account_id=st.integers(0, 3),
    points=st.floats(0, 80),
    why=st.sampled_from(("one", "two")),
    soon=st.just(0.0),
)


_chances = st.floats(0, 3)
_outlooks = st.builds(Outlook, st.floats(0.001, 9), st.floats(0.001, 9), st.floats(0.001, 9)) | st.just(
    NOTHING
)


@given(st.lists(_mentions, min_size=1, max_size=8), _chances)
def test_the_terms_come_to_the_score(mentions: list[Mention], chance: float) -> None:
    score, terms = weigh(mentions, NAMES, chance)
    assert abs(sum(term.points for term in terms) - score) < 1e-6
    assert 0 <= score <= MOST
    assert [term.points for term in terms] == sorted((term.points for term in terms), reverse=True)
    assert all(term.why and term.name and term.points >= 0 for term in terms)


@given(_chances, _chances)
def test_scores_are_in_the_order_of_the_plan(one: float, other: float) -> None:
    assert score_of(one) >= score_of(other) if one >= other else score_of(one) <= score_of(other)
    assert score_of(0.15) == 49.5


@given(
    st.lists(_mentions, max_size=8),
    _mentions,
    _outlooks,
    st.sets(st.integers(0, 3)),
    st.randoms(use_true_random=False),
)
def test_one_reason_more_never_takes_an_expected_play_away(
    mentions: list[Mention], more: Mention, learned: Outlook, counted: set[int], chance: object
) -> None:
    mixed = [*mentions, more]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    before, after = (promised(one, learned, counted.__contains__) for one in (mentions, mixed))
    assert all(high >= low - 1e-9 for low, high in zip(before, after, strict=True))
    assert promised([*mentions, more], learned, counted.__contains__) == pytest.approx(after)
    assert all(least <= found for least, found in zip(learned, before, strict=True))


def test_what_was_learned_counts_in_the_place_of_what_a_source_promises() -> None:
    deck = Mention(Source.ON_DECK, 1, 1, 45, "ada has it on deck", 0)
    learned = Outlook(0.01, 0.02, 0.03)
    assert promised([deck], learned, lambda _: True) == learned
    assert promised([deck], NOTHING, lambda _: True).keep == 9, "of this item nothing was learned"
    assert promised([deck], learned, lambda _: False).keep == 9.02, "ada's history is not thought of"
    now = Mention(Source.NEXT, 1, 1, 80, "it is the next after what ada plays", 0, is_now=True)
    assert promised([now], learned, lambda _: True).keep == 6.02
    listed = Mention(Source.LIST, 1, 0, 12, "it is on a list", 0)
    assert promised([listed], learned, lambda _: True).keep == pytest.approx(0.035)


@given(st.lists(_mentions, max_size=5), st.sampled_from(LASTING), _chances)
def test_what_is_played_or_pinned_is_a_hundred(
    mentions: list[Mention], source: Source, chance: float
) -> None:
    score, terms = weigh([*mentions, Mention(source, 1, 1, 100, "ada plays it", 0)], NAMES, chance)
    assert score == 100 == sum(term.points for term in terms)
    assert terms[0].why == "ada plays it"


def test_several_accounts_that_want_the_same_are_named_and_share_in_the_score() -> None:
    alone = [Mention(Source.ON_DECK, 1, 1, 45, "ada has it on deck", 0)]
    both = [*alone, Mention(Source.WATCHLIST, 1, 2, 25, "it is on ben's watchlist", 0)]
    score, terms = weigh(both, NAMES, 0.15)
    assert [(term.name, term.points) for term in terms] == [
        ("on_deck", 29.7),
        ("watchlist", 16.5),
        ("several", 3.3),
    ]
    assert terms[-1].why == "2 want it: ada, ben"
    assert score == 49.5
    assert [term.points for term in weigh(alone, NAMES, 0.15)[1]] == [49.5]


@given(st.floats(0, 1000), st.floats(0, 1000), st.integers(1, 20))
def test_points_fall_with_time_and_distance(days: float, more: float, ahead: int) -> None:
    assert freshness(days + more) <= freshness(days) <= 1
    assert watchlist_points(days + more, ahead) <= watchlist_points(days, ahead)
    assert recent_points(days + more, 14) <= recent_points(days, 14)
    assert next_points(ahead + 1, days, playing=False) < next_points(ahead, days, playing=False)
    assert next_points(ahead, days, playing=False) < next_points(ahead, days, playing=True)


@given(st.floats(0, 50), st.floats(0, 50))
def test_a_prediction_has_more_points_for_more_plays(plays: float, more: float) -> None:
    assert 60 >= prediction_points(plays + more) >= prediction_points(plays) >= 0
