"""What disks, clocks and people do to a file that nobody thought of."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from projectionist.errors import ProjectionistError, SwapRefused
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import let_go, look_after, recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.kit.swaps import FileCalls
from tests.features.cache.stage import Stage
from tests.features.cache.test_meanwhile import LAYOUTS, cached


def at_rest(house: Stage) -> bytes:
    path, content = cached(house)
    path.unlink()
    look_after(house.desk)
    return content


def test_a_clock_that_jumps_ahead_lets_nothing_go_before_a_day_in_which_it_is_set_right(
    house: Stage,
) -> None:
    at_rest(house)
    left, before = house.hidden(), house.clock.at
    house.clock.pass_by(days=9999)
    assert let_go(house.desk) == []
    house.clock.at = before + timedelta(days=1)
    assert let_go(house.desk) == []
    assert house.hidden() == left
    house.clock.pass_by(days=13)
    assert let_go(house.desk) == []
    house.clock.pass_by(days=1, hours=1)
    assert len(let_go(house.desk)) == 2
    assert house.hidden() == []


def test_who_looks_only_after_months_lets_go_a_day_later(house: Stage) -> None:
    at_rest(house)
    house.clock.pass_by(days=90)
    assert let_go(house.desk) == []
    house.clock.pass_by(days=1)
    assert len(let_go(house.desk)) == 2


class Recording(FileCalls):
    def __init__(self) -> None:
        self.synced: list[str] = []

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        if function is os.fsync:
            self.synced.append(str(Path(f"/proc/self/fd/{args[0]}").readlink()))
        if function.__name__ == "rename_with_flags":
            self.synced.append("rename")
        return super().run(function, *args, **kwargs)


def test_an_original_is_on_its_device_before_its_copy_has_a_name(stage: Stage) -> None:
    path, calls = stage.film(), Recording()
    assert cache_in(replace(stage.desk, calls=calls), stage.spot(path)) is Outcome.CACHED
    assert calls.synced.index(str(path)) < calls.synced.index("rename")


@pytest.fixture
def immutable() -> Iterator[list[Path]]:
    """Files put in here can be neither written, renamed nor removed until the test ends."""
    files: list[Path] = []
    yield files
    for file in files:
        subprocess.run(["chattr", "-i", str(file)], check=False, capture_output=True)


def freeze(file: Path, immutable: list[Path]) -> None:
    immutable.append(file)
    if (
        shutil.which("chattr") is None
        or subprocess.run(["chattr", "+i", str(file)], check=False, capture_output=True).returncode != 0
    ):
        pytest.skip("files cannot be made immutable here")


@LAYOUTS
def test_an_immutable_original_stays_where_it_is(house: Stage, immutable: list[Path], layout: Layout) -> None:
    path = house.film()
    content = path.read_bytes()
    freeze(path, immutable)
    with pytest.raises(ProjectionistError):
        cache_in(house.desk, house.spot(path, layout))
    assert (path.is_symlink(), path.read_bytes()) == (False, content)
    assert (house.hidden(), house.on_fast(), list(house.journal.unfinished())) == ([], [], [])


@LAYOUTS
def test_an_immutable_fast_copy_goes_when_it_can(house: Stage, immutable: list[Path], layout: Layout) -> None:
    path, content = cached(house, layout)
    freeze(house.spot(path).fast, immutable)
    with pytest.raises(ProjectionistError):
        move_back(house.desk, path)
    assert (path.is_symlink(), path.read_bytes()) == (False, content)
    assert recover(house.desk)[0].outcome is None
    subprocess.run(["chattr", "-i", str(house.spot(path).fast)], check=True)
    assert [done.outcome for done in recover(house.desk)] == [Outcome.HOME]
    assert (path.read_bytes(), house.hidden(), house.on_fast()) == (content, [], [])


@LAYOUTS
def test_only_plain_files_are_moved(house: Stage, layout: Layout) -> None:
    folder, pipe = house.slow / "folder.mkv", house.slow / "pipe.mkv"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe):
        with pytest.raises(SwapRefused, match="no plain file"):
            cache_in(house.desk, house.spot(path, layout))
    assert (house.hidden(), house.on_fast()) == ([], [])


def test_a_film_with_holes_comes_back_with_its_holes(house: Stage) -> None:
    path = house.film()
    with path.open("r+b") as file:
        file.truncate(5_000_000)
    content, blocks = path.read_bytes(), path.stat().st_blocks
    assert cache_in(house.desk, house.spot(path)) is Outcome.CACHED
    assert path.read_bytes() == content
    assert move_back(house.desk, path) is Outcome.HOME
    assert (path.read_bytes(), path.stat().st_blocks) == (content, blocks)


def test_a_folder_that_is_a_link_elsewhere_is_served_as_it_is(house: Stage, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (house.slow / "Show").symlink_to(elsewhere)
    path = house.film("Show/one.mkv")
    content = path.read_bytes()
    with pytest.raises(SwapRefused, match="does not really lie within"):
        cache_in(house.desk, house.spot(path))
    look_after(house.desk)
    assert path.read_bytes() == content
    assert (house.hidden(), house.on_fast()) == ([], [])


def test_a_folder_that_leads_into_the_fast_tier_is_refused(house: Stage) -> None:
    (house.fast / "Show").mkdir()
    (house.slow / "Show").symlink_to(house.fast / "Show")
    path = house.film("Show/one.mkv")
    with pytest.raises(SwapRefused):
        cache_in(house.desk, house.spot(path))
    assert path.is_file()
