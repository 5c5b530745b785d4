"""One copy at a time from a slow disk, as many as set onto a tier, and who is to go first goes first."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.features.cache.traffic.lanes import Lane, Lanes

DISK = Lane("disk 1")
TIER = Lane("tier 1", 2)


class Gone(Exception):
    """Nobody wants to wait any more."""


def give_up() -> None:
    raise Gone


@pytest.fixture
def lanes(database: Database, tmp_path: Path) -> Lanes:
    return Lanes(database, tmp_path, "here")


def test_one_copy_at_a_time_uses_a_slow_disk(lanes: Lanes) -> None:
    with lanes.held([DISK], urgent=False, wait=give_up):
        with pytest.raises(Gone), lanes.held([DISK], urgent=False, wait=give_up):
            pass
        with lanes.held([Lane("disk 2")], urgent=False, wait=give_up):
            pass
    with lanes.held([DISK], urgent=False, wait=give_up):
        pass


def test_a_tier_takes_as_many_as_it_is_set_to(lanes: Lanes) -> None:
    first, second, third = ([Lane(f"disk {number}"), TIER] for number in range(3))
    with lanes.held(first, urgent=False, wait=give_up), lanes.held(second, urgent=False, wait=give_up):
        with pytest.raises(Gone), lanes.held(third, urgent=False, wait=give_up):
            pass
        with lanes.held([Lane("disk 2")], urgent=False, wait=give_up):
            pass  # who did not get all has kept nothing


def test_lanes_are_kept_from_other_processes_too(lanes: Lanes, database: Database, tmp_path: Path) -> None:
    elsewhere = Lanes(database, tmp_path, "here")
    with (
        lanes.held([DISK], urgent=False, wait=give_up),
        pytest.raises(Gone),
        elsewhere.held([DISK], urgent=False, wait=give_up),
    ):
        pass
    with Lanes(database, tmp_path, "another").held([DISK], urgent=False, wait=give_up):
        pass


def test_who_waits_for_what_is_played_presses_and_gets_the_lane_next(lanes: Lanes) -> None:
    waits, got = threading.Event(), threading.Event()

    def wait() -> None:
        waits.set()
        threading.Event().wait(0.01)

    def urgently() -> None:
        with lanes.held([DISK, TIER], urgent=True, wait=wait):
            got.set()

    with lanes.held([DISK], urgent=False, wait=give_up):
        assert not lanes.are_pressed([DISK])
        thread = threading.Thread(target=urgently)
        thread.start()
        assert waits.wait(10)
        assert lanes.are_pressed([DISK])
        assert not lanes.are_pressed([Lane("disk 2")])
    assert got.wait(10)
    thread.join()
    assert not lanes.are_pressed([DISK])
