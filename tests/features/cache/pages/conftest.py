"""Premises for the tests of the cache's pages."""

from __future__ import annotations

import pytest

from tests.features.cache.pages.serving import Premises
from tests.features.cache.stage import Stage


@pytest.fixture
def premises(stage: Stage) -> Premises:
    """One fast tier, and nothing on it."""
    return Premises(stage)
