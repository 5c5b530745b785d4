"""What others do at the worst moment: a twin in mid-copy, a renamed root, a second service, a wrong clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare
from projectionist.errors import NotFound, ProjectionistError, SwapRefused
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import let_go, look_after, recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import TIER
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.kit.swaps import FileCalls
from tests.features.cache.stage import PlainCalls, Stage


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Database]:
    database = Database(sqlite_url(tmp_path / "known.sqlite"))
    prepare(database)
    yield database
    database.close()


def replace_by_twin(path: Path, content: bytes) -> None:
    """What an *arr does, but for a file of the same size and time."""
    here = path.lstat()
    new = path.with_name("import.tmp")
    new.write_bytes(content)
    os.utime(new, ns=(here.st_mtime_ns, here.st_mtime_ns))
    new.rename(path)


def interrupted(kind: type[FileCalls], at: int, act: Callable[[], None]) -> FileCalls:
    """Calls before the one numbered `at` of which something happens."""

    class Interrupted(kind):  # type: ignore[misc, valid-type]
        made = 0
        done = False

        def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
            self.made += 1
            if self.made == at:
                act()
                self.done = True
            return super().run(function, *args, **kwargs)

    return Interrupted()


def files_of(stage: Stage) -> list[bytes]:
    """What is in every file of both tiers."""
    found = [path for root in (stage.slow, stage.fast) for path in root.rglob("*")]
    return [path.read_bytes() for path in found if path.is_file() and path.name != TIER]


@pytest.mark.parametrize(
    ("kind", "layout"),
    [(FileCalls, Layout.SYMLINK), (FileCalls, Layout.UNION), (PlainCalls, Layout.UNION)],
)
def test_a_twin_that_comes_at_any_step_of_a_copy_is_what_players_see(
    tmp_path: Path, known: Database, kind: type[FileCalls], layout: Layout
) -> None:
    """Where names cannot be exchanged, links leave an instant before their last rename, as `layouts.symlink` says."""
    for at in count(1):
        stage = Stage(tmp_path / str(at), database=known)
        path = stage.film()
        spot, new = stage.spot(path, layout), b"N" * path.stat().st_size
        calls = interrupted(kind, at, lambda path=path, new=new: _replace_where_it_is(path, new))  # type: ignore[misc]
        stage = Stage(stage.home, calls, known, fresh=False)
        with suppress(ProjectionistError):
            cache_in(stage.desk, spot)
        if not calls.done:  # type: ignore[attr-defined]
            break
        recover(stage.desk)
        look_after(stage.desk)
        seen = path if path.exists() else spot.fast
        assert seen.read_bytes() == new, at
        if stage.journal.cached(path) is not None:
            move_back(stage.desk, path)
        assert path.read_bytes() == new, at
    assert at > 10


def _replace_where_it_is(path: Path, content: bytes) -> None:
    if path.exists() and not path.is_symlink():
        replace_by_twin(path, content)
    else:
        path.unlink(missing_ok=True)
        path.write_bytes(content)


def test_a_twin_is_told_in_a_sentence_and_copied_the_next_time(tmp_path: Path, known: Database) -> None:
    home = Stage(tmp_path / "house", database=known)
    path = home.film()
    new = b"N" * path.stat().st_size
    calls = interrupted(FileCalls, 12, lambda: replace_by_twin(path, new))
    stage = Stage(home.home, calls, known, fresh=False)
    with pytest.raises(ProjectionistError, match="Another file of the same size and time has come to"):
        cache_in(stage.desk, stage.spot(path))
    assert path.read_bytes() == new
    assert not path.is_symlink()
    assert cache_in(stage.desk, stage.spot(path)) is Outcome.CACHED
    assert path.is_symlink()
    assert path.read_bytes() == new


@pytest.mark.parametrize("there", [False, True])
def test_a_root_that_was_renamed_is_away_and_nothing_of_it_is_given_up(
    tmp_path: Path, known: Database, *, there: bool
) -> None:
    stage = Stage(tmp_path / "house", database=known)
    path = stage.film()
    content = path.read_bytes()
    cache_in(stage.desk, stage.spot(path))
    renamed = stage.slow.rename(stage.home / "renamed")
    if there:
        stage.slow.mkdir()
    (settled,) = look_after(stage.desk)
    assert settled.outcome is None
    assert "is not mounted" in settled.reason
    with pytest.raises(SwapRefused, match="nothing was changed"):
        move_back(stage.desk, path)
    assert (renamed / path.relative_to(stage.slow)).read_bytes() == content, "the link leads where it led"
    assert not stage.journal.at_rest()
    if there:
        stage.slow.rmdir()
    renamed.rename(stage.slow)
    look_after(stage.desk)
    assert move_back(stage.desk, path) is Outcome.HOME
    assert path.read_bytes() == content


def test_a_second_service_on_the_library_leaves_what_the_first_moved(tmp_path: Path, known: Database) -> None:
    ours = Stage(tmp_path / "house", database=known)
    other = Database(sqlite_url(tmp_path / "other.sqlite"))
    prepare(other)
    theirs = Stage(ours.home, database=other, fresh=False)
    path = ours.film()
    content = path.read_bytes()
    cache_in(ours.desk, ours.spot(path))
    before = files_of(ours)

    with pytest.raises(SwapRefused, match="one that is cached already; it stays as it is: run an audit"):
        cache_in(theirs.desk, theirs.spot(path))
    with pytest.raises(NotFound):
        move_back(theirs.desk, path)
    assert look_after(theirs.desk) == []
    assert let_go(theirs.desk) == []

    assert files_of(ours) == before
    assert path.read_bytes() == content
    assert move_back(ours.desk, path) is Outcome.HOME
    assert cache_in(theirs.desk, theirs.spot(path)) is Outcome.CACHED
    assert path.read_bytes() == content
    other.close()


def test_a_clock_that_is_set_back_by_a_day_shortens_no_rest(tmp_path: Path, known: Database) -> None:
    stage = Stage(tmp_path / "house", database=known)
    path = stage.film()
    cache_in(stage.desk, stage.spot(path))
    path.unlink()
    look_after(stage.desk)
    stage.clock.at -= timedelta(days=1)
    assert let_go(stage.desk) == []
    stage.clock.pass_by(days=13, hours=23)
    assert let_go(stage.desk) == []
    stage.clock.pass_by(hours=2)
    assert len(let_go(stage.desk)) == 2, "14 days by the clock as it goes now"
