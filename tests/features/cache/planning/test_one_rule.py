"""The plan that runs and the one that the simulator goes by are the same plan for the same state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from projectionist.features.cache.households.watching import live
from projectionist.features.cache.planning.plan import CachePlan, Held, PlanRules, plan
from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.simulating import foreseen
from projectionist.features.cache.wanting.choosing import Choices
from projectionist.features.cache.wanting.predicting import Prediction
from projectionist.features.cache.wanting.shelf import Shelf
from projectionist.features.cache.wanting.wants import Source, Wanted
from projectionist.features.cache.wanting.weighing import Known, wants_of
from projectionist.features.library.service import FileFacts, Household
from projectionist.media.vocabulary import ServerPath
from tests.features.cache.planning.plans import APlace, ARoom, ATier, SomeLimits

ROOT = Path("/slow")
TIER = ATier(1, "fast")


def _path(item: int) -> Path:
    return ROOT / f"{item:06}.mkv"


def _file(item: int, size: int) -> FileFacts:
    path = ServerPath(str(_path(item)))
    return FileFacts(item, item, str(item), 1, 1, str(item), path, size, str(item), 0, 0, 1080, 0, False)


class House:
    """A household whose habits are known; its people are numbers."""

    def __init__(self, seed: int) -> None:
        past = live(seed, users=3, days=15, size=6e11)
        people = {user: str(at) for at, user in enumerate(sorted({play.user for play in past.plays}), 1)}
        self.catalogue = Catalogue.of(
            [replace(title, item=str(at)) for at, title in enumerate(past.catalogue.titles)]
        )
        plays = [replace(play, user=people[play.user]) for play in past.plays]
        wishes = [replace(wish, user=people[wish.user]) for wish in past.wishes if wish.user in people]
        self.now = plays[-1].at + 8 * 3600
        self.forecast = Forecast.of(self.catalogue, plays, wishes, self.now)

    def simulated(self, held: set[int], kept: set[int], capacity: int) -> foreseen.Plan:
        sizes = np.array(self.catalogue.sizes, dtype=np.float64)
        return foreseen.plan(self.forecast, self.now, sizes, held, kept, capacity)

    def planned(self, held: set[int], kept: set[int], capacity: int) -> CachePlan:
        prediction = Prediction(
            self.forecast, self.catalogue, Choices({}, frozenset({Source.PREDICTION})), self.now
        )
        told = [prediction.mention(one, {}) for one in prediction.likely()]
        files = {item: (_file(item, size),) for item, size in enumerate(self.catalogue.sizes)}
        known = Known(files, Shelf(Household((), (), (), (), ())), {}, {}, lambda file: Path(file.path))
        wants = [replace(one, accounts=frozenset()) for one in wants_of(told, prediction, known)]
        now = datetime.fromtimestamp(self.now, UTC)
        there = [
            Held(
                _path(item),
                self.catalogue.sizes[item],
                1,
                now - timedelta(hours=1 if item in kept else 99),
                item,
                False,
            )
            for item in held
        ]
        room = ARoom(TIER, capacity, sum(one.size for one in there))
        place = APlace(1, ROOT, ROOT, (TIER,))
        return plan(Wanted(tuple(wants)), there, [room], [place], SomeLimits(), PlanRules(), now)


HOUSES = {seed: House(seed) for seed in (31, 32)}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(HOUSES)), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_same_state_gives_the_same_plan(seed: int, twelfths: int, dice: int) -> None:
    """Half of what may come is there already, with some of what nobody expects; there is never room for all of it."""
    house, chance = HOUSES[seed], Random(dice)
    sizes = house.catalogue.sizes
    worthy = house.simulated(set(), set(), 1 << 50).copies
    held = {item for item in worthy if chance.random() < 0.5} | set(chance.sample(range(len(sizes)), 8))
    held |= {int(item) for item in house.forecast.expected(house.now, 3.0)[0] if chance.random() < 0.1}
    kept = {item for item in sorted(held) if chance.random() < 0.2}
    capacity = sum(sizes[item] for item in worthy) * twelfths // 12
    simulated = house.simulated(held, kept, capacity)
    planned = house.planned(held, kept, capacity)
    assert [one.want.file.item_id for one in planned.copies] == list(simulated.copies)
    assert {int(one.path.stem) for one in planned.returns} == {*simulated.drops, *simulated.unexpected}
    assert {int(one.path.stem) for one in planned.kept} == held - {*simulated.drops, *simulated.unexpected}
    going = [int(one.path.stem) for one in planned.returns]
    assert [item for item in going if item in simulated.drops] == list(simulated.drops)


def test_there_is_something_to_plan() -> None:
    """Else the plans of nothing would be the same."""
    made = HOUSES[31].simulated(set(), set(), 100 << 30)
    assert len(made.copies) > 10
    later = HOUSES[31].simulated(set(made.copies), set(), 20 << 30)
    assert len(later.drops) > 1
