"""File systems of other kinds, libraries that span several, and two who look after the same folders."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare
from projectionist.errors import AlreadyAtWork, ProjectionistError, SwapRefused, TargetFull
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import look_after, rebuild, recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.swapping import cache_in, move_back
from tests.features.cache.stage import Stage
from tests.features.cache.test_swap_faults import Meddling


def succeeds(*command: str | Path) -> bool:
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        return False
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[list[Path]]:
    """Where a test mounted something; unmounted after it, the last one first."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    places: list[Path] = []
    yield places
    for place in reversed(places):
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize(
    ("asked", "listed"),
    [("FILM.mkv", "Film.mkv"), ("Am\u00e9lie.mkv", "Ame\u0301lie.mkv")],
    ids=["case", "accent"],
)
def test_where_a_file_system_spells_names_its_own_way_only_the_spelling_of_the_folder_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, listed: str
) -> None:
    """As where case is ignored, or accents are normalised: the name is found, and the folder lists another."""
    stage = Stage(tmp_path / "stage")
    path = stage.film(asked)
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", lambda folder: nullcontext([SimpleNamespace(name=listed)]))
        with pytest.raises(SwapRefused, match="use the spelling that the folder lists"):
            cache_in(stage.desk, stage.spot(path))
    assert not path.is_symlink()
    assert stage.on_fast() == []
    assert cache_in(stage.desk, stage.spot(path)) is Outcome.CACHED
    stage.close()


def test_two_films_that_a_fast_disk_cannot_tell_apart_do_not_meet(tmp_path: Path) -> None:
    """Where it ignores case: the second one finds the first one's copy under its own name."""
    stage = Stage(tmp_path / "stage")
    one, other = stage.film("film.mkv", b"one"), stage.film("FILM.mkv", b"other")
    assert cache_in(stage.desk, stage.spot(one)) is Outcome.CACHED
    os.link(stage.spot(one).fast, stage.spot(other).fast)
    with pytest.raises(SwapRefused, match="already"):
        cache_in(stage.desk, stage.spot(other))
    assert (one.read_bytes(), other.read_bytes()) == (b"one", b"other")
    stage.close()


@pytest.mark.parametrize("layout", Layout)
def test_a_disk_within_a_library_that_is_away_is_no_deletion(
    tmp_path: Path, mounts: list[Path], layout: Layout
) -> None:
    disk, stage = tmp_path / "disk", Stage(tmp_path / "stage")
    within = stage.slow / "Second disk"
    disk.mkdir()
    within.mkdir()
    if not succeeds("mount", "-t", "tmpfs", "-o", "size=4m", "none", disk):
        pytest.skip("tmpfs cannot be mounted here")
    mounts.append(disk)
    subprocess.run(["mount", "--bind", str(disk), str(within)], check=True)
    path = stage.film("Second disk/Film/film.mkv")
    content = path.read_bytes()
    assert cache_in(stage.desk, stage.spot(path, layout)) is Outcome.CACHED
    subprocess.run(["umount", str(within)], check=True)
    (settled,) = look_after(stage.desk)
    assert settled.outcome is None
    assert "Second disk is not mounted" in settled.reason
    assert stage.spot(path).fast.read_bytes() == content
    subprocess.run(["mount", "--bind", str(disk), str(within)], check=True)
    mounts.append(within)
    assert look_after(stage.desk) == []
    assert move_back(stage.desk, path) is Outcome.HOME
    assert path.read_bytes() == content
    stage.close()


def test_a_slow_disk_that_is_full_keeps_the_newest_on_the_fast_one(
    tmp_path: Path, mounts: list[Path]
) -> None:
    slow = tmp_path / "stage" / "slow"
    slow.mkdir(parents=True)
    if not succeeds("mount", "-t", "tmpfs", "-o", "size=1m", "none", slow):
        pytest.skip("tmpfs cannot be mounted here")
    mounts.append(slow)
    stage = Stage(tmp_path / "stage")
    path = stage.film(content=b"x" * 300_000)
    cache_in(stage.desk, stage.spot(path))
    newest = b"y" * 2_000_000
    path.write_bytes(newest)
    with pytest.raises(TargetFull):
        move_back(stage.desk, path)
    assert (path.is_symlink(), path.read_bytes()) == (True, newest)
    assert stage.journal.cached(path) is not None
    assert not stage.journal.unfinished()
    assert len(stage.hidden()) == 1
    stage.close()


def test_a_slow_disk_that_is_read_only_is_left_as_it_is(tmp_path: Path, mounts: list[Path]) -> None:
    slow = tmp_path / "stage" / "slow"
    slow.mkdir(parents=True)
    if not succeeds("mount", "-t", "tmpfs", "-o", "size=1m", "none", slow):
        pytest.skip("tmpfs cannot be mounted here")
    mounts.append(slow)
    stage = Stage(tmp_path / "stage")
    path = stage.film()
    subprocess.run(["mount", "-o", "remount,ro", str(slow)], check=True)
    with pytest.raises(ProjectionistError):
        cache_in(stage.desk, stage.spot(path))
    assert not path.is_symlink()
    assert (stage.hidden(), stage.on_fast(), list(stage.journal.unfinished())) == ([], [], [])
    subprocess.run(["mount", "-o", "remount,rw", str(slow)], check=True)
    assert cache_in(stage.desk, stage.spot(path)) is Outcome.CACHED
    stage.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Stage]:
    """Another installation, with a database of its own, that looks after the folders of `tmp_path / "stage"`."""
    (tmp_path / "stage").mkdir()
    database = Database(sqlite_url(tmp_path / "other.sqlite"))
    prepare(database)
    made = Stage(tmp_path / "stage", database=database, fresh=False)
    yield made
    made.close()


@pytest.mark.parametrize("layout", Layout)
def test_two_installations_do_not_move_one_film_at_a_time(
    tmp_path: Path, other: Stage, layout: Layout
) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film()
    content, spot = path.read_bytes(), stage.spot(path, layout)
    refused = []

    def meddle() -> None:
        with pytest.raises(AlreadyAtWork) as error:
            cache_in(other.desk, spot)
        refused.append(error.value.message)

    calls = ("open", "write", "fsync", "rename_with_flags")
    for name in calls:
        assert cache_in(replace(stage.desk, calls=Meddling(name, 1, meddle)), spot) is Outcome.CACHED
        assert look_after(other.desk) == recover(other.desk) == []
        with pytest.raises(ProjectionistError):
            cache_in(other.desk, spot)
        assert spot.fast.read_bytes() == content
        assert move_back(stage.desk, path) is Outcome.HOME
    assert len(refused) == len(calls)
    assert path.read_bytes() == content
    assert (stage.hidden(), stage.on_fast(), list(other.journal.unfinished())) == ([], [], [])
    stage.close()


def test_an_installation_takes_up_what_another_one_left(tmp_path: Path, other: Stage) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film()
    content = path.read_bytes()
    cache_in(stage.desk, stage.spot(path))
    stage.close()
    assert rebuild(other.desk, other.slow, other.fast) == [path]
    assert move_back(other.desk, path) is Outcome.HOME
    assert path.read_bytes() == content


def test_what_comes_to_the_place_of_a_copy_just_before_it_is_left_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film()
    content, fast = path.read_bytes(), stage.spot(path).fast

    def come() -> None:
        shutil.copy2(path, fast)

    desk = replace(stage.desk, calls=Meddling("rename_with_flags", 1, come))
    with pytest.raises(SwapRefused, match="meanwhile"):
        cache_in(desk, stage.spot(path))
    assert (path.is_symlink(), path.read_bytes(), fast.read_bytes()) == (False, content, content)
    assert (stage.hidden(), list(stage.journal.unfinished())) == ([], [])
    stage.close()


def test_a_fast_copy_that_vanishes_before_the_swap_leaves_the_path_as_it_is(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film()
    content, fast = path.read_bytes(), stage.spot(path).fast
    asked = 0

    class Vanishing:
        def leaves_free(self, _: Path) -> bool:
            nonlocal asked
            asked += 1
            fast.unlink(missing_ok=True)
            return True

    with pytest.raises(ProjectionistError):
        cache_in(replace(stage.desk, watching=Vanishing()), stage.spot(path))
    assert asked == 2
    assert (path.is_symlink(), path.read_bytes()) == (False, content)
    assert (stage.hidden(), list(stage.journal.unfinished())) == ([], [])
    stage.close()


@pytest.fixture
def view(tmp_path: Path, mounts: list[Path]) -> Path:
    """A real union of the two tiers of `tmp_path / "stage"`, the fast one first."""
    home, place = tmp_path / "stage", tmp_path / "view"
    for folder in (home / "slow", home / "fast", place):
        folder.mkdir(parents=True)
    options = (
        "category.create=ff,func.getattr=ff,category.search=ff,cache.files=off,cache.entry=0,cache.attr=0,"
        "cache.negative_entry=0"
    )
    if not succeeds("mergerfs", "-o", options, f"{home / 'fast'}:{home / 'slow'}", place):
        pytest.skip("mergerfs is not installed, or cannot be mounted here")
    mounts.append(place)
    return place


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Show/Season 1/one.mkv", "Show/Season 1/One - Pilot.mkv"),
        ("Show/Season 1/one.mkv", "Show/Season 01/one.mkv"),
        ("Show", "Show (2001)"),
    ],
)
def test_what_is_renamed_in_a_real_union_is_followed(tmp_path: Path, view: Path, old: str, new: str) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film("Show/Season 1/one.mkv")
    content = path.read_bytes()
    assert cache_in(stage.desk, stage.spot(path, Layout.UNION)) is Outcome.CACHED
    (view / new).parent.mkdir(parents=True, exist_ok=True)
    (view / old).rename(view / new)
    (renamed,) = (file.relative_to(view) for file in view.rglob("*.mkv"))
    assert [done.outcome for done in look_after(stage.desk)] == [Outcome.RENAMED]
    assert (view / renamed).read_bytes() == content
    assert move_back(stage.desk, stage.slow / renamed) is Outcome.HOME
    assert (view / renamed).read_bytes() == content
    assert stage.hidden() == []
    assert not any((stage.fast / name).is_file() for name in stage.on_fast())
    stage.close()


def test_what_is_deleted_in_a_real_union_rests_and_an_upgrade_goes_to_the_slow_disk(
    tmp_path: Path, view: Path
) -> None:
    stage = Stage(tmp_path / "stage")
    gone, better = stage.film("gone.mkv"), stage.film("better.mkv")
    contents = [path.read_bytes() for path in (gone, better)]
    for path in (gone, better):
        assert cache_in(stage.desk, stage.spot(path, Layout.UNION)) is Outcome.CACHED
    (view / "gone.mkv").unlink()
    (view / "new").write_bytes(
        b"the better version"
    )  # made on the fast branch, as unions are set up with a cache
    (view / "new").rename(view / "better.mkv")
    assert [done.outcome for done in look_after(stage.desk)] == [Outcome.RESTING]
    assert not (view / "gone.mkv").exists()
    assert move_back(stage.desk, better) is Outcome.HOME
    assert (view / "better.mkv").read_bytes() == better.read_bytes() == b"the better version"
    assert sorted(Path(row.resting).read_bytes() for row in stage.journal.at_rest()) == sorted(contents)
    assert stage.on_fast() == []
    stage.close()
