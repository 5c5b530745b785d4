"""What the journal records of links is what a folder serves: before a swap, between any two of its steps, and after."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from projectionist.errors import DatabaseUnusable
from projectionist.features.cache.models import Kind, Layout
from projectionist.features.cache.recorded import recorded_links
from projectionist.features.cache.recovering import recover
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.integrations.folder.server import FolderServer
from projectionist.kit.swaps import FileCalls
from projectionist.media.vocabulary import ItemKind
from tests.features.cache.stage import Stage

FILM = "Film (2001)/Film (2001).mkv"
NAMES = {FILM, "Other (2002).mkv"}


def films(stage: Stage) -> set[str]:
    """Everything that the folder lists, each read by its key."""
    server = FolderServer(str(stage.slow), partial(recorded_links, stage.database))
    (library,) = server.libraries()
    found = server.items(library, ItemKind.MOVIE).items
    keys = {part.key for film in found for version in film.versions for part in version.parts}
    for key in keys:
        assert server.part_bytes(key, 0, 4)
    return keys


class Looking(FileCalls):
    """Looks at the folder before each call to the disk, and after it."""

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self.look: Callable[[], object] = tuple
        self.seen = 0

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        self.look()
        self.seen += 1
        if self.plain and function.__name__ == "rename_with_flags":
            return False
        done = super().run(function, *args, **kwargs)
        self.look()
        return done


@pytest.mark.parametrize("plain", [False, True], ids=["exchange", "rename"])
def test_a_folder_lists_and_serves_a_film_between_any_two_steps_of_a_swap(
    tmp_path: Path, plain: bool
) -> None:
    calls = Looking(plain=plain)
    stage = Stage(tmp_path, calls)
    path = stage.film(FILM)
    stage.film("Other (2002).mkv")
    listed: list[set[str]] = []
    calls.look = lambda: listed.append(films(stage))
    cache_in(stage.desk, stage.spot(path))
    assert path.is_symlink()
    assert films(stage) == NAMES
    move_back(stage.desk, path)
    assert not path.is_symlink()
    assert films(stage) == NAMES
    assert calls.seen > 10
    assert all(each == NAMES for each in listed)
    stage.close()


class Cut(Exception):
    """Where a process is killed."""


class Cutting(FileCalls):
    """Killed at the n-th call."""

    def __init__(self, at: int) -> None:
        self.left = at

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise Cut
        return super().run(function, *args, **kwargs)


@pytest.mark.parametrize("cached", [False, True], ids=["cache in", "move back"])
def test_a_swap_that_was_cut_short_is_recorded_before_and_after_it_is_recovered(
    tmp_path: Path, cached: bool
) -> None:
    stage = Stage(tmp_path)
    path = stage.film(FILM)
    stage.film("Other (2002).mkv")
    cuts = 0
    while True:
        if path.is_symlink() and not cached:
            move_back(stage.desk, path)
        elif cached and not path.is_symlink():
            cache_in(stage.desk, stage.spot(path))
        killed = Stage(tmp_path, Cutting(cuts), fresh=False)
        try:
            move_back(killed.desk, path) if cached else cache_in(killed.desk, killed.spot(path))
        except Cut:
            assert films(killed) == NAMES
            recover(stage.desk)
            assert films(stage) == NAMES
            cuts += 1
        else:
            break
        finally:
            killed.close()
    assert cuts > 5
    stage.close()


def test_only_links_are_recorded_and_only_at_their_paths(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    path = stage.film(FILM)
    cache_in(stage.desk, stage.spot(path))
    found = recorded_links(stage.database, [path, path.with_name("other.mkv"), stage.slow / "\udcff"])
    assert {link: [one.target for one in each] for link, each in found.items()} == {
        path: [stage.spot(path).fast]
    }
    union = stage.film("Other (2002).mkv")
    with stage.journal.held(
        stage.journal.begin(
            Kind.CACHE_IN,
            stage.spot(union, Layout.UNION),
            stage.journal.cached(path)[1],  # type: ignore[index]
        )
    ):
        assert recorded_links(stage.database, [union]) == {}
    stage.close()


def test_a_database_that_cannot_be_asked_says_so_and_nothing_of_links(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    path = stage.film(FILM)
    stage.film("Other (2002).mkv")
    cache_in(stage.desk, stage.spot(path))
    stage.close()
    (tmp_path / "projectionist.sqlite").write_bytes(b"no database" * 999)
    with pytest.raises(DatabaseUnusable):
        films(stage)


def test_the_records_of_a_house_that_was_copied_open_nothing_of_the_first(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "first")
    path = stage.film(FILM)
    stage.film("Other (2002).mkv")
    cache_in(stage.desk, stage.spot(path))
    shutil.copytree(stage.home, tmp_path / "second", symlinks=True)
    other = Stage(tmp_path / "second", fresh=False)
    assert films(other) == {"Other (2002).mkv"}
    for each in (stage, other):
        each.close()
