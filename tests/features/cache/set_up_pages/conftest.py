"""A house whose tiers and places are what its database says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from projectionist.features.cache.tiers.capacity import Capacity
from projectionist.features.cache.tiers.places import Places
from tests.features.cache.pages.serving import Premises
from tests.features.cache.stage import Stage


@pytest.fixture
def bare(stage: Stage) -> Premises:
    """Nothing is set up."""
    return real(Premises(stage, bare=True))


@pytest.fixture
def premises(stage: Stage) -> Premises:
    """One fast tier, and nothing on it."""
    return real(Premises(stage))


def real(made: Premises) -> Premises:
    """Its tiers and places are what its database says."""
    place = made.place
    places = Places(place.database, place.node)
    made.place = replace(
        place, places=places, capacity=Capacity(place.database, places, place.node, place.clock)
    )
    return made
