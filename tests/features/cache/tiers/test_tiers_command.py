"""Tiers, places and limits are set up on the command line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from projectionist.cli.main import app
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare
from projectionist.errors import InputWrong, NotFound, UsageWrong
from projectionist.features.cache.tiers.mounts import mount_of, mounts_here
from projectionist.features.library.models import LibraryRow, ServerAccountRow
from projectionist.features.servers.models import ServerRow
from tests.features.command import projectionist


@pytest.fixture
def disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A slow and a fast folder, and a data folder that knows a library of films."""
    mount = mount_of(tmp_path.resolve(), mounts_here())
    if mount is not None and mount.is_container:
        pytest.skip("the folders of this test lie in a container itself, where no tier can be")
    for name in ("slow", "fast"):
        (tmp_path / name).mkdir()
    (tmp_path / "data").mkdir(mode=0o700)
    database = Database(sqlite_url(tmp_path / "data" / "projectionist.sqlite"))
    prepare(database)
    now = datetime.now(UTC)
    with database.write() as session:
        session.add(ServerRow(id=1, kind="folder", name="Den", address="/x", identity="x", created_at=now))
        session.flush()
        session.add(LibraryRow(id=1, server_id=1, key="1", kind="movies", title="Films"))
        session.add(ServerAccountRow(id=7, server_id=1, key="7", name="Ada", is_owner=True))
    database.close()
    monkeypatch.setenv("PROJECTIONIST_DATA", str(tmp_path / "data"))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:], root.level = handlers, level


def cache(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["cache", *arguments])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def told(*arguments: str) -> Any:
    return json.loads(cache(*arguments, "--json"))


def test_a_tier_and_a_place_are_added_changed_listed_and_removed(disks: Path) -> None:
    assert "cache tiers add" in cache("tiers", "list")
    added = told("tiers", "add", str(disks / "fast"), "--name", "SSD", "--quota", "50GB", "--too-hot", "70")
    assert str(disks / "fast") in added["told"][0]
    tier = str(added["id"])
    place = told("places", "add", "1", str(disks / "slow"), "--tier", tier)
    assert any("one file system" in line for line in place["told"])
    told("tiers", "change", tier, "--min-free", "1.5%", "--quota", "0", "--name", "NVMe")
    (shown,) = told("tiers", "list")
    assert (shown["name"], shown["quota"], shown["min_free"], shown["too_hot_c"]) == ("NVMe", "", "1.5%", 70)
    assert shown["mounted"]
    assert shown["rule"] == "min_free"
    assert "what is to stay free" in cache("tiers", "list")
    assert [one["tiers"] for one in told("places", "list")] == [["NVMe"]]
    (disks / "fast").rename(disks / "pulled")
    assert "not mounted" in cache("tiers", "list")
    assert told("places", "remove", str(place["id"])) == {"id": place["id"], "removed": True}
    assert cache("tiers", "remove", tier) == "Removed.\n"
    assert told("places", "list") == told("tiers", "list") == []


def test_what_cannot_be_is_refused_in_words(disks: Path) -> None:
    with pytest.raises(InputWrong, match="at most 100 %"):
        cache("tiers", "add", str(disks / "fast"), "--usage", "120%")
    with pytest.raises(InputWrong, match="is not there"):
        cache("tiers", "add", str(disks / "nowhere"))
    with pytest.raises(NotFound):
        cache("tiers", "change", "9", "--copies", "2")
    tier = str(told("tiers", "add", str(disks / "fast"))["id"])
    ran = projectionist("cache", "places", "add", "1", disks / "slow", "--tier", tier, "--layout", "hardlink")
    assert ran.status == 2
    assert "'hardlink' is not one of 'symlink', 'union'" in ran.err
    with pytest.raises(InputWrong, match="no such library"):
        cache("places", "add", "5", str(disks / "slow"), "--tier", tier)
    assert told("places", "list") == []


def test_the_data_folder_is_no_tier_and_no_place_and_a_tier_is_added_once(disks: Path) -> None:
    with pytest.raises(InputWrong, match="where Projectionist keeps its own data"):
        cache("tiers", "add", str(disks / "data"))
    tier = str(told("tiers", "add", str(disks / "fast"), "--name", "SSD")["id"])
    with pytest.raises(InputWrong, match="is the tier SSD already"):
        cache("tiers", "add", str(disks / "fast"), "--name", "Other")
    with pytest.raises(InputWrong, match="keeps its own data"):
        cache("places", "add", "1", str(disks / "data"), "--tier", tier)
    ran = projectionist("cache", "tiers", "add", disks / "data")
    assert (ran.status, ran.out) == (2, "")
    assert "choose a folder outside of it" in ran.err


def test_a_served_folder_is_changed_in_what_is_said_and_in_nothing_else(disks: Path) -> None:
    (disks / "faster").mkdir()
    one = told("tiers", "add", str(disks / "fast"), "--name", "SSD")["id"]
    other = told("tiers", "add", str(disks / "faster"), "--name", "NVMe")["id"]
    place = told("places", "add", "1", str(disks / "slow"), "--tier", str(one), "--host-root", "/mnt/films")[
        "id"
    ]
    (before,) = told("places", "list")

    assert told("places", "change", str(place), "--sidecars", "all")["id"] == place
    assert told("places", "list") == [{**before, "sidecars": "all"}]
    cache("places", "change", str(place), "--tier", str(other), "--tier", str(one), "--arr-owned")
    (shown,) = told("places", "list")
    assert (shown["tiers"], shown["sidecars"], shown["slow_root"]) == (
        ["NVMe", "SSD"],
        "all",
        before["slow_root"],
    )
    with pytest.raises(InputWrong, match="players see the union's folder"):
        cache("places", "change", str(place), "--layout", "union")
    with pytest.raises(InputWrong, match="at least one fast tier"):
        cache("places", "change", str(place), "--tier", "99")
    with pytest.raises(NotFound, match="no such folder"):
        cache("places", "change", "99", "--sidecars", "none")
    assert told("places", "list") == [shown]


def test_limits_are_set_shown_and_taken_away(disks: Path) -> None:
    assert "Nothing is limited" in cache("tiers", "limit")
    cache("tiers", "limit", "50GB", "--any-item")
    cache("tiers", "limit", "2TB", "--library", "1")
    cache("tiers", "limit", "--account", "7", "--exclude")
    shown = cache("tiers", "limit")
    assert "any one item  50GB" in shown
    assert "library 1 Films  2TB" in shown
    assert "account 7 Ada  nothing" in shown
    left = told("tiers", "limit", "--account", "7")
    assert [(one["scope"], one["key"], one["most"]) for one in left] == [
        ("item", "", "50GB"),
        ("library", "1", "2TB"),
    ]
    for wrong in (["5GB"], ["--exclude"], ["5GB", "--library", "1", "--any-item"]):
        with pytest.raises(UsageWrong, match="one of --library"):
            cache("tiers", "limit", *wrong)
    with pytest.raises(InputWrong, match="as in 500GB"):
        cache("tiers", "limit", "lots", "--library", "1")
    for scope in ("--library", "--account", "--item"):
        with pytest.raises(InputWrong, match="no such library, person or item"):
            cache("tiers", "limit", "5GB", scope, "99")
    cache("tiers", "limit", "--library", "99")
