"""How often an idle house looks into its queues: nothing wakes who looks, and each look costs."""

from __future__ import annotations

from pathlib import Path

from projectionist.app import House
from projectionist.jobs.ports import REST_S
from tests.api.house import opened

CLICKED = {"sync", "previews", "cache-now", "cache-rounds"}
"""Queues whose jobs somebody asks for and waits to see begin."""


def looks(house: House) -> dict[str, float]:
    """Every queue of the house, and how often processes look into it, as they are told."""
    durable = house.jobs._started()
    found = {name: durable._client.retrieve_queue(name) for name in house.jobs._specs}
    return {name: queue.polling_interval_sec for name, queue in found.items() if queue is not None}


def test_a_click_waits_a_second_at_most_and_queues_that_nobody_waits_for_rest_longer(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as house:
        found = looks(house.house)
        assert set(found) == set(house.house.jobs._specs)
    assert {name for name, rest_s in found.items() if rest_s == REST_S} == CLICKED
    assert max(found.values()) <= 5.0
    assert sum(1 / rest_s for rest_s in found.values()) < 7.0, "looks a second"
