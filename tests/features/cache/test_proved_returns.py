"""Before a fast copy goes, its original is proved to hold what was copied."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from projectionist.errors import ServerUnreachable, SourceChanged
from projectionist.features.cache import swapping
from projectionist.features.cache.copying import digest_on_device
from projectionist.features.cache.models import CopyRow, Layout
from projectionist.features.cache.recovering import look_after, recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import mark_of
from projectionist.features.cache.swapping import cache_in, move_back, reads_whole
from tests.features.cache.stage import OLD, Stage
from tests.features.cache.test_meanwhile import LAYOUTS, at_rest, cached
from tests.features.cache.test_swap_faults import Meddling


def rewrite(file: Path, content: bytes) -> None:
    """In place, and with its time set back."""
    with file.open("r+b") as open_file:
        open_file.write(content)
    os.utime(file, ns=(OLD, OLD))


def rot(stage: Stage, path: Path, content: bytes) -> None:
    """Other bytes in an original, and nothing by which the file system would tell."""
    aside = stage.spot(path).aside
    rewrite(aside, content)
    with stage.database.write() as session:
        for row in session.query(CopyRow):
            row.original = mark_of(aside.lstat())


@LAYOUTS
def test_an_original_that_was_altered_and_set_back_in_time_keeps_its_path_and_the_copy_rests(
    house: Stage, layout: Layout
) -> None:
    path, content = cached(house, layout)
    altered = b"?" + content[1:]
    rewrite(house.spot(path).aside, altered)
    assert look_after(house.desk) == []
    spot, left = house.journal.cached(path) or pytest.fail("it is not cached")
    assert reads_whole(house.desk, spot, left)
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.read_bytes() == altered
    assert at_rest(house) == {"slow": [], "fast": [content]}


@LAYOUTS
def test_an_original_whose_rights_changed_is_read_and_nothing_rests(house: Stage, layout: Layout) -> None:
    path, content = cached(house, layout)
    house.spot(path).aside.chmod(0o600)
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.read_bytes() == content
    assert (house.hidden(), house.on_fast()) == ([], [])


@LAYOUTS
def test_an_original_that_nobody_can_have_written_to_is_not_read(house: Stage, layout: Layout) -> None:
    path, content = cached(house, layout)
    found = house.journal.cached(path)
    assert found is not None
    assert not reads_whole(house.desk, *found)
    rot(house, path, b"?")
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.read_bytes() == b"?" + content[1:]
    assert (house.hidden(), house.on_fast()) == ([], [])


@LAYOUTS
def test_where_all_is_proved_a_rotten_original_rests_and_the_fast_copy_goes_back(
    house: Stage, layout: Layout
) -> None:
    path, content = cached(house, layout)
    rot(house, path, b"?")
    assert move_back(replace(house.desk, proves_returns=True), path) is Outcome.HOME
    assert (path.is_symlink(), path.read_bytes()) == (False, content)
    assert at_rest(house) == {"slow": [b"?" + content[1:]], "fast": []}
    assert [row.reason for row in house.journal.at_rest()] == ["damaged"]


def test_where_both_are_rotten_neither_is_dropped(house: Stage) -> None:
    path, content = cached(house)
    rot(house, path, b"?")
    fast = house.spot(path).fast
    rewrite(fast, b"!")
    with house.database.write() as session:
        for row in session.query(CopyRow):
            row.fast_ctime_ns = fast.stat().st_ctime_ns
    assert move_back(replace(house.desk, proves_returns=True), path) is Outcome.HOME
    assert path.read_bytes() == b"?" + content[1:]
    assert at_rest(house) == {"slow": [], "fast": [b"!" + content[1:]]}


def test_an_original_that_its_device_cannot_read_rests_and_the_fast_copy_goes_back(
    house: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, content = cached(house)
    aside = house.spot(path).aside

    def read(file: Path, *more: object) -> str:
        if file == aside:
            raise OSError(errno.EIO, "Input/output error")
        return digest_on_device(file)

    monkeypatch.setattr(swapping, "digest_on_device", read)
    assert move_back(replace(house.desk, proves_returns=True), path) is Outcome.HOME
    assert (path.is_symlink(), path.read_bytes()) == (False, content)
    assert at_rest(house) == {"slow": [content], "fast": []}


def test_what_is_written_between_the_return_and_the_removal_is_seen(house: Stage) -> None:
    path, content = cached(house)
    house.viewers.failure, house.viewers.from_question = (
        ServerUnreachable("It is off."),
        house.viewers.asked + 2,
    )
    assert move_back(house.desk, path) is Outcome.PLAYING
    rewrite(path, b"?")
    assert [settled.outcome for settled in recover(house.desk)] == [Outcome.HOME]
    assert path.read_bytes() == b"?" + content[1:]
    assert at_rest(house) == {"slow": [], "fast": [content]}


def test_a_return_that_was_put_off_is_proved_by_the_mark_it_left(house: Stage) -> None:
    path, content = cached(house)
    house.viewers.playing.add(path)
    house.viewers.from_question = house.viewers.asked + 2
    assert move_back(house.desk, path) is Outcome.PLAYING
    (move,) = house.journal.unfinished()
    assert move.content.original == mark_of(path.lstat())
    house.viewers.playing.clear()
    assert [settled.outcome for settled in recover(house.desk)] == [Outcome.HOME]
    assert (path.read_bytes(), house.hidden(), house.on_fast()) == (content, [], [])


def test_a_source_that_is_written_to_while_it_is_copied_and_set_back_in_time_is_not_taken(
    house: Stage,
) -> None:
    path = house.film()
    content = path.read_bytes()
    calls = Meddling("write", 1, lambda: rewrite(path, b"?"))
    with pytest.raises(SourceChanged):
        cache_in(replace(house.desk, calls=calls), house.spot(path))
    assert (path.is_symlink(), path.read_bytes()) == (False, b"?" + content[1:])
    assert (house.hidden(), house.on_fast()) == ([], [])
    assert cache_in(house.desk, house.spot(path)) is Outcome.CACHED


def test_an_original_that_is_renamed_with_its_path_stays_proved(house: Stage) -> None:
    path, content = cached(house)
    new = path.with_name("Film - renamed.mkv")
    path.rename(new)
    assert [settled.outcome for settled in look_after(house.desk)] == [Outcome.RENAMED]
    found = house.journal.cached(new)
    assert found is not None
    assert not reads_whole(house.desk, *found)
    assert move_back(house.desk, new) is Outcome.HOME
    assert new.read_bytes() == content
