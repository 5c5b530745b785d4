from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.db.engine import Database
from projectionist.features.cache.tiers.capacity import Capacity, Drive, Room, room_of, share
from projectionist.features.cache.tiers.marking import mark_tier
from projectionist.features.cache.tiers.mounts import Mount
from projectionist.features.cache.tiers.places import FastTier, Places
from projectionist.features.cache.tiers.rules import Rules, amount
from projectionist.features.cache.tiers.setting_up import NewTier, Setup

GB = 1 << 30


def room(ours: int = 100, free: int = 400, total: int = 1000, coming: int = 0, **rules: Any) -> Room:
    """On a drive of `total` GB, of which `free` are free and `ours` are ours."""
    made = Rules(
        amount(rules.get("quota", "")), amount(rules.get("usage", "")), amount(rules.get("min_free", ""))
    )
    tier = FastTier(1, "SSD", "here", Path("/fast"), "", 0, made, None, None, 1)
    return room_of(tier, ours * GB, Drive(total * GB, free * GB), coming * GB)


@pytest.mark.parametrize(
    ("rules", "rule", "left"),
    [
        ({}, "drive", 400),
        ({"quota": "150"}, "quota", 50),
        ({"quota": "150GB", "min_free": "390"}, "min_free", 10),
        ({"usage": "70%"}, "usage", 100),
        ({"usage": "70%", "quota": "1TB"}, "usage", 100),
        ({"min_free": "10%"}, "min_free", 300),
        ({"quota": "50"}, "quota", -50),
        ({"usage": "50%"}, "usage", -100),
        ({"min_free": "600"}, "min_free", -100),
    ],
)
def test_the_tightest_rule_wins_and_is_named(rules: dict[str, Any], rule: str, left: int) -> None:
    found = room(**rules)
    assert (found.rule, found.left) == (rule, left * GB)


def test_room_for_what_is_being_copied_is_not_given_away_twice() -> None:
    assert room(ours=50, free=60, coming=50).left == 10 * GB
    assert room(ours=50, free=60, coming=50, min_free="15").left == -5 * GB
    assert room(ours=50, free=60, coming=50, quota="55").left == 5 * GB


@given(
    total=st.integers(1, 10_000),
    ours=st.integers(0, 5_000),
    free=st.integers(0, 5_000),
    quota=st.integers(0, 5_000),
    least=st.integers(0, 5_000),
)
def test_what_is_left_keeps_every_rule(total: int, ours: int, free: int, quota: int, least: int) -> None:
    total = max(total, ours + free)
    found = room(ours, free, total, quota=str(quota), min_free=str(least))
    if found.left > 0:
        assert found.left <= free * GB
        assert quota == 0 or ours * GB + found.left <= quota * GB
        assert least == 0 or free * GB - found.left >= least * GB


@pytest.fixture
def capacity(database: Database, tmp_path: Path) -> Callable[..., tuple[Capacity, FastTier]]:
    def made(**more: Any) -> tuple[Capacity, FastTier]:
        (tmp_path / "fast").mkdir()
        setup = Setup(database, "here")
        setup.save_tier(NewTier("SSD", str(tmp_path / "fast"), **more))
        places = Places(database, "here")
        made = Capacity(database, places, "here", Noon(), lambda _root: 71.0)
        return made, places.tiers()[0]

    return made


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


def test_a_day_s_writes_end_at_the_limit(capacity: Callable[..., tuple[Capacity, FastTier]]) -> None:
    rooms, tier = capacity(daily_writes="10GB")
    rooms.note_written(tier, 6 * GB)
    assert rooms.may_write(tier, 4 * GB) is None
    rooms.note_written(tier, 3 * GB)
    assert "9.0 GB were written today" in (rooms.may_write(tier, 2 * GB) or "")


def test_what_several_write_at_a_time_is_added_up(
    capacity: Callable[..., tuple[Capacity, FastTier]], database: Database
) -> None:
    rooms, tier = capacity(daily_writes="1GB")

    def write() -> None:
        for _ in range(25):
            rooms.note_written(tier, 1 << 20)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert "100.0 MB were written today" in (rooms.may_write(tier, 1 << 30) or "")


def test_a_hot_drive_gets_nothing(capacity: Callable[..., tuple[Capacity, FastTier]]) -> None:
    rooms, tier = capacity(too_hot_c=70)
    assert "71 °C" in (rooms.may_write(tier, 1) or "")


def test_a_drive_that_is_away_has_no_room(
    capacity: Callable[..., tuple[Capacity, FastTier]], tmp_path: Path
) -> None:
    rooms, tier = capacity()
    assert len(rooms.rooms()) == 1
    (tmp_path / "fast").rename(tmp_path / "unplugged")
    assert rooms.rooms() == []
    assert "not mounted" in (rooms.may_write(tier, 1) or "")
    (tmp_path / "fast").mkdir()
    assert rooms.rooms() == []
    mark_tier(tmp_path / "fast")
    assert len(rooms.rooms()) == 1


def test_a_mark_without_a_drive_that_answers_is_no_room(
    capacity: Callable[..., tuple[Capacity, FastTier]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms, _ = capacity()

    def fails(_path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.statvfs", fails)
    assert rooms.rooms() == []


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 900), st.integers(0, 900)), min_size=2, max_size=4
    ),
    st.integers(0, 900),
)
def test_tiers_of_one_drive_never_take_more_than_it_has_together(
    tiers: list[tuple[int, int, int]], free: int
) -> None:
    total = sum(ours for ours, _, _ in tiers) + free + 1
    rooms = [room(ours, free, total, quota=str(quota), min_free=str(least)) for ours, quota, least in tiers]
    slacks = [room(ours, free, total, min_free=str(least)).left for ours, _, least in tiers]
    shared = share(rooms, slacks)
    coming = sum(max(0, one.limit - one.ours) for one in shared)
    for one, alone, (_, quota, least) in zip(shared, rooms, tiers, strict=True):
        assert min(alone.left, 0) <= one.limit - one.ours <= max(alone.left, 0)
        if one.limit > one.ours:
            assert coming <= free * GB
            assert least == 0 or free * GB - coming >= least * GB
            assert quota == 0 or one.limit <= quota * GB


def test_two_tiers_on_one_drive_share_what_is_free(database: Database, tmp_path: Path) -> None:
    setup = Setup(database, "here")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        setup.save_tier(NewTier(name, str(tmp_path / name)))
    rooms = Capacity(database, Places(database, "here"), "here", Noon()).rooms()
    assert [found.tier.name for found in rooms] == ["one", "two"]
    assert sum(found.limit for found in rooms) <= max(found.drive_free for found in rooms)
    assert all(found.left > found.limit > 0 for found in rooms)


@pytest.mark.parametrize(("kind", "source"), [("btrfs", "/dev/sda1"), ("zfs", "pool/{}")])
def test_parts_of_one_pool_are_one_drive(database: Database, tmp_path: Path, kind: str, source: str) -> None:
    setup, places = Setup(database, "here"), Places(database, "here")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        setup.save_tier(NewTier(name, str(tmp_path / name)))
    parts = [Mount(tmp_path / name, kind, source.format(name)) for name in ("one", "two")]
    rooms = Capacity(database, places, "here", Noon(), mounts=lambda: parts).rooms()
    assert all(found.left > found.limit for found in rooms)
    apart = [Mount(tmp_path / name, "btrfs", f"/dev/{name}") for name in ("one", "two")]
    rooms = Capacity(database, places, "here", Noon(), mounts=lambda: apart).rooms()
    assert all(found.left == found.limit for found in rooms)
