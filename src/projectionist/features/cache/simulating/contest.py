"""The policies by name, each tried on the same past."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.simulating.clairvoyant import ClairvoyantPolicy
from projectionist.features.cache.simulating.foresight import ForesightPolicy
from projectionist.features.cache.simulating.on_deck import STANDARD, OnDeckPolicy, Rules, ScorePolicy
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


class Make(Protocol):
    """Makes a policy that replays a past; the rivals' follow `rules`."""

    def __call__(self, past: Past, rules: Rules = ..., /) -> Policy:
        """A policy that knows nothing yet."""


POLICIES: dict[PolicyName, Make] = {
    PolicyName.OURS: lambda past, rules=STANDARD: ForesightPolicy(past.catalogue),
    PolicyName.ONDECK: lambda past, rules=STANDARD: OnDeckPolicy(past.catalogue, rules),
    PolicyName.LRU: lambda past, rules=STANDARD: RecentPolicy(past.catalogue),
    PolicyName.SCORE: lambda past, rules=STANDARD: ScorePolicy(past.catalogue, rules),
    PolicyName.CLAIRVOYANT: lambda past, rules=STANDARD: ClairvoyantPolicy(past),
}


def simulate(
    past: Past, capacity: int, rate: int, policy: PolicyName | None = None, rules: Rules = STANDARD
) -> Iterator[Outcome]:
    """Replay `past` on a fast tier of `capacity` bytes, copying `rate` bytes a second; all policies without one."""
    for name, make in POLICIES.items():
        if policy in (None, name):
            yield Replay(past, make(past, rules), capacity, rate).run()
