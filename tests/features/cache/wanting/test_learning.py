"""Habits are kept between plans, and learned anew where the past is not what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from projectionist.features.cache.models import WantRow
from projectionist.features.cache.wanting.choosing import Choices
from projectionist.features.cache.wanting.learning import Habits
from projectionist.features.cache.wanting.predicting import Prediction
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.library.service import Household, Progress, Seen, Viewer, Watchable
from projectionist.media.vocabulary import ItemKind

NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)
OLD = NOW - timedelta(days=900)
ADA, BEN, SHOW = 1, 2, 500


def _episode(number: int, added: datetime = OLD) -> Watchable:
    return Watchable(number, 1, 1, ItemKind.EPISODE, 600, SHOW, 1, number, 1_800_000, 1080, added)


@dataclass
class Evenings:
    """A show of twenty episodes, and those who watch it; the habits see what was watched by then."""

    habits: Habits = field(default_factory=Habits)
    items: list[Watchable] = field(default_factory=lambda: [_episode(one) for one in range(1, 21)])
    seen: list[Seen] = field(default_factory=list)
    left: dict[tuple[int, int], Progress] = field(default_factory=dict)
    wishes: list[WantRow] = field(default_factory=list)
    choices: Choices = Choices({}, frozenset({Source.PREDICTION}))  # noqa: RUF009 (frozen)

    def watch(self, account: int, item: int, at: datetime) -> None:
        self.seen.append(Seen(item, account, at))
        self.left.pop((account, item), None)

    def leave(self, account: int, item: int, at: datetime, minutes: int) -> None:
        self.left[account, item] = Progress(item, account, 0, minutes * 60_000, at)

    def ask(self, now: datetime, habits: Habits | None = None) -> Prediction:
        household = Household(
            viewers=[Viewer(ADA, 1, "a", "ada", True), Viewer(BEN, 1, "b", "ben", False)],
            watchables=list(self.items),
            history=sorted(self.seen, key=lambda one: one.at, reverse=True),
            progress=list(self.left.values()),
            decks=(),
        )
        return (habits or self.habits).foresee(household, self.wishes, self.choices, now)

    def agrees(self, now: datetime, items: Sequence[int] = range(1, 23)) -> None:
        """What is kept says the same as what is learned from the beginning."""
        kept, anew = self.ask(now), self.ask(now, Habits())
        for item in items:
            expected = pytest.approx(list(anew.outlook(item)), rel=0.1, abs=0.005)
            assert list(kept.outlook(item)) == expected, item


def test_what_is_told_bit_by_bit_comes_to_what_is_learned_at_once() -> None:
    house = Evenings()
    for evening in range(12):
        at = NOW + timedelta(days=evening)
        house.watch(ADA, evening + 1, at)
        if evening % 3 == 0:
            house.watch(BEN, evening // 3 + 1, at - timedelta(hours=3))
        house.agrees(at + timedelta(minutes=20))


def test_what_was_left_and_goes_on_is_one_play() -> None:
    house = Evenings()
    house.watch(ADA, 1, NOW - timedelta(days=1))
    house.ask(NOW)
    house.leave(ADA, 2, NOW + timedelta(minutes=10), 10)
    house.agrees(NOW + timedelta(minutes=11))
    house.leave(ADA, 2, NOW + timedelta(minutes=20), 20)
    house.agrees(NOW + timedelta(minutes=21))
    house.watch(ADA, 2, NOW + timedelta(minutes=30))
    house.agrees(NOW + timedelta(minutes=31))


def test_nothing_new_tells_nothing() -> None:
    house = Evenings()
    house.watch(ADA, 1, NOW - timedelta(hours=2))
    house.leave(BEN, 4, NOW - timedelta(hours=1), 10)
    first, second = house.ask(NOW), house.ask(NOW)
    assert [first.outlook(item) for item in range(1, 21)] == [second.outlook(item) for item in range(1, 21)]


def test_an_episode_that_came_is_expected_by_who_follows_the_show() -> None:
    house = Evenings()
    house.watch(ADA, 20, NOW - timedelta(days=1))
    assert house.ask(NOW).outlook(21).keep == 0
    house.items.append(_episode(21, NOW + timedelta(hours=1)))
    assert house.ask(NOW + timedelta(hours=2)).outlook(21).keep > 0.5
    house.agrees(NOW + timedelta(hours=2))


def test_a_wish_counts_until_it_is_taken_back() -> None:
    house = Evenings()
    house.watch(ADA, 9, NOW - timedelta(days=1))
    before = house.ask(NOW).outlook(1)
    house.wishes = [WantRow(source=Source.WATCHLIST, account_id=BEN, item_id=SHOW, first_at=NOW)]
    wished = house.ask(NOW).outlook(1)
    assert wished.keep > before.keep
    house.wishes = []
    assert house.ask(NOW).outlook(1).keep == pytest.approx(before.keep, abs=0.001)


@pytest.mark.parametrize("change", ["older", "renumbered", "silenced", "earlier"])
def test_another_past_is_learned_anew(change: str) -> None:
    house, now = Evenings(), NOW
    for evening in range(4):
        house.watch(ADA, evening + 1, NOW - timedelta(days=4 - evening))
        house.watch(BEN, evening + 11, NOW - timedelta(days=4 - evening, hours=2))
    house.ask(now)
    if change == "older":
        for number in range(5, 9):
            house.watch(BEN, number, NOW - timedelta(days=90 - number))
    elif change == "renumbered":
        house.items[4] = house.items[4]._replace(number=99)
    elif change == "silenced":
        house.choices = Choices({(Source.PREDICTION, BEN): False}, frozenset({Source.PREDICTION}))
    else:
        now -= timedelta(days=1)
    kept, anew = house.ask(now), house.ask(now, Habits())
    assert [kept.outlook(item) for item in range(1, 21)] == [anew.outlook(item) for item in range(1, 21)]
