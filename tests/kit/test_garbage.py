"""Searches for circular garbage are put off, and come back whoever ends last."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from projectionist.kit.garbage import unsearched


@pytest.fixture(autouse=True)
def _searches_stay_as_they_were() -> Iterator[None]:
    before = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if before else gc.disable)()


def test_nothing_is_searched_until_all_have_ended() -> None:
    first, second = unsearched(), unsearched()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_a_failure_ends_it_too() -> None:
    with pytest.raises(ZeroDivisionError), unsearched():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_who_searches_never_is_left_so() -> None:
    gc.disable()
    with unsearched():
        pass
    assert not gc.isenabled()
