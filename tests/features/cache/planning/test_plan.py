from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from projectionist.features.cache.wanting.wants import WHOLE, Source
from tests.features.cache.planning.plans import (
    LIBRARIES,
    NOW,
    RULES,
    ACap,
    House,
    SomeLimits,
    held,
    houses,
    want,
)

FILM = LIBRARIES[1]
ON_DECK = frozenset({Source.ON_DECK})
MANY = settings(max_examples=100, deadline=None)


def _on(house: House, tier: int) -> int:
    return sum(one.size for one in house.held if one.tier_id == tier)


@MANY
@given(houses())
def test_no_tier_holds_more_than_its_limit_unless_what_may_not_leave_fills_it(house: House) -> None:
    made = house.plan()
    after = house.after(made)
    for tier, limit in house.limits_of_tiers.items():
        fills = {one.want.file.path for one in made.copies if one.tier_id == tier}
        lasting = sum(one.size for one in after.held if one.tier_id == tier and one.path not in fills)
        assert _on(after, tier) + house.others <= max(limit, lasting + house.others)
        if fills:
            assert _on(after, tier) + house.others <= limit


@MANY
@given(houses())
def test_planning_again_after_a_plan_was_carried_out_gives_nothing(house: House) -> None:
    after = house.after(house.plan())
    again = after.plan()
    assert (again.copies, again.returns) == ((), ())


@MANY
@given(houses(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_changes_nothing(house: House, chance: object) -> None:
    wants, there = list(house.wants), list(house.held)
    chance.shuffle(wants)  # type: ignore[attr-defined]
    chance.shuffle(there)  # type: ignore[attr-defined]
    tiers = dict(reversed(list(house.limits_of_tiers.items())))
    mixed = replace(
        house,
        wants=tuple(wants),
        held=tuple(there),
        limits_of_tiers=tiers,
        served=tuple(house.limits_of_tiers),
    )
    assert mixed.plan() == house.plan()


@MANY
@given(houses())
def test_what_is_played_pinned_or_fresh_never_leaves(house: House) -> None:
    limits = house.limits
    for one in house.plan().returns:
        there = next(held for held in house.held if held.path == one.path)
        assert not there.is_playing
        assert not there.is_unsure
        assert NOW - there.cached_at >= house.rules.retention
        lasting = [want for want in house.wants if want.file.path == one.path and want.score == WHOLE]
        for want_ in lasting:  # only what somebody excluded, or capped, by name
            item, library = limits.items.get(want_.file.item_id), limits.libraries.get(want_.file.library_id)
            most = item.most if item and item.most is not None else limits.item_most
            assert (
                (item and item.excluded)
                or (library and library.excluded)
                or (most is not None and want_.file.size > most)
            )


@MANY
@given(houses())
def test_nothing_excluded_or_over_its_cap_is_copied(house: House) -> None:
    made, limits = house.plan(), house.limits
    for copy in made.copies:
        file = copy.want.file
        item, library = limits.items.get(file.item_id), limits.libraries.get(file.library_id)
        assert item is None or not item.excluded
        assert library is None or not library.excluded
        most = item.most if item is not None and item.most is not None else limits.item_most
        assert most is None or file.size <= most
        if copy.want.score < WHOLE and copy.want.accounts:
            caps = [limits.accounts.get(one) for one in copy.want.accounts]
            assert any(cap is None or not cap.excluded for cap in caps)
        assert copy.tier_id not in house.rules.closed
    taken = Counter[int]()
    for one in house.after(made).held:
        if one.tier_id in house.limits_of_tiers:
            taken[1 if one.path.is_relative_to(FILM) else 2] += one.size
    for library_id, cap in limits.libraries.items():
        if cap.most is not None and any(one.want.file.library_id == library_id for one in made.copies):
            assert taken[library_id] <= cap.most


@MANY
@given(houses())
def test_nothing_wanted_leaves_for_what_is_less_wanted(house: House) -> None:
    """Without caps and shares, whatever needs the room of something wanted is wanted `hold` times as much."""
    plain = replace(
        house,
        limits=SomeLimits(),
        wants=tuple(replace(one, accounts=frozenset({1})) for one in house.wants),
    )
    worths = {one.file.path: one.worth for one in plain.wants}
    for one in plain.plan().returns:
        if one.makes_room_for is not None and one.path in worths:
            assert worths[one.makes_room_for] >= worths[one.path] * plain.rules.hold


@MANY
@given(houses())
def test_everything_wanted_or_held_is_told_of_once(house: House) -> None:
    made = house.plan()
    said = [(one.path, one.why) for one in made.kept]
    said += [(one.path, one.why) for one in made.refused]
    said += [(one.path, one.why) for one in made.returns]
    told = Counter([*(one.want.file.path for one in made.copies), *(path for path, _ in said)])
    moved = {one.path for one in made.returns} & {one.want.file.path for one in made.copies}
    worthy = {one.file.path for one in house.wants if one.pays}
    assert set(told) == worthy | {one.path for one in house.held}
    assert all(count == (2 if path in moved else 1) for path, count in told.items())
    assert all(why for _, why in said)


@MANY
@given(houses())
def test_nobody_fills_more_than_a_share_while_somebody_else_wants_room(house: House) -> None:
    """Of what one person alone asks for, what goes beyond their share never takes the room of another's share."""
    alone = tuple(
        replace(
            one,
            accounts=frozenset({min(one.accounts)}),
            score=min(99.0, one.score),
            worth=min(99.0, one.worth),
            sources=ON_DECK,
        )
        for one in house.wants
        if one.accounts and one.pays
    )
    plain = replace(house, wants=alone, limits=SomeLimits(), held=(), rules=RULES)
    made = plain.plan()
    voters = {min(one.accounts) for one in alone}
    room = sum(max(0, limit - plain.others) for limit in plain.limits_of_tiers.values())
    share = room // max(1, len(voters))
    taken = Counter[int]()
    for one in sorted((copy.want for copy in made.copies), key=lambda one: (-one.worth, one.file.path)):
        taken[min(one.accounts)] += one.file.size
    greedy = {who for who, size in taken.items() if size > share}
    for refused in made.refused:
        one = next(want_ for want_ in alone if want_.file.path == refused.path)
        who = min(one.accounts)
        wished = sum(other.file.size for other in alone if who in other.accounts)
        if refused.why == "What is wanted more takes the room." and wished <= share:
            beyond = [
                copy.want.file.size
                for copy in made.copies
                if min(copy.want.accounts) in greedy - {who}
                and taken[min(copy.want.accounts)] - copy.want.file.size >= share
            ]
            spread = len(plain.limits_of_tiers) > 1  # the rest may lie on several tiers, none of them enough
            assert spread or not any(size >= one.file.size for size in beyond)


def test_a_person_gets_a_share_though_another_wants_everything_more() -> None:
    greedy = tuple(want(number, 10, 90, people={1}) for number in range(10))
    modest = want(50, 40, 10, people={2})
    made = House((*greedy, modest)).plan()
    assert {one.want.file.item_id for one in made.copies} == {0, 1, 2, 3, 4, 5, 50}
    alone = House(greedy).plan()
    assert len(alone.copies) == 10, "who is alone may have all of it"
    left_out = [one for one in made.refused if one.why == "ada's fair share of the room is used up."]
    assert len(left_out) == 4


def test_what_is_there_leaves_only_for_what_is_wanted_clearly_more() -> None:
    there = House((want(1, 60, 40), want(2, 60, 59)), (held(1, 60),))
    assert (there.plan().returns, there.plan().copies) == ((), ())
    better = replace(there, wants=(want(1, 60, 40), want(2, 60, 61)))
    made = better.plan()
    assert [(one.path, one.makes_room_for) for one in made.returns] == [
        (FILM / "film-1.mkv", FILM / "film-2.mkv")
    ]
    assert [one.want.file.item_id for one in made.copies] == [2]


def test_a_full_tier_spills_into_the_next() -> None:
    made = House((want(1, 60, 90), want(2, 60, 80), want(3, 60, 70)), limits_of_tiers={2: 100, 1: 70}).plan()
    assert {one.want.file.item_id: one.tier_id for one in made.copies} == {1: 2, 2: 1}
    assert [one.why for one in made.refused] == ["What is wanted more takes the room."]


def test_what_is_no_longer_wanted_goes_back_once_its_time_is_over() -> None:
    old, fresh = held(1), held(2, at=NOW - timedelta(hours=11))
    played = replace(held(3), played_at=NOW - timedelta(hours=2))
    made = House(held=(old, fresh, played)).plan()
    assert [(one.path.name, one.why) for one in made.returns] == [
        ("film-1.mkv", "Nobody is expected to watch it soon.")
    ]
    assert [(one.path.name, one.why) for one in made.kept] == [
        ("film-2.mkv", "It came less than 12 hours ago."),
        ("film-3.mkv", "It was played less than 12 hours ago."),
    ]


def test_a_refusal_says_why() -> None:
    limits = SomeLimits(
        30,
        {1: ACap(excluded=True), 5: ACap(80)},
        {2: ACap(excluded=True)},
        {2: ACap(15), 3: ACap(excluded=True)},
    )
    wants = (
        want(1),
        want(2, library=2),
        want(3, 50),
        want(4, people={3}),
        want(5, 80),
        want(6, 12, 60, people={2}),
        want(7, 12, 50, people={2}),
        want(8, score=3, pays=False),
        want(9, path=Path("/elsewhere/film.mkv")),
    )
    made = House(wants, limits=limits, limits_of_tiers={1: 70}).plan()
    assert {one.path.stem: one.why for one in made.refused} == {
        "film-1": "It is excluded.",
        "film-2": "Its library is excluded.",
        "film-3": "It is larger than 30 B, the most for one item.",
        "film-4": "Only cleo may want it, and they are excluded.",
        "film-5": "It is larger than all that tier 1 may hold.",
        "film-7": "What ben may take at most is used up.",
        "film": "None of its folders is cached on this node.",
    }
    assert [one.want.file.item_id for one in made.copies] == [6]


def test_what_is_played_and_does_not_pay_is_not_copied_and_stays_where_it_is_there() -> None:
    wants = tuple(want(number, score=WHOLE, sources=[Source.PLAYING], pays=False) for number in (1, 2))
    made = House(wants, (held(2),)).plan()
    assert (made.copies, made.returns, made.refused) == ((), (), ())
    assert [one.why for one in made.kept] == ["It is played."]


def test_a_disk_that_is_not_there_is_left_alone() -> None:
    made = House((want(1),), (held(1, tier=7), held(2, tier=7))).plan()
    assert made.returns == ()
    assert {one.why for one in made.kept} == {"Its disk is not there."}


def test_a_copy_says_which_return_makes_its_room_and_others_leave_for_their_own_sake() -> None:
    made = House((want(1, 50, 90),), (held(2, 60), held(3, 20))).plan()
    assert {one.path.name: one.makes_room_for for one in made.returns} == {
        "film-2.mkv": FILM / "film-1.mkv",
        "film-3.mkv": None,
    }


def test_the_most_urgent_is_copied_first() -> None:
    playing = want(2, score=WHOLE, sources=[Source.PLAYING])
    made = House((want(1, score=90), replace(playing, soon=1000), want(3, score=95))).plan()
    assert [one.want.file.item_id for one in made.copies] == [2, 3, 1]


def test_what_leaves_for_a_limit_leaves_for_no_copy() -> None:
    wants = (want(2, 20, 40), want(3, 4, 10))
    fresh = held(1, 45, at=NOW - timedelta(hours=1))
    made = House(wants, (fresh, held(2, 20)), limits_of_tiers={1: 50}).plan()
    assert [one.want.file.item_id for one in made.copies] == [3]
    assert [(one.path.name, one.makes_room_for) for one in made.returns] == [("film-2.mkv", None)]
