"""The replay: what is a hit, who sees what, what a policy is charged for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.cache.households.watching import live
from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.records import Past, Play, Wish
from projectionist.features.cache.simulating.clairvoyant import ClairvoyantPolicy
from projectionist.features.cache.simulating.contest import POLICIES, PolicyName, simulate
from projectionist.features.cache.simulating.on_deck import (
    Deck,
    OnDeckPolicy,
    Rules,
    Wanted,
    priority,
)
from projectionist.features.cache.simulating.on_demand import RecentPolicy
from projectionist.features.cache.simulating.policy import Policy
from projectionist.features.cache.simulating.replay import PlayKind, Replay
from projectionist.features.cache.simulating.tier import FastTier, SlowDisk
from tests.features.cache.pasts import DAY, GB, HOUR, RATE, film, past, show

SIGHTED = [name for name in PolicyName if name is not PolicyName.CLAIRVOYANT]


class Told:
    """Writes down what a policy is told and what it asks for."""

    def __init__(self, policy: Policy) -> None:
        self.name, self._policy = policy.name, policy
        self.log: list[tuple[object, ...]] = []

    def added(self, now: float, item: int) -> None:
        self._policy.added(now, item)

    def started(self, now: float, user: str, item: int) -> None:
        self.log.append((now, "started", user, item))
        self._policy.started(now, user, item)

    def ended(self, now: float, user: str, item: int, position: float, finished: bool) -> None:
        self.log.append((now, "ended", user, item, position, finished))
        self._policy.ended(now, user, item, position, finished)

    def wished(self, wish: Wish) -> None:
        self.log.append((wish.at, "wished", wish))
        self._policy.wished(wish)

    def next_turn(self) -> float:
        return self._policy.next_turn()

    def turn(self, now: float, tier: FastTier) -> None:
        self._policy.turn(now, tier)

    def next_copy(self, now: float, tier: FastTier, disk: SlowDisk) -> int | None:
        item = self._policy.next_copy(now, tier, disk)
        self.log.append((now, "copies", item, tuple(tier.held)))
        return item


def replayed(story: Past, make: Callable[[Past], Policy], capacity: int) -> list[tuple[object, ...]]:
    told = Told(make(story))
    Replay(story, told, capacity, RATE).run()
    return told.log


def test_a_play_is_a_hit_only_when_its_copy_was_whole_as_it_started() -> None:
    titles = show("a", 3, size=90 * GB)  # ten minutes and 14 seconds to copy
    early = past(titles, [(0, "ann", "a1"), (600, "ann", "a2")])
    late = past(titles, [(0, "ann", "a1"), (620, "ann", "a2")])
    for story, hits in ((early, 0), (late, 1)):
        assert Replay(story, ClairvoyantPolicy(story), 500 * GB, RATE).run().hits == hits


def test_how_a_play_ends_is_told_when_it_ends() -> None:
    story = past(show("a", 2), [(0, "ann", "a1"), (HOUR, "ann", "a2")])
    events = [one[:2] for one in replayed(story, POLICIES[PolicyName.OURS], 9 * GB) if one[1] != "copies"]
    assert events == [(0, "started"), (1800, "ended"), (HOUR, "started")]


@pytest.mark.parametrize("name", SIGHTED)
def test_what_comes_later_changes_nothing_before_it(name: PolicyName) -> None:
    story = live(11, days=60, size=3e12)
    cut = story.plays[len(story.plays) // 2].at
    known = [play for play in story.plays if play.at < cut]
    later = [play for play in story.plays if play.at >= cut]
    items = [play.item for play in reversed(later)]
    shuffled = [
        replace(play, item=item, finished=not play.finished) for play, item in zip(later, items, strict=True)
    ]
    titles = [
        replace(title, added_at=cut + 9 * DAY) if title.added_at >= cut else title
        for title in story.catalogue.titles
    ]
    wishes = [wish for wish in story.wishes if wish.at < cut]
    other = Past(Catalogue.of(titles), known + shuffled, wishes)
    logs = [
        [
            one
            for one in replayed(one_past, POLICIES[name], int(60e9))
            if isinstance(one[0], float) and one[0] < cut
        ]
        for one_past in (story, other)
    ]
    assert logs[0] == logs[1]
    assert any(one[1] == "copies" and one[2] is not None for one in logs[0])


def test_the_clairvoyant_does_see_later_rows() -> None:
    titles = [film("a"), film("b"), film("c")]
    for second in ("b", "c"):
        story = past(titles, [(0, "ann", "a"), (DAY, "ann", second)])
        assert Replay(story, ClairvoyantPolicy(story), 2 * GB, RATE).run().hits == 1


def test_the_clairvoyant_drops_nothing_that_is_played_before_what_it_would_make_room_for() -> None:
    titles = [film("a"), film("b")]
    story = past(titles, [(0, "ann", "a"), (DAY, "ann", "a"), (2 * DAY, "ann", "b")])
    outcome = Replay(story, ClairvoyantPolicy(story), GB, RATE).run()
    assert (outcome.hits, outcome.copies) == (2, 2)


@pytest.mark.parametrize("name", [PolicyName.LRU, PolicyName.ONDECK, PolicyName.OURS, PolicyName.CLAIRVOYANT])
def test_what_is_being_played_is_not_taken_away(name: PolicyName) -> None:
    """A film of two days is on, there is room for one, and others are wanted meanwhile."""
    titles = [replace(film("long"), duration=2 * DAY), *show("a", 4)]
    plays = [
        Play(0, "ann", 0, 600, False),
        Play(DAY, "ann", 0, 2 * DAY, False),
        Play(1.5 * DAY, "ben", 1, 1800, True),
        Play(1.8 * DAY, "ben", 2, 1800, True),
        Play(2 * DAY, "ben", 3, 1800, True),
        Play(2.5 * DAY, "ben", 4, 1800, True),
        Play(2.6 * DAY, "eve", 0, 60, False),
    ]
    story = Past(Catalogue.of(titles), plays, [])
    log = replayed(story, POLICIES[name], GB)
    meanwhile = [
        one[3] for one in log if one[1] == "copies" and isinstance(one[0], float) and DAY < one[0] < 2.5 * DAY
    ]
    assert set(meanwhile) == {(0,)}


def test_plays_are_told_apart_by_what_they_are_to_their_user() -> None:
    titles = [*show("a", 3), film("f")]
    story = past(
        titles,
        [
            (0, "ann", "a1"),
            (DAY, "ann", "a2"),
            (2 * DAY, "ben", "a2"),
            (3 * DAY, "ann", "a1"),
            (4 * DAY, "ann", "f"),
        ],
    )
    kinds = Replay(story, RecentPolicy(story.catalogue), 9 * GB, RATE).run().kinds
    assert {kind: tally.plays for kind, tally in kinds.items()} == {
        PlayKind.FIRST: 3,
        PlayKind.CONTINUATION: 1,
        PlayKind.REWATCH: 1,
    }


def test_a_film_left_unfinished_is_gone_on_with() -> None:
    titles = [film("f")]
    plays = [
        Play(0, "ann", 0, 3000, False),
        Play(DAY, "ann", 0, 6000, True),
        Play(2 * DAY, "ann", 0, 6000, True),
    ]
    kinds = (
        Replay(Past(Catalogue.of(titles), plays, []), RecentPolicy(Catalogue.of(titles)), GB, RATE)
        .run()
        .kinds
    )
    assert [tally.plays for tally in kinds.values()] == [1, 1, 1]


def test_the_slow_disk_wakes_when_it_is_read_after_half_an_hour_of_rest() -> None:
    disk = SlowDisk()
    disk.read(0, 100)
    disk.read(50, 60)
    disk.read(100 + 1800, 2000)
    assert disk.wakeups == 1
    disk.read(2000 + 1801, 4000)
    assert disk.wakeups == 2


def test_on_demand_keeps_what_was_played_last() -> None:
    titles = [film("a"), film("b"), film("c")]
    plays = [(at * DAY, "ann", item) for at, item in enumerate(["a", "b", "a", "c", "a", "b"])]
    outcome = Replay(past(titles, plays), RecentPolicy(Catalogue.of(titles)), 2 * GB, RATE).run()
    assert (outcome.hits, outcome.copies) == (2, 4)


def test_on_deck_wants_the_next_episodes_across_seasons_and_the_watchlist() -> None:
    titles = [*show("a", 9), film("f"), film("g")]
    deck = Deck(Catalogue.of(titles), Rules(next_episodes=3))
    deck.started(0, "ann", 4)
    deck.ended(1800, "ann", 4, 1800, True)
    deck.wished(Wish(10, "ben", 9, -1, True))
    assert [titles[one.item].item for one in deck.wanted(DAY)] == ["a6", "a7", "a8", "a9", "f"]
    deck.wished(Wish(20, "ben", 9, -1, False))
    assert "f" not in [titles[one.item].item for one in deck.wanted(DAY)]
    assert deck.wanted(200 * DAY) == []


def test_on_deck_keeps_what_was_left_and_drops_what_was_finished_after_its_retention() -> None:
    titles = show("a", 3)
    story = past(titles, [(0, "ann", "a1"), (2 * HOUR, "ann", "a2"), (40 * HOUR, "ann", "a2")])
    outcome = Replay(story, OnDeckPolicy(story.catalogue), 50 * GB, RATE).run()
    assert [tally.hits for tally in outcome.kinds.values()] == [0, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "held_since", "score"),
    [
        (
            Wanted(0, {"ann"}, on_deck=True, ahead=0, first_seen=99 * DAY),
            99.5 * DAY,
            50 + 5 + 5 + 15 + 5 + 15,
        ),
        (Wanted(0, {"ann"}, ahead=9, first_seen=92 * DAY), None, 50 + 5 + 15),
        (Wanted(0, {"ann"}, ahead=5, first_seen=60 * DAY), None, 50 + 5 + 15 - 10 + 10),
        (Wanted(0, {"ann"}, ahead=6, first_seen=80 * DAY), 98 * DAY, 50 + 5 + 3 + 15 - 5),
        (Wanted(0, {"a", "b", "c", "d"}, wished_at=95 * DAY), None, 50 + 15 + 10),
        (Wanted(0, {"a"}, wished_at=10 * DAY), None, 50 + 5 - 10),
    ],
)
def test_the_score_is_plexcache_s(wanted: Wanted, held_since: float | None, score: int) -> None:
    assert priority(wanted, Rules(), 100 * DAY, held_since) == min(100, score)


def test_the_clairvoyant_misses_least() -> None:
    story = live(5, days=60, size=4e12)
    outcomes = {outcome.policy: outcome for outcome in simulate(story, int(80e9), RATE)}
    assert set(outcomes) == set(PolicyName)
    assert outcomes["clairvoyant"].hits == max(outcome.hits for outcome in outcomes.values())
    assert len({outcome.plays for outcome in outcomes.values()}) == 1


@given(st.integers(0, 50), st.sampled_from(list(PolicyName)), st.integers(0, 40 * GB))
def test_no_policy_takes_more_room_than_there_is_or_moves_a_file_in_play(
    seed: int, name: PolicyName, capacity: int
) -> None:
    story = live(seed, users=2, days=12, size=5e11)

    class Watched(Told):
        def next_copy(self, now: float, tier: FastTier, disk: SlowDisk) -> int | None:
            before = set(tier.held) & set(tier.playing)
            item = super().next_copy(now, tier, disk)
            assert before <= set(tier.held)
            assert tier.used == sum(tier.sizes[one] for one in tier.held) <= tier.capacity
            assert item is None or not tier.has(item)
            return item

    outcome = Replay(story, Watched(POLICIES[name](story)), capacity, RATE).run()
    assert 0 <= outcome.hits <= outcome.plays == len(story.plays)


def test_an_empty_past_has_no_plays() -> None:
    for outcome in simulate(past([film("a")], []), GB, RATE):
        assert outcome.plays == 0
