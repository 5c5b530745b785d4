from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.cache.wanting.scoring import (
    MOST,
    Mention,
    freshness,
    next_points,
    prediction_points,
    recent_points,
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


@given(st.lists(_mentions, min_size=1, max_size=8))
def test_the_terms_come_to_the_score(mentions: list[Mention]) -> None:
    score, terms = weigh(mentions, NAMES)
    assert abs(sum(term.points for term in terms) - score) < 1e-6
    assert 0 <= score <= MOST
    assert [term.points for term in terms] == sorted((term.points for term in terms), reverse=True)
    assert all(term.why and term.name for term in terms)


@given(st.lists(_mentions, min_size=1, max_size=8), _mentions, st.randoms(use_true_random=False))
def test_one_reason_more_never_takes_a_point_away(
    mentions: list[Mention], more: Mention, chance: object
) -> None:
    mixed = [*mentions, more]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert weigh(mixed, NAMES)[0] >= weigh(mentions, NAMES)[0]
    assert weigh(mixed, NAMES) == weigh([*mentions, more], NAMES)


@given(st.lists(_mentions, max_size=5), st.sampled_from(LASTING))
def test_what_is_played_or_pinned_is_a_hundred(mentions: list[Mention], source: Source) -> None:
    score, terms = weigh([*mentions, Mention(source, 1, 1, 100, "ada plays it", 0)], NAMES)
    assert score == 100 == sum(term.points for term in terms)
    assert terms[0].why == "ada plays it"


def test_several_accounts_that_want_the_same_add_points_and_are_named() -> None:
    alone = [Mention(Source.ON_DECK, 1, 1, 45, "ada has it on deck", 0)]
    both = [*alone, Mention(Source.WATCHLIST, 1, 2, 25, "it is on ben's watchlist", 0)]
    score, terms = weigh(both, NAMES)
    assert score == 45 + 25 + 5
    assert terms[-1].why == "2 want it: ada, ben"
    assert weigh(alone, NAMES)[0] == 45


@given(st.floats(0, 1000), st.floats(0, 1000), st.integers(1, 20))
def test_points_fall_with_time_and_distance(days: float, more: float, ahead: int) -> None:
    assert freshness(days + more) <= freshness(days) <= 1
    assert watchlist_points(days + more, ahead) <= watchlist_points(days, ahead)
    assert recent_points(days + more, 14) <= recent_points(days, 14)
    assert next_points(ahead + 1, days, playing=False) < next_points(ahead, days, playing=False)
    assert next_points(ahead, days, playing=False) < next_points(ahead, days, playing=True)


@given(st.floats(0, 50), st.floats(0, 50), st.integers(0, 1 << 45), st.integers(0, 1 << 45))
def test_a_prediction_gives_more_for_more_plays_and_no_more_for_more_bytes(
    plays: float, more: float, size: int, bigger: int
) -> None:
    assert prediction_points(plays + more, size) >= prediction_points(plays, size)
    assert prediction_points(plays, size + bigger) <= prediction_points(plays, size) <= 60
