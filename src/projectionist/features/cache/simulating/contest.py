"""The policies by name, each tried on the same past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.simulating.clairvoyant import ClairvoyantPolicy
from projectionist.features.cache.simulating.foresight import ForesightPolicy
from projectionist.features.cache.simulating.on_deck import OnDeckPolicy, ScorePolicy
from projectionist.features.cache.simulating.on_demand import RecentPolicy
from projectionist.features.cache.simulating.policy import Policy
from projectionist.features.cache.simulating.replay import Outcome, Replay


class PolicyName(StrEnum):
    """What can be simulated."""

    OURS = "ours"
    ONDECK = "ondeck"
    LRU = "lru"
    SCORE = "score"
    CLAIRVOYANT = "clairvoyant"


POLICIES: dict[PolicyName, Callable[[Past], Policy]] = {
    PolicyName.OURS: lambda past: ForesightPolicy(past.catalogue),
    PolicyName.ONDECK: lambda past: OnDeckPolicy(past.catalogue),
    PolicyName.LRU: lambda past: RecentPolicy(past.catalogue),
    PolicyName.SCORE: lambda past: ScorePolicy(past.catalogue),
    PolicyName.CLAIRVOYANT: ClairvoyantPolicy,
}


def simulate(past: Past, capacity: int, rate: int, policy: PolicyName | None = None) -> Iterator[Outcome]:
    """Replay `past` on a fast tier of `capacity` bytes, copying `rate` bytes a second; all policies without one."""
    for name, make in POLICIES.items():
        if policy in (None, name):
            yield Replay(past, make(past), capacity, rate).run()
