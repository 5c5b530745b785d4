"""What is cached and gets another path, or whose item gets another file: told apart, and nothing is dropped unseen."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from projectionist.errors import ServerUnreachable
from projectionist.features.cache.journal import Journal
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import look_after
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.swapping import cache_in, move_back
from tests.features.cache.stage import Stage
from tests.features.cache.test_swap_states import Died, Dying

LAYOUTS = pytest.mark.parametrize("layout", Layout)
ITEM = 7


def cached(stage: Stage, layout: Layout, name: str = "Show/Season 1/one.mkv") -> tuple[Path, bytes]:
    path = stage.film(name)
    content = path.read_bytes()
    stage.lists.files[ITEM] = {path}
    assert cache_in(stage.desk, stage.spot(path, layout), item_id=ITEM) is Outcome.CACHED
    return path, content


def rename(stage: Stage, layout: Layout, old: str, new: str) -> Path:
    """As an *arr does through the servers' view: a union renames on every branch that has the name."""
    for root in (stage.slow, stage.fast) if layout is Layout.UNION else (stage.slow,):
        if os.path.lexists(root / old):
            (root / new).parent.mkdir(parents=True, exist_ok=True)
            (root / old).rename(root / new)
    return stage.slow / new


def shown(stage: Stage, layout: Layout, path: Path) -> bytes:
    fast = stage.spot(path).fast
    return (fast if layout is Layout.UNION and fast.exists() else path).read_bytes()


def reasons(stage: Stage) -> set[str]:
    return {row.reason for row in stage.journal.at_rest()}


def outcomes(stage: Stage) -> list[Outcome | None]:
    return [done.outcome for done in look_after(stage.desk)]


@LAYOUTS
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Show/Season 1/one.mkv", "Show/Season 1/One - Pilot.mkv"),
        ("Show/Season 1/one.mkv", "Show/Season 01/one.mkv"),
        ("Show/Season 1", "Show/Season 01"),
        ("Show", "Show (2001) {tvdb-1}"),
    ],
)
def test_a_renamed_path_goes_on_leading_to_the_fast_disk(
    house: Stage, layout: Layout, old: str, new: str
) -> None:
    path, content = cached(house, layout)
    renamed = rename(house, layout, old, new)
    if path.name == "one.mkv" and not new.endswith(".mkv"):
        renamed = house.slow / new / path.relative_to(house.slow / old)
    assert outcomes(house) == [Outcome.RENAMED]
    assert shown(house, layout, renamed) == content
    assert not path.exists()
    assert house.journal.cached(path) is None
    assert house.journal.cached(renamed) is not None
    assert outcomes(house) == []
    assert move_back(house.desk, renamed) is Outcome.HOME
    assert (renamed.is_symlink(), renamed.read_bytes()) == (False, content)
    assert house.hidden() == []
    assert not any((house.fast / name).is_file() for name in house.on_fast())


def test_a_path_that_was_moved_to_another_folder_is_found_where_its_server_lists_it(house: Stage) -> None:
    _, content = cached(house, Layout.SYMLINK)
    (house.slow / "Show" / "Season 2").mkdir()
    renamed = rename(house, Layout.SYMLINK, "Show/Season 1/one.mkv", "Elsewhere/one.mkv")
    house.lists.files[ITEM] = {renamed}
    assert outcomes(house) == [Outcome.RENAMED]
    assert renamed.read_bytes() == content
    assert move_back(house.desk, renamed) is Outcome.HOME
    assert house.hidden() == []


@LAYOUTS
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_following_a_renamed_path_can_be_cut_anywhere(house: Stage, layout: Layout, after: bool) -> None:
    path, content = cached(house, layout)
    for number in range(1, 9):
        renamed = rename(house, layout, str(path.relative_to(house.slow)), f"Show/Season 1/{number}.mkv")
        calls = Dying(number, after=after, plain=False, fast=house.fast, room=1 << 30)
        with suppress(Died):
            look_after(replace(house.desk, calls=calls))
        again = Journal(house.database, house.clock, "here")
        look_after(replace(house.desk, journal=again))
        assert shown(house, layout, renamed) == content
        assert again.cached(renamed) is not None
        assert not again.unfinished()
        assert len(house.hidden()) == 1
        path = renamed
    assert move_back(house.desk, path) is Outcome.HOME
    assert (house.hidden(), house.on_fast()) == ([], [])


@LAYOUTS
def test_an_upgrade_under_another_name_is_an_upgrade_and_no_deletion(house: Stage, layout: Layout) -> None:
    path, content = cached(house, layout)
    (house.spot(path).fast if layout is Layout.UNION else path).unlink()
    better = house.film("Show/Season 1/one.2160p.mkv", b"the better version")
    house.lists.files[ITEM] = {better}
    assert outcomes(house) == [Outcome.UPGRADED]
    assert better.read_bytes() == b"the better version"
    assert not path.exists()
    rests = [Path(row.resting).read_bytes() for row in house.journal.at_rest()]
    assert rests == [content] * (1 if layout is Layout.UNION else 2)
    assert reasons(house) == {"upgraded"}


def test_an_upgrade_that_the_server_lists_only_later_is_told_then(stage: Stage) -> None:
    path, _ = cached(stage, Layout.SYMLINK)
    path.unlink()
    stage.lists.files[ITEM] = set()
    assert outcomes(stage) == [Outcome.RESTING]
    assert reasons(stage) == {"deleted"}
    better = stage.film("Show/Season 1/one.2160p.mkv", b"the better version")
    stage.lists.failure = ServerUnreachable("It is off.")
    assert outcomes(stage) == []
    stage.lists.failure, stage.lists.files[ITEM] = None, {better}
    assert outcomes(stage) == [Outcome.UPGRADED]
    assert reasons(stage) == {"upgraded"}
    assert outcomes(stage) == []


@LAYOUTS
@pytest.mark.parametrize("what", ["Show", "Show/Season 1/one.mkv"])
@pytest.mark.parametrize("into", [".recycle", "#recycle", "Recycle Bin"])
def test_what_goes_to_a_recycle_bin_was_deleted_and_is_not_followed(
    house: Stage, layout: Layout, what: str, into: str
) -> None:
    path, content = cached(house, layout)
    house.lists.files[ITEM] = set()
    rename(house, layout, what, f"{into}/{what}")
    assert outcomes(house) == [Outcome.RESTING]
    assert house.journal.cached(path) is None
    assert not path.exists()
    files = [file for file in house.home.rglob("*") if file.is_file() and not file.is_symlink()]
    assert content in [file.read_bytes() for file in files]
    assert reasons(house) <= {"deleted"}


def test_the_other_version_of_an_item_is_no_upgrade(house: Stage) -> None:
    path, other = house.film(), house.film("Film (2001)/Film (2001) 4K.mkv")
    house.lists.files[ITEM] = {path, other}
    cache_in(house.desk, house.spot(path), item_id=ITEM)
    path.unlink()
    house.lists.files[ITEM] = {other}
    assert outcomes(house) == [Outcome.RESTING]
    assert reasons(house) == {"deleted"}


def test_what_became_of_a_path_is_not_guessed_while_its_server_cannot_be_asked(house: Stage) -> None:
    path, content = cached(house, Layout.SYMLINK)
    path.unlink()
    house.lists.failure = ServerUnreachable("It is off.")
    (settled,) = look_after(house.desk)
    assert (settled.outcome, settled.reason) == (None, "It is off.")
    assert house.spot(path).fast.read_bytes() == content
    house.lists.failure = None
    assert outcomes(house) == [Outcome.RESTING]
