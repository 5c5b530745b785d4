"""What others do to a file while it is on the fast disk, and what becomes of it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from projectionist.errors import AlreadyAtWork, SwapRefused
from projectionist.features.cache.journal import Journal
from projectionist.features.cache.models import Kind, Layout
from projectionist.features.cache.recovering import (
    hide_returned,
    let_go,
    look_after,
    rebuild,
    recover,
    return_all,
)
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import TIER, Content, is_mounted
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.features.cache.tiers.marking import mark_tier
from tests.features.cache.stage import OLD, Stage

LAYOUTS = pytest.mark.parametrize("layout", Layout)


def cached(stage: Stage, layout: Layout = Layout.SYMLINK) -> tuple[Path, bytes]:
    path = stage.film()
    content = path.read_bytes()
    assert cache_in(stage.desk, stage.spot(path, layout)) is Outcome.CACHED
    return path, content


def at_rest(stage: Stage) -> dict[str, list[bytes]]:
    """The contents at rest on each tier; every hidden file is known to rest."""
    rests = [Path(row.resting) for row in stage.journal.at_rest()]
    assert sorted(str(rest.relative_to(stage.home)) for rest in rests) == stage.hidden()
    return {
        root.name: [rest.read_bytes() for rest in rests if rest.is_relative_to(root)]
        for root in (stage.slow, stage.fast)
    }


def replace_by_rename(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.rename(path)


def test_all_as_it_was_left_is_left_alone(stage: Stage) -> None:
    path, content = cached(stage)
    assert look_after(stage.desk) == []
    assert path.read_bytes() == content
    assert path.is_symlink()


@LAYOUTS
def test_an_upgrade_stays_and_what_it_replaced_rests(house: Stage, layout: Layout) -> None:
    path, content = cached(house, layout)
    replace_by_rename(path, b"the better version")
    assert [(done.path, done.outcome) for done in look_after(house.desk)] == [(path, Outcome.RESTING)]
    assert path.read_bytes() == b"the better version"
    assert at_rest(house) == {"slow": [content], "fast": [content]}
    assert house.journal.cached(path) is None
    assert cache_in(house.desk, house.spot(path, layout)) is Outcome.CACHED
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.read_bytes() == b"the better version"


def test_an_upgrade_is_also_seen_by_whoever_moves_the_file_back(house: Stage) -> None:
    path, content = cached(house)
    replace_by_rename(path, b"the better version")
    assert move_back(house.desk, path) is Outcome.RESTING
    assert path.read_bytes() == b"the better version"
    assert at_rest(house) == {"slow": [content], "fast": [content]}


@LAYOUTS
def test_what_was_written_through_the_path_is_the_newest_and_goes_back(house: Stage, layout: Layout) -> None:
    path, content = cached(house, layout)
    fast = house.spot(path).fast
    fast.chmod(0o640)
    with fast.open("ab") as file:
        file.write(b" with subtitles")
    assert look_after(house.desk) == []
    assert move_back(house.desk, path) is Outcome.HOME
    assert not path.is_symlink()
    assert path.read_bytes() == content + b" with subtitles"
    assert path.stat().st_mode & 0o777 == 0o640
    assert at_rest(house) == {"slow": [content], "fast": []}


def test_a_change_that_hides_its_time_and_size_is_seen_by_its_content(house: Stage) -> None:
    path, content = cached(house)
    fast = house.spot(path).fast
    fast.write_bytes(b"?" + content[1:])
    os.utime(fast, ns=(OLD, OLD))
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.read_bytes() == b"?" + content[1:]


def test_new_rights_alone_are_no_new_content(house: Stage) -> None:
    path, _ = cached(house)
    house.spot(path).fast.chmod(0o600)
    assert move_back(house.desk, path) is Outcome.HOME
    assert house.hidden() == []


@LAYOUTS
def test_what_was_deleted_rests_for_fourteen_days_and_is_not_restored(house: Stage, layout: Layout) -> None:
    path, content = cached(house, layout)
    (house.spot(path).fast if layout is Layout.UNION else path).unlink()
    assert [done.outcome for done in look_after(house.desk)] == [Outcome.RESTING]
    assert not path.exists()
    on_fast = [] if layout is Layout.UNION else [content]
    assert at_rest(house) == {"slow": [content], "fast": on_fast}
    house.clock.pass_by(days=13, hours=23)
    assert let_go(house.desk) == []
    house.clock.pass_by(hours=2)
    assert len(let_go(house.desk)) == 1 + len(on_fast)
    assert house.hidden() == []
    assert not house.journal.at_rest()


def test_where_the_whole_folder_was_deleted_the_fast_copy_rests(house: Stage) -> None:
    path, content = cached(house)
    shutil.rmtree(path.parent)
    assert [done.outcome for done in look_after(house.desk)] == [Outcome.RESTING]
    assert at_rest(house) == {"slow": [], "fast": [content]}


def test_a_path_that_others_link_elsewhere_is_left_alone(house: Stage) -> None:
    path, content = cached(house)
    other = house.film("other.mkv")
    path.unlink()
    path.symlink_to(other)
    assert [done.outcome for done in look_after(house.desk)] == [Outcome.RESTING]
    assert path.readlink() == other
    assert at_rest(house) == {"slow": [content], "fast": [content]}


@LAYOUTS
def test_a_fast_drive_that_is_pulled_costs_nothing(house: Stage, layout: Layout) -> None:
    path, content = cached(house, layout)
    house.pull()
    assert [done.outcome for done in look_after(house.desk)] == [Outcome.HOME]
    assert path.read_bytes() == content
    assert not path.is_symlink()
    house.plug()
    replace_by_rename(path, b"newer by now")
    assert len(hide_returned(house.desk)) == 1
    assert not house.spot(path).fast.exists()
    assert at_rest(house) == {"slow": [], "fast": [content]}
    assert cache_in(house.desk, house.spot(path, layout)) is Outcome.CACHED
    assert hide_returned(house.desk) == []


def test_a_new_drive_in_place_of_a_dead_one_begins_empty(house: Stage) -> None:
    path, content = cached(house)
    house.pull()
    look_after(house.desk)
    mark_tier(house.fast)
    assert cache_in(house.desk, house.spot(path)) is Outcome.CACHED
    assert hide_returned(house.desk) == []
    assert path.read_bytes() == content
    house.clock.pass_by(days=15)
    assert let_go(house.desk) == []
    assert path.read_bytes() == content


def test_a_fast_copy_that_vanished_from_its_drive_is_replaced_by_its_original(house: Stage) -> None:
    path, content = cached(house)
    house.spot(path).fast.unlink()
    assert [done.outcome for done in look_after(house.desk)] == [Outcome.HOME]
    assert path.read_bytes() == content
    assert house.hidden() == []


def test_while_the_slow_tier_is_away_nothing_is_concluded(house: Stage) -> None:
    path, content = cached(house)
    house.slow.rename(house.home / "unmounted")
    house.slow.mkdir()
    for _ in range(2):
        (settled,) = look_after(house.desk)
        assert "not mounted" in settled.reason
        assert house.journal.cached(path) is not None
    assert house.spot(path).fast.read_bytes() == content
    house.slow.rmdir()
    (house.home / "unmounted").rename(house.slow)
    look_after(house.desk)
    assert path.read_bytes() == content


def test_an_original_that_vanished_leaves_the_fast_copy_as_the_only_one(house: Stage) -> None:
    path, content = cached(house)
    house.spot(path).aside.unlink()
    look_after(house.desk)
    assert path.read_bytes() == content
    assert house.journal.cached(path) is not None
    assert move_back(house.desk, path) is Outcome.HOME
    assert (path.is_symlink(), path.read_bytes(), house.on_fast()) == (False, content, [])


@LAYOUTS
def test_all_is_known_again_from_the_disks_alone(tmp_path: Path, layout: Layout) -> None:
    before = Stage(tmp_path / "before")
    path, content = cached(before, layout)
    gone = before.film("gone.mkv")
    cache_in(before.desk, before.spot(gone))
    gone.unlink()
    look_after(before.desk)
    before.close()
    (before.home / "projectionist.sqlite").unlink()
    again = Stage(before.home)
    rebuild(again.desk, again.slow, again.fast, layout)
    at_rest_or_aside = {Path(row.resting) for row in again.journal.at_rest()} | {again.spot(path).aside}
    assert sorted(str(one.relative_to(again.home)) for one in at_rest_or_aside) == again.hidden()
    assert again.journal.cached(path) is not None
    assert move_back(again.desk, path) is Outcome.HOME
    assert path.read_bytes() == content
    assert not again.spot(path).fast.exists()
    assert rebuild(again.desk, again.slow, again.fast, layout) == []
    again.close()


@LAYOUTS
def test_who_leaves_leaves_no_link_and_no_copy_behind(house: Stage, layout: Layout) -> None:
    films = [house.film(f"{number}/film.mkv") for number in range(3)]
    contents = [film.read_bytes() for film in films]
    for film in films:
        cache_in(house.desk, house.spot(film, layout))
    house.viewers.playing.add(films[1])
    assert [done.outcome for done in return_all(house.desk)] == [Outcome.HOME, Outcome.PLAYING, Outcome.HOME]
    house.viewers.playing.clear()
    assert [done.outcome for done in return_all(house.desk)] == [Outcome.HOME]
    assert [film.read_bytes() for film in films] == contents
    assert not any(path.is_symlink() for path in house.slow.rglob("*"))
    assert (house.hidden(), house.on_fast()) == ([], [])


def test_a_node_leaves_the_moves_of_another_alone(stage: Stage) -> None:
    path = stage.film()
    there = Journal(stage.database, stage.clock, "there")
    content = Content(path.stat().st_size, path.stat().st_mtime_ns)
    there.begin(Kind.CACHE_IN, stage.spot(path), content)
    assert recover(stage.desk) == []
    with pytest.raises(AlreadyAtWork):
        cache_in(stage.desk, stage.spot(path))
    assert [done.outcome for done in recover(replace(stage.desk, journal=there))] == [Outcome.CACHED]
    again = Journal(stage.database, stage.clock, "there")
    assert [done.outcome for done in recover(replace(stage.desk, journal=again))] == [Outcome.HOME]
    assert cache_in(stage.desk, stage.spot(path)) is Outcome.CACHED


def test_a_folder_is_a_tier_once_it_is_said(tmp_path: Path) -> None:
    assert not is_mounted(tmp_path)
    mark_tier(tmp_path)
    said = (tmp_path / TIER).stat()
    mark_tier(tmp_path)
    assert is_mounted(tmp_path)
    assert (tmp_path / TIER).stat() == said


def test_two_disks_that_changed_places_are_both_not_mounted(house: Stage, tmp_path: Path) -> None:
    """A start in which the disks come up in another order must not look as if all films had been deleted."""
    path, content = cached(house)
    other = tmp_path / "other"
    other.mkdir()
    mark_tier(other)
    house.slow.rename(tmp_path / "between")
    other.rename(house.slow)
    (tmp_path / "between").rename(other)
    assert not is_mounted(house.slow)
    assert not is_mounted(other)
    with pytest.raises(SwapRefused, match="not mounted"):
        move_back(house.desk, path)
    assert [done.outcome for done in look_after(house.desk)] == [None] * len(look_after(house.desk))
    other.rename(tmp_path / "between")
    house.slow.rename(other)
    (tmp_path / "between").rename(house.slow)
    assert path.read_bytes() == content
    assert [done.outcome for done in recover(house.desk)] == [Outcome.CACHED]
    assert move_back(house.desk, path) is Outcome.HOME
    assert not path.is_symlink()
    assert path.read_bytes() == content
    assert at_rest(house) == {"slow": [], "fast": []}


def test_a_disk_may_be_marked_in_several_places(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    mark_tier(here)
    here.rename(there)
    assert not is_mounted(there)
    mark_tier(there)
    assert is_mounted(there)
    there.rename(here)
    assert is_mounted(here)
