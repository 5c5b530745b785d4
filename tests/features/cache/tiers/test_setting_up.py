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
from projectionist.features.cache.tiers.mounts import Mount, mounts_here
from projectionist.features.cache.tiers.places import Places
from projectionist.features.cache.tiers.setting_up import NewPlace, NewTier, Setup
from projectionist.features.library.models import LibraryRow, ServerAccountRow
from projectionist.features.servers.models import ServerRow
from projectionist.kit.data_folder import OwnFolder


@pytest.fixture
def disks(tmp_path: Path) -> Path:
    home = tmp_path / "disks"
    for name in ("slow/films", "fast", "faster"):
        (home / name).mkdir(parents=True)
    return home


def disk_mounts() -> list[Mount]:
    """The mounts of this machine; in a container, as if its root were a disk."""
    disk = Mount(Path("/"), "ext4", "/dev/sda1")
    return [disk if mount.is_container else mount for mount in mounts_here()]


@pytest.fixture
def setup(database: Database) -> Setup:
    library(database)
    return Setup(database, "here", disk_mounts)


def library(database: Database) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(
            ServerRow(id=1, kind="plex", name="Den", address="http://den", identity="den", created_at=now)
        )
        session.flush()
        session.add(LibraryRow(id=1, server_id=1, key="1", kind="movies", title="Films"))


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
        with pytest.raises(InputWrong, match=r"lie in each other|fast and slow at once"):
            setup.save_tier(tier(disks, name="Other", root=str(root)))
    (disks / "fast" / "sub").mkdir()
    with pytest.raises(InputWrong, match="lie in each other"):
        setup.save_place(place(disks, fast, slow_root=str(disks / "fast" / "sub")))


def test_a_folder_by_a_link_is_that_folder_and_players_paths_lead_there(
    setup: Setup, disks: Path, database: Database
) -> None:
    (disks / "alias").symlink_to(disks / "slow")
    fast = setup.save_tier(tier(disks)).id
    setup.save_place(place(disks, fast, slow_root=str(disks / "alias")))
    (found,) = setup.places()
    assert (found.slow_root, found.view_root) == (disks / "slow", disks / "alias")
    known = Places(database, "here")
    for players in (disks / "alias/films/a.mkv", disks / "slow/films/a.mkv"):
        assert known.of(1, players) == found
        assert known.spot(found, players, found.tiers[0]).path == disks / "slow/films/a.mkv"
    with pytest.raises(InputWrong) as refused:
        setup.save_place(place(disks, fast))
    assert refused.value.field == "slow_root"
    (disks / "shortcut").symlink_to(disks / "slow" / "films")
    with pytest.raises(InputWrong, match="lie in each other"):
        setup.save_tier(tier(disks, name="Other", root=str(disks / "shortcut")))


def test_one_folder_mounted_at_two_places_is_found_out(setup: Setup, disks: Path) -> None:
    (disks / "again").mkdir()
    bind = ["mount", "--bind", str(disks / "slow"), str(disks / "again")]
    if os.geteuid() != 0 or subprocess.run(bind, check=False).returncode:
        pytest.skip("we may not mount")
    try:
        fast = setup.save_tier(tier(disks)).id
        setup.save_place(place(disks, fast))
        with pytest.raises(InputWrong, match="lie in each other"):
            setup.save_tier(tier(disks, name="Other", root=str(disks / "again" / "films")))
    finally:
        subprocess.run(["umount", disks / "again"], check=True)


def test_a_folder_in_the_container_itself_is_refused(database: Database, disks: Path) -> None:
    inside = Mount(Path("/"), "overlay", "overlay")
    with pytest.raises(InputWrong, match="container itself") as refused:
        Setup(database, "here", lambda: [inside]).save_tier(tier(disks))
    assert refused.value.field == "root"
    bound = Mount(disks / "fast", "xfs", "/dev/nvme0n1p1")
    setup = Setup(database, "here", lambda: [inside, bound])
    assert "the xfs of /dev/nvme0n1p1" in setup.save_tier(tier(disks)).told[0]
    with pytest.raises(InputWrong, match="container itself") as refused:
        setup.save_place(place(disks, setup.tiers()[0].id))
    assert refused.value.field == "slow_root"


@pytest.mark.parametrize(("kind", "word"), [("nfs4", "network"), ("tmpfs", "memory"), ("fuse.shfs", "union")])
def test_what_is_mounted_at_a_fast_folder_is_told(
    database: Database, disks: Path, kind: str, word: str
) -> None:
    setup = Setup(database, "here", lambda: [Mount(disks, kind, "somewhere")])
    told = setup.save_tier(tier(disks)).told
    assert kind in told[0]
    assert any(word in line for line in told[1:])


def test_links_on_a_union_are_warned_of_and_what_is_no_known_union_too(
    database: Database, disks: Path
) -> None:
    setup = Setup(database, "here", lambda: [Mount(disks, "fuse.shfs", "shfs")])
    library(database)
    fast = setup.save_tier(tier(disks)).id
    assert any("Name the slow branch" in line for line in setup.save_place(place(disks, fast)).told)


def test_a_drive_whose_heat_nobody_tells_and_one_with_two_tiers_are_told(setup: Setup, disks: Path) -> None:
    setup.save_tier(tier(disks))
    told = setup.save_tier(tier(disks, name="Second", root=str(disks / "faster"), too_hot_c=60)).told
    assert any("shares its drive with SSD" in line for line in told)


def test_a_tier_that_is_refused_leaves_no_mark(setup: Setup, disks: Path) -> None:
    setup.save_tier(tier(disks))
    with pytest.raises(InputWrong) as refused:
        setup.save_tier(tier(disks, root=str(disks / "faster")))
    assert refused.value.field == "name"
    assert not is_mounted(disks / "faster")


def test_what_cannot_be_written_is_no_tier(setup: Setup, disks: Path) -> None:
    with pytest.raises(InputWrong) as refused:
        setup.save_tier(tier(disks, root="/proc/self"))  # where even root makes no file
    assert refused.value.field == "root"


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
    elsewhere = Setup(database, "elsewhere", disk_mounts)
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


def mounted(disks: Path, branches: str, options: str) -> Iterator[Path]:
    if shutil.which("mergerfs") is None or os.geteuid() != 0:
        pytest.skip("mergerfs is not installed, or we may not mount it")
    view = disks / "view"
    view.mkdir(exist_ok=True)
    subprocess.run(["mergerfs", "-o", options, branches, str(view)], check=True)
    yield view
    subprocess.run(["umount", "--lazy", str(view)], check=True)


@pytest.fixture(params=["category.search=ff,cache.entry=0,cache.attr=0", "defaults"])
def union(disks: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """With nothing remembered, and as people have it: names are remembered for a second."""
    yield from mounted(disks, f"{disks / 'fast'}:{disks / 'slow'}", request.param)


@pytest.fixture
def half(disks: Path) -> Iterator[Path]:
    """A union that has no fast branch."""
    (disks / "other").mkdir()
    yield from mounted(disks, f"{disks / 'other'}:{disks / 'slow'}", "defaults")


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


def test_a_union_without_the_fast_branch_is_refused(setup: Setup, disks: Path, half: Path) -> None:
    fast = setup.save_tier(tier(disks)).id
    films = {"slow_root": str(disks / "slow/films"), "view_root": str(half / "films")}
    with pytest.raises(InputWrong, match="not seen") as refused:
        setup.save_place(place(disks, fast, layout=Layout.UNION, **films))
    assert refused.value.field == "tier_ids"
    assert names_below(disks / "fast") == {TIER}
    assert names_below(disks / "slow") == {"films"}


def test_a_cap_of_no_number_is_refused(setup: Setup, database: Database) -> None:
    for key in ("9" * 30, "\u00b2", "-1"):
        with pytest.raises(InputWrong):
            setup.save_cap("item", key, "1GB", excluded=False)
    assert (limits(database).items, limits(database).libraries) == ({}, {})


def test_caps_are_set_and_taken_away(setup: Setup, database: Database) -> None:
    with database.write() as session:
        session.add(ServerAccountRow(id=7, server_id=1, key="7", name="Ada"))
    setup.save_cap("item", "", "50GB", excluded=False)
    setup.save_cap("library", "1", "2TB", excluded=False)
    setup.save_cap("account", "7", "", excluded=True)
    found = limits(database)
    assert found.item_most == 50 << 30
    assert found.libraries[1].most == 2 << 40
    assert found.accounts[7].excluded
    setup.save_cap("account", "7", "", excluded=False)
    assert limits(database).accounts == {}
    setup.save_cap("library", "1", "0", excluded=False)
    assert limits(database).libraries == {}
    for scope, key, most in (
        *(("shelf", "1", "1GB"), ("library", "", "1GB"), ("account", "x", "1GB")),
        *(
            ("library", "²", "1GB"),
            ("library", "٣", "1GB"),
            ("item", "007", "1GB"),
            ("item", "1" * 10, "1GB"),
        ),
    ):
        with pytest.raises(InputWrong):
            setup.save_cap(scope, key, most, excluded=False)
    with pytest.raises(InputWrong, match="Nothing would be cached"):
        setup.save_cap("item", "", "", excluded=True)
    assert limits(database).items == limits(database).libraries == {}
    with pytest.raises(InputWrong):
        setup.save_cap("library", "1", "a lot", excluded=False)


def test_a_tier_that_is_added_twice_is_told_by_its_name(setup: Setup, disks: Path) -> None:
    setup.save_tier(tier(disks))
    (disks / "other").symlink_to(disks / "fast")
    for spelled in ("fast", "fast/", "other"):
        with pytest.raises(InputWrong, match="is the tier SSD already") as refused:
            setup.save_tier(tier(disks, name="Second", root=str(disks / spelled)))
        assert refused.value.field == "root"
    assert len(setup.tiers()) == 1


def test_a_served_folder_that_is_a_tier_is_told_apart_from_one_within_a_tier(
    setup: Setup, disks: Path
) -> None:
    fast = setup.save_tier(tier(disks)).id
    (disks / "fast" / "films").mkdir()
    with pytest.raises(InputWrong, match="cannot be fast and slow at once"):
        setup.save_place(place(disks, fast, slow_root=str(disks / "fast")))
    with pytest.raises(InputWrong, match="lie in each other"):
        setup.save_place(place(disks, fast, slow_root=str(disks / "fast" / "films")))


@pytest.fixture
def minding(database: Database, disks: Path) -> Setup:
    """Where the data folder lies beside the disks."""
    library(database)
    for name in ("previews", "demo-house/films/Films", "demo-house/fast"):
        (disks / "data" / name).mkdir(parents=True)
    return Setup(database, "here", disk_mounts, OwnFolder(disks / "data"))


@pytest.mark.parametrize("inside", ["data", "data/previews", "data/../data/previews"])
def test_no_tier_and_no_place_lies_in_the_data_folder(minding: Setup, disks: Path, inside: str) -> None:
    with pytest.raises(InputWrong, match="where Projectionist keeps its own data") as refused:
        minding.save_tier(tier(disks, root=str(disks / inside)))
    assert refused.value.field == "root"
    fast = minding.save_tier(tier(disks)).id
    with pytest.raises(InputWrong, match="keeps its own data") as refused:
        minding.save_place(place(disks, fast, slow_root=str(disks / inside)))
    assert refused.value.field == "slow_root"
    assert names_below(disks / "data") == {"previews", "demo-house", "films", "Films", "fast"}


def test_no_place_holds_the_data_folder(minding: Setup, disks: Path) -> None:
    fast = minding.save_tier(tier(disks)).id
    with pytest.raises(InputWrong, match=f"{disks} holds {disks}/data") as refused:
        minding.save_place(place(disks, fast, slow_root=str(disks)))
    assert refused.value.field == "slow_root"


def test_the_only_fast_disk_may_be_a_tier_though_the_data_folder_is_on_it(
    minding: Setup, disks: Path
) -> None:
    minding.save_tier(tier(disks, root=str(disks)))
    assert (disks / TIER).exists()


def test_a_link_into_the_data_folder_is_no_way_around(minding: Setup, disks: Path) -> None:
    (disks / "link").symlink_to(disks / "data" / "previews")
    with pytest.raises(InputWrong, match="keeps its own data"):
        minding.save_tier(tier(disks, root=str(disks / "link")))


def test_the_films_of_a_demo_house_are_served_though_they_lie_in_the_data_folder(
    minding: Setup, disks: Path
) -> None:
    fast = minding.save_tier(tier(disks, root=str(disks / "data/demo-house/fast"))).id
    minding.save_place(place(disks, fast, slow_root=str(disks / "data/demo-house/films")))
    assert len(minding.places()) == 1
