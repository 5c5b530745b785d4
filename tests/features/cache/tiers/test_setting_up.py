"""Tiers and places are proved on the disk before they are saved, and nothing of the proof stays."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.cache.models import CopyRow, Layout
from projectionist.features.cache.spots import TIER, is_mounted
from projectionist.features.cache.tiers.caps import limits
from projectionist.features.cache.tiers.mounts import Mount
from projectionist.features.cache.tiers.places import Places
from projectionist.features.cache.tiers.setting_up import NewPlace, NewTier, Setup
from projectionist.features.library.models import LibraryRow
from projectionist.features.servers.models import ServerRow


@pytest.fixture
def disks(tmp_path: Path) -> Path:
    home = tmp_path / "disks"
    for name in ("slow/films", "fast", "faster"):
        (home / name).mkdir(parents=True)
    return home


@pytest.fixture
def setup(database: Database) -> Setup:
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(
            ServerRow(id=1, kind="plex", name="Den", address="http://den", identity="den", created_at=now)
        )
        session.flush()
        session.add(LibraryRow(id=1, server_id=1, key="1", kind="movies", title="Films"))
    return Setup(database, "here")


def tier(disks: Path, **more: Any) -> NewTier:
    return NewTier(**{"name": "SSD", "root": str(disks / "fast"), **more})


def place(disks: Path, *tiers: int, **more: Any) -> NewPlace:
    return NewPlace(**{"library_id": 1, "slow_root": str(disks / "slow"), "tier_ids": tiers, **more})


def names_below(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*")}


def test_a_tier_and_its_place_are_kept_and_their_folders_marked(
    setup: Setup, disks: Path, database: Database
) -> None:
    fast = setup.save_tier(tier(disks, quota="500GB", min_free="10 %", too_hot_c=70, copies=2)).id
    slow = setup.save_place(place(disks, fast)).id
    (found,) = Places(database, "here").all()
    assert (found.id, found.slow_root, found.view_root) == (slow, disks / "slow", disks / "slow")
    assert [(one.root, one.copies, one.too_hot_c) for one in found.tiers] == [(disks / "fast", 2, 70)]
    assert is_mounted(disks / "slow")
    assert is_mounted(disks / "fast")
    assert names_below(disks) == {"slow", "fast", "faster", "films", TIER}
    assert Places(database, "elsewhere").all() == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"root": "fast"}, "root"),
        ({"root": "/nowhere/at/all"}, "root"),
        ({"root": "/etc/hostname\0"}, "root"),
        ({"root": "/dev/null"}, "root"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"quota": "much"}, "quota"),
        ({"usage": "101%"}, "usage"),
        ({"min_free": "-5GB"}, "min_free"),
        ({"daily_writes": "10%"}, "daily_writes"),
        ({"copies": 0}, "copies"),
        ({"too_hot_c": 500}, "too_hot_c"),
        ({"position": -1}, "position"),
    ],
)
def test_what_is_no_tier_is_told_by_its_field(
    setup: Setup, disks: Path, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputWrong) as refused:
        setup.save_tier(tier(disks, **more))
    assert refused.value.field == field
    assert setup.tiers() == []
    assert names_below(disks) == {"slow", "fast", "faster", "films"}


def test_a_fast_folder_and_a_slow_one_never_lie_in_each_other(setup: Setup, disks: Path) -> None:
    fast = setup.save_tier(tier(disks)).id
    setup.save_place(place(disks, fast))
    for root in (disks, disks / "slow", disks / "slow" / "films"):
        with pytest.raises(InputWrong, match="lie in each other"):
            setup.save_tier(tier(disks, name="Other", root=str(root)))
    (disks / "fast" / "sub").mkdir()
    with pytest.raises(InputWrong, match="lie in each other"):
        setup.save_place(place(disks, fast, slow_root=str(disks / "fast" / "sub")))


def test_a_link_to_a_folder_is_that_folder(setup: Setup, disks: Path) -> None:
    (disks / "alias").symlink_to(disks / "slow")
    fast = setup.save_tier(tier(disks)).id
    setup.save_place(place(disks, fast, slow_root=str(disks / "alias")))
    assert setup.places()[0].slow_root == disks / "slow"
    with pytest.raises(InputWrong) as refused:
        setup.save_place(place(disks, fast))
    assert refused.value.field == "slow_root"


def test_a_folder_in_the_container_itself_is_refused(database: Database, disks: Path) -> None:
    overlay = Setup(database, "here", [Mount(Path("/"), "overlay", "overlay")])
    inside = Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
    if inside:
        with pytest.raises(InputWrong, match="container"):
            overlay.save_tier(tier(disks))
    else:
        assert "overlay" in overlay.save_tier(tier(disks)).told[0]


def test_what_has_files_on_it_is_neither_moved_nor_removed(
    setup: Setup, disks: Path, database: Database
) -> None:
    fast = setup.save_tier(tier(disks)).id
    slow = setup.save_place(place(disks, fast)).id
    with database.write() as session:
        session.add(
            CopyRow(
                layout="symlink",
                path=str(disks / "slow" / "a.mkv"),
                fast=str(disks / "fast" / "a.mkv"),
                fast_root=str(disks / "fast"),
                slow_root=str(disks / "slow"),
                link="",
                size=1,
                mtime_ns=0,
                node="here",
                at=datetime.now(UTC),
            )
        )
    with pytest.raises(Conflict):
        setup.remove_tier(fast)
    with pytest.raises(Conflict):
        setup.remove_place(slow)
    with pytest.raises(Conflict):
        setup.save_tier(tier(disks, root=str(disks / "faster")), fast)
    setup.save_tier(tier(disks, name="Renamed", quota="1TB"), fast)
    assert [one.name for one in setup.tiers()] == ["Renamed"]


def test_what_is_removed_is_served_no_more(setup: Setup, disks: Path) -> None:
    fast = setup.save_tier(tier(disks)).id
    slow = setup.save_place(place(disks, fast)).id
    setup.remove_tier(fast)
    assert setup.places()[0].tiers == ()
    setup.remove_place(slow)
    assert setup.places() == []
    with pytest.raises(NotFound):
        setup.remove_place(slow)
    with pytest.raises(NotFound):
        setup.remove_tier(fast)


def test_another_machine_s_tiers_are_not_changed_here(setup: Setup, disks: Path, database: Database) -> None:
    fast = setup.save_tier(tier(disks)).id
    elsewhere = Setup(database, "elsewhere")
    with pytest.raises(NotFound):
        elsewhere.remove_tier(fast)
    with pytest.raises(NotFound):
        elsewhere.save_tier(tier(disks, name="Mine"), fast)
    with pytest.raises(InputWrong):
        elsewhere.save_place(place(disks, fast))


def test_links_where_an_arr_keeps_its_files_are_warned_of(setup: Setup, disks: Path) -> None:
    fast = setup.save_tier(tier(disks)).id
    told = setup.save_place(place(disks, fast, arr_owned=True)).told
    assert any("union" in line for line in told)
    assert any("one file system" in line for line in told)


def test_two_branches_that_are_no_union_are_refused(setup: Setup, disks: Path) -> None:
    fast = setup.save_tier(tier(disks)).id
    (disks / "view").mkdir()
    wanted = place(disks, fast, layout=Layout.UNION, view_root=str(disks / "view"))
    with pytest.raises(InputWrong, match="not seen"):
        setup.save_place(wanted)
    with pytest.raises(InputWrong) as refused:
        setup.save_place(replace(wanted, view_root=""))
    assert refused.value.field == "view_root"
    assert names_below(disks) == {"slow", "fast", "faster", "films", "view", TIER}


@pytest.fixture
def union(disks: Path) -> Iterator[Path]:
    if shutil.which("mergerfs") is None or os.geteuid() != 0:
        pytest.skip("mergerfs is not installed, or we may not mount it")
    view = disks / "view"
    view.mkdir()
    options = "category.search=ff,cache.files=off,cache.entry=0,cache.attr=0,cache.negative_entry=0"
    command = ["mergerfs", "-o", options, f"{disks / 'fast'}:{disks / 'slow'}", str(view)]
    subprocess.run(command, check=True)
    yield view
    subprocess.run(["umount", "--lazy", str(view)], check=True)


def test_a_real_union_proves_itself_also_below_its_root(
    setup: Setup, disks: Path, union: Path, database: Database
) -> None:
    fast = setup.save_tier(tier(disks)).id
    wanted = place(
        disks, fast, layout=Layout.UNION, slow_root=str(disks / "slow/films"), view_root=str(union / "films")
    )
    told = setup.save_place(wanted).told
    assert any("mergerfs" in line for line in told)
    known = Places(database, "here")
    (found,) = known.all()
    spot = known.spot(found, union / "films" / "a" / "b.mkv", found.tiers[0])
    assert (spot.path, spot.fast) == (disks / "slow/films/a/b.mkv", disks / "fast/films/a/b.mkv")
    assert known.of(1, disks / "slow/films/x.mkv") == found
    assert known.of(1, disks / "slow/filmsx/x.mkv") is None
    assert known.of(2, union / "films/x.mkv") is None


def test_caps_are_set_and_taken_away(setup: Setup, database: Database) -> None:
    setup.save_cap("item", "", "50GB", excluded=False)
    setup.save_cap("library", "1", "2TB", excluded=False)
    setup.save_cap("account", "7", "", excluded=True)
    found = limits(database)
    assert found.item_most == 50 << 30
    assert found.libraries[1].most == 2 << 40
    assert found.accounts[7].excluded
    setup.save_cap("account", "7", "", excluded=False)
    assert limits(database).accounts == {}
    for scope, key, most in (("shelf", "1", "1GB"), ("library", "", "1GB"), ("account", "x", "1GB")):
        with pytest.raises(InputWrong):
            setup.save_cap(scope, key, most, excluded=False)
    with pytest.raises(InputWrong):
        setup.save_cap("library", "1", "a lot", excluded=False)
