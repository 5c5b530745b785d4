"""The rivals' settings by their own names: what each changes, what is refused, and that a report says them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong, TableWrong
from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.records import Wish
from projectionist.features.cache.simulating.contest import POLICIES, PolicyName
from projectionist.features.cache.simulating.on_deck import DAY_S, Deck, Rules
from projectionist.features.cache.simulating.own import own_as_object, own_report
from projectionist.features.cache.simulating.replay import Replay
from projectionist.features.cache.simulating.rival_settings import (
    rules_of,
    setting_typed,
    settings_in,
    settings_of,
)
from projectionist.features.cache.simulating.tables import read_past
from tests.features.cache.pasts import DAY, GB, RATE, film, past, show
from tests.features.cache.test_simulate_command import cache, house, tables

__all__ = ["house"]

STANDARD = {
    "number_episodes": 10,
    "days_to_monitor": 183,
    "watchlist_toggle": True,
    "watchlist_episodes": 5,
    "watchlist_retention_days": 0,
    "ondeck_retention_days": 0,
    "cache_retention_hours": 12,
    "cache_eviction_threshold_percent": 90,
    "eviction_min_priority": 60,
    "interval_hours": 0.25,
}


def wanted(at: float, **said: float) -> list[str]:
    """What is wanted after somebody saw the first of nine episodes, and a film was wished for two days later."""
    titles = [*show("a", 9), film("f")]
    deck = Deck(Catalogue.of(titles), rules_of(said))
    deck.started(0, "ann", 0)
    deck.ended(1800, "ann", 0, 1800, True)
    deck.wished(Wish(2 * DAY, "ann", 9, -1, True))
    return [titles[one.item].item for one in deck.wanted(at)]


def test_what_is_not_said_is_as_the_rival_has_it() -> None:
    assert settings_of(Rules()) == STANDARD
    assert rules_of({}) == Rules()


def test_each_setting_changes_what_is_wanted() -> None:
    assert wanted(3 * DAY) == [f"a{one}" for one in range(2, 10)] + ["f"]
    assert wanted(3 * DAY, number_episodes=1) == ["a2", "a3", "f"]
    assert wanted(3 * DAY, watchlist_toggle=False) == [f"a{one}" for one in range(2, 10)]
    assert wanted(9 * DAY, watchlist_retention_days=8)[-1] == "f"
    assert wanted(11 * DAY, watchlist_retention_days=8)[-1] == "a9"
    assert wanted(9 * DAY, ondeck_retention_days=8.5) == ["f"]
    assert wanted(8 * DAY, ondeck_retention_days=8.5)[0] == "a2"
    assert wanted(31 * DAY, days_to_monitor=30) == ["f"]


def test_a_score_below_the_least_is_not_copied_to_a_disk_that_is_full_so_far() -> None:
    titles = [*show("a", 9), film("f")]
    story = past(titles, [(0, "ann", "a1"), (DAY, "ann", "f")])

    def copies(**said: float) -> int:
        policy = POLICIES[PolicyName.SCORE](story, rules_of(said))
        return Replay(story, policy, 5 * GB, RATE).run().copies

    everything = copies()
    assert copies(cache_eviction_threshold_percent=0, eviction_min_priority=100) < everything
    assert copies(cache_eviction_threshold_percent=0, eviction_min_priority=0) == everything


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"episodes": 3}, "has no setting episodes; it has number_episodes"),
        ({"number_episodes": 2.5}, "a whole number"),
        ({"number_episodes": -1}, "between 0 and 100"),
        ({"watchlist_toggle": 2}, "between 0 and 1"),
        ({"days_to_monitor": float("nan")}, "between 0 and 36500"),
        ({"cache_retention_hours": float("inf")}, "between 0 and 87600"),
        ({"interval_hours": 0}, "between 0.01 and 168"),
    ],
)
def test_what_is_no_setting_is_refused_by_its_name(said: dict[str, float], reason: str) -> None:
    with pytest.raises(InputWrong, match=reason) as refused:
        rules_of(said)
    assert refused.value.field == next(iter(said))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "number_episodes": st.integers(0, 100),
            "days_to_monitor": st.integers(0, 36_500),
            "watchlist_toggle": st.booleans(),
            "watchlist_retention_days": st.integers(0, 365),
            "cache_retention_hours": st.integers(0, 1000),
            "cache_eviction_threshold_percent": st.integers(0, 100),
            "eviction_min_priority": st.integers(0, 100),
            "interval_hours": st.sampled_from([0.25, 0.5, 1, 4, 24]),
        },
    )
)
def test_settings_come_back_as_they_were_said(said: dict[str, float]) -> None:
    assert settings_of(rules_of(said)) == {**STANDARD, **said}


@given(st.text(max_size=40))
def test_what_is_typed_is_a_setting_or_is_refused(text: str) -> None:
    try:
        name, value = setting_typed(text)
    except InputWrong:
        return
    assert name == text.partition("=")[0].strip()
    assert isinstance(value, float)


def test_a_settings_file_of_the_rival_is_read_as_far_as_it_counts(tmp_path: Path) -> None:
    file = tmp_path / "plexcache_settings.json"
    file.write_text(json.dumps({"number_episodes": 3, "watchlist_toggle": False, "PLEX_TOKEN": "x", "a": []}))
    assert settings_in(file) == {"number_episodes": 3, "watchlist_toggle": False}
    for wrong in (b"[1]", b"{", b"\xff\xfe", b'{"a": "\xff"}'):
        file.write_bytes(wrong)
        with pytest.raises(TableWrong, match="holds no settings of PlexCache-D"):
            settings_in(file)
    with pytest.raises(TableWrong, match="cannot be read"):
        settings_in(tmp_path)


def test_the_command_takes_them_and_says_them(house: Path, tmp_path: Path) -> None:
    def told(*more: str | Path) -> dict[str, Any]:
        ran = cache("simulate", *tables(house), "--size", "60GB", "--policy", "ondeck", "--json", *more)
        assert (ran.status, ran.err) == (0, "")
        found: dict[str, Any] = json.loads(ran.out)
        return found

    standard, fewer = told(), told("--setting", "number_episodes=0", "--setting", "watchlist_toggle=false")
    file = tmp_path / "plexcache_settings.json"
    file.write_text('{"number_episodes": 0, "watchlist_toggle": true}')
    both = told("--settings", file, "--setting", "watchlist_toggle=false")

    assert standard["rival_settings"] == STANDARD
    assert fewer["rival_settings"] == {**STANDARD, "number_episodes": 0, "watchlist_toggle": False}
    assert fewer["policies"][0]["bytes_moved"] != standard["policies"][0]["bytes_moved"]
    assert both == fewer
    wrong = cache("simulate", *tables(house), "--size", "60GB", "--setting", "number_episodes")
    assert wrong.status == 2
    assert "write it as number_episodes=5" in wrong.err


def test_ours_is_the_same_whatever_the_rivals_are_told(house: Path) -> None:
    story = read_past(house / "library.csv", house / "history.csv")
    reports = [
        own_as_object(own_report(story, (60 * GB,), policies=(PolicyName.OURS,), rules=rules, most_plays=200))
        for rules in (Rules(), Rules(next_episodes=0))
    ]
    assert reports[0]["sizes"] == reports[1]["sizes"]
    assert [one["rival_settings"]["number_episodes"] for one in reports] == [10, 0]
    assert DAY_S == DAY
