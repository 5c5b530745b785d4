"""A mover brings a fast copy to the slow branch: while it writes, when it was stopped, and when it ended."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import SwapRefused
from projectionist.features.cache.halves import is_being_written, is_half_of
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import look_after, recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.swapping import cache_in, move_back
from tests.features.cache.stage import Stage
from tests.features.cache.test_meanwhile import at_rest, cached
from tests.features.cache.test_swap_systems import mounts, view  # noqa: F401  both are fixtures


def test_what_a_mover_still_writes_is_waited_for(house: Stage) -> None:
    path, content = cached(house, Layout.UNION)
    fast = house.spot(path).fast
    with path.open("wb") as mover:
        mover.write(content[:1000])
        mover.flush()
        (settled,) = look_after(house.desk)
        assert "is writing" in settled.reason
        with pytest.raises(SwapRefused, match="is writing"):
            move_back(house.desk, path)
        assert not house.journal.unfinished()
        assert fast.read_bytes() == content
        assert len(house.hidden()) == 1
        mover.write(content[1000:])
    shutil.copystat(fast, path)
    assert [done.outcome for done in look_after(house.desk)] == [Outcome.RESTING]
    assert path.read_bytes() == content
    assert at_rest(house) == {"slow": [content], "fast": []}


@pytest.mark.parametrize("filled", [b"", b"\0" * 500], ids=["cut", "allocated"])
def test_what_a_mover_left_half_rests_and_the_fast_copy_stays(house: Stage, filled: bytes) -> None:
    path, content = cached(house, Layout.UNION)
    path.write_bytes(content[:1000] + filled)
    assert look_after(house.desk) == []
    assert house.journal.cached(path) is not None
    assert house.spot(path).fast.read_bytes() == content
    assert at_rest_but_aside(house) == [content[:1000] + filled]
    assert [row.reason for row in house.journal.at_rest()] == ["half"]
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.read_bytes() == content


def test_what_a_mover_finished_has_the_path_and_the_original_rests(house: Stage) -> None:
    path, content = cached(house, Layout.UNION)
    shutil.move(house.spot(path).fast, path)
    assert [done.outcome for done in look_after(house.desk)] == [Outcome.RESTING]
    assert path.read_bytes() == content
    assert at_rest(house) == {"slow": [content], "fast": []}


def test_a_crash_after_the_half_was_put_to_rest_forgets_nothing(house: Stage) -> None:
    path, content = cached(house, Layout.UNION)
    path.write_bytes(content[:1000])
    original = house.journal.end

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    house.journal.end = die  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        look_after(house.desk)
    house.journal.end = original  # type: ignore[method-assign]
    assert [done.outcome for done in recover(house.desk)] == [Outcome.CACHED]
    assert at_rest_but_aside(house) == [content[:1000]]


def at_rest_but_aside(house: Stage) -> list[bytes]:
    rests = [Path(row.resting) for row in house.journal.at_rest()]
    assert len(house.hidden()) == len(rests) + 1
    return [rest.read_bytes() for rest in rests]


def test_a_mover_in_a_real_union_is_waited_for_and_no_reader_meets_half_a_film(
    tmp_path: Path,
    view: Path,  # noqa: F811
) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film("Film/film.mkv", os.urandom(3_000_000))
    content = path.read_bytes()
    assert cache_in(stage.desk, stage.spot(path, Layout.UNION)) is Outcome.CACHED
    with path.open("wb") as mover:
        for begin in range(0, len(content), 1_000_000):
            mover.write(content[begin : begin + 1_000_000])
            mover.flush()
            assert "is writing" in look_after(stage.desk)[0].reason
            assert (view / "Film/film.mkv").read_bytes() == content
    path.write_bytes(content[:2_000_000])  # it was stopped, after all
    assert look_after(stage.desk) == []
    assert (view / "Film/film.mkv").read_bytes() == content
    assert move_back(stage.desk, path) is Outcome.HOME
    assert (view / "Film/film.mkv").read_bytes() == content
    stage.close()


def test_where_nobody_tells_who_writes_a_fresh_file_is_not_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "film.mkv"
    file.write_bytes(b"1")

    def refuse(*_: Any) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    assert is_being_written(file)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert not is_being_written(file)


@given(whole=st.binary(max_size=60), kept=st.integers(0, 60), zeros=st.integers(0, 20))
def test_a_beginning_is_known_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, kept: int, zeros: int
) -> None:
    home = tmp_path_factory.mktemp("halves")
    one, other = home / "one", home / "other"
    half = whole[:kept] + b"\0" * zeros
    one.write_bytes(half)
    other.write_bytes(whole)
    assert is_half_of(one, other) is (len(half) <= len(whole) and half != whole)
    one.write_bytes(half + b"x")
    assert is_half_of(one, other) is (len(half) + 1 < len(whole) and whole.startswith(half + b"x"))
