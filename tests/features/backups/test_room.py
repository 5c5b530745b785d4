"""Backups on a disk that is nearly full: they stop before the database beside them has nothing left to write on."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.features.backups.room import LEFT_FREE
from projectionist.opening import open_house
from projectionist.settings import load_settings
from tests.features.command import Ran, projectionist

ZEROS = bytes(1 << 20)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, left: int) -> Path:
    with (disk / "film.mkv").open("wb") as film:
        while shutil.disk_usage(disk).free > left:
            film.write(ZEROS)
            film.flush()
    return Path(film.name)


def grown(backup: Path) -> Path:
    """The same backup by its head, which goes on for 200 MB."""
    with backup.open("rb") as packed:
        head = packed.readline() + packed.readline()
    with backup.open("wb") as packed:
        packed.write(head)
        with gzip.GzipFile("", "wb", 1, packed) as content:
            for _ in range(200):
                content.write(ZEROS)
    return backup


@pytest.fixture
def data(disk: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder on that disk, started once; its database may be on a server elsewhere."""
    folder = disk / "data"
    if database_url.startswith("postgresql"):
        monkeypatch.setenv("PROJECTIONIST_DATABASE_URL", database_url)
    with open_house(load_settings(os.environ, {"data": str(folder)}), exclusive=True):
        pass
    return folder


def backup(data: Path) -> Ran:
    return projectionist("backup", "--json", "--data", data)


def test_none_is_begun_where_it_would_leave_too_little(data: Path, disk: Path) -> None:
    film = fill(disk, LEFT_FREE)
    ran = backup(data)
    assert ran.status != 0
    assert "None was made, and those that are there are kept: make room" in ran.err
    assert list((data / "backups").iterdir()) == []
    film.unlink()
    assert json.loads(backup(data).out)["trouble"] == ""


def test_one_that_grows_without_end_is_given_up_while_there_is_room(data: Path, disk: Path) -> None:
    path = grown(data / "backups" / json.loads(backup(data).out)["name"])
    before = {one: one.stat().st_size for one in disk.rglob("*")}
    ran = projectionist("restore", path, "--data", data)
    assert ran.status != 0
    assert "grows larger than the disk" in ran.err
    assert "nothing was changed" in ran.err
    assert {one: one.stat().st_size for one in disk.rglob("*")} == before
