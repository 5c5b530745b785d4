"""What rests is taken back when somebody asks: to its path or beside it, an original or a fast copy, and never over
anything that is there now."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from projectionist.errors import Conflict, JobCancelled, NotFound, SwapRefused, TargetFull
from projectionist.features.cache.mending.taking_back import Where, take_back
from projectionist.features.cache.models import MoveRow, RestRow
from projectionist.features.cache.recovering import let_go, look_after
from projectionist.features.cache.spots import TIER
from projectionist.features.cache.swapping import cache_in
from projectionist.kit.swaps import FileCalls
from tests.features.cache.auditing.ward import FILM, Ward

BESIDE = "Film (2001)/Film (2001) (taken back).mkv"


class Full(FileCalls):
    """No byte more has room."""

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        if function is os.write:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().run(function, *args, **kwargs)


def nobody() -> None:
    """Nobody ends it early."""


def deleted(ward: Ward) -> tuple[Path, bytes]:
    """A cached film whose path somebody deleted: original and fast copy rest."""
    spot, content = ward.cached()
    (spot.path if spot.path.is_symlink() else spot.fast).unlink()
    look_after(ward.stage.desk)
    return spot.path, content


def rests(ward: Ward) -> list[RestRow]:
    return list(ward.stage.journal.at_rest())


def original(ward: Ward) -> RestRow:
    return next(row for row in rests(ward) if Path(row.resting).parent == Path(row.path).parent)


def fast_copy(ward: Ward) -> RestRow:
    return next(row for row in rests(ward) if Path(row.resting).is_relative_to(ward.stage.fast))


def history(ward: Ward) -> list[MoveRow]:
    with ward.stage.database.read() as session:
        return list(session.scalars(select(MoveRow).order_by(MoveRow.id)))


def test_an_original_has_its_path_again(ward: Ward) -> None:
    path, content = deleted(ward)
    row = original(ward)

    assert take_back(ward.care, row.id, nobody) == path
    assert path.read_bytes() == content
    assert row.id not in [one.id for one in rests(ward)]
    assert ward.stage.journal.unfinished() == []


def test_a_fast_copy_is_copied_to_the_path_and_rests_no_more(linked: Ward) -> None:
    path, content = deleted(linked)
    row = fast_copy(linked)
    before = os.stat(row.resting)

    assert take_back(linked.care, row.id, nobody) == path
    assert path.read_bytes() == content
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert not Path(row.resting).exists()
    assert [Path(one.resting).parent for one in rests(linked)] == [path.parent]


@pytest.mark.parametrize("which", [original, fast_copy])
def test_nothing_is_taken_back_over_what_is_there_now_but_beside_it(
    linked: Ward, which: Callable[[Ward], RestRow]
) -> None:
    path, content = deleted(linked)
    linked.put(path, b"a newer film")
    row = which(linked)

    with pytest.raises(Conflict, match="There is a file at"):
        take_back(linked.care, row.id, nobody)
    assert take_back(linked.care, row.id, nobody, where=Where.BESIDE) == linked.stage.slow / BESIDE
    assert path.read_bytes() == b"a newer film"
    assert (linked.stage.slow / BESIDE).read_bytes() == content
    assert linked.stage.hidden() == [
        str(Path(one.resting).relative_to(linked.stage.home)) for one in rests(linked)
    ]


def test_a_path_that_leads_to_the_fast_disk_again_is_taken(ward: Ward) -> None:
    path, _ = deleted(ward)
    row = original(ward)
    ward.put(path, b"another film")
    cache_in(ward.stage.desk, ward.spot(path))

    with pytest.raises(Conflict):
        take_back(ward.care, row.id, nobody)
    take_back(ward.care, row.id, nobody, where=Where.BESIDE)
    assert ward.shown(path) == b"another film"


def test_two_files_beside_one_path_have_two_names(linked: Ward) -> None:
    path, content = deleted(linked)
    linked.put(path, b"a newer film")
    linked.put(linked.stage.slow / BESIDE, b"somebody's own")
    names = {take_back(linked.care, row.id, nobody, where=Where.BESIDE).name for row in rests(linked)}

    assert names == {"Film (2001) (taken back 2).mkv", "Film (2001) (taken back 3).mkv"}
    assert (linked.stage.slow / BESIDE).read_bytes() == b"somebody's own"
    assert content in linked.everything()


def test_a_name_beside_a_path_fits_the_file_system(linked: Ward) -> None:
    name = "ä" * 124 + ".mkv"
    path = linked.stage.film(name)
    assert cache_in(linked.stage.desk, linked.spot(path)).value == "cached"
    path.unlink()
    look_after(linked.stage.desk)
    linked.put(path, b"a newer film")

    taken = take_back(linked.care, original(linked).id, nobody, where=Where.BESIDE)

    assert taken.name.endswith(" (taken back).mkv")
    assert len(os.fsencode(taken.name)) <= 255
    assert taken.exists()


def test_what_is_gone_from_its_disk_is_forgotten_and_said(ward: Ward) -> None:
    deleted(ward)
    row = original(ward)
    Path(row.resting).unlink()

    with pytest.raises(NotFound, match="not there any more"):
        take_back(ward.care, row.id, nobody)
    with pytest.raises(NotFound, match="rests no more"):
        take_back(ward.care, row.id, nobody)
    with pytest.raises(NotFound, match="rests no more"):
        take_back(ward.care, 2**31 - 1, nobody)


def test_a_disk_that_is_away_keeps_what_rests_there(linked: Ward) -> None:
    deleted(linked)
    row = fast_copy(linked)
    (linked.stage.fast / TIER).unlink()

    with pytest.raises(SwapRefused, match="not mounted"):
        take_back(linked.care, row.id, nobody)
    assert row.id in [one.id for one in rests(linked)]


def test_a_full_disk_keeps_the_file_at_rest_and_leaves_nothing_half(linked: Ward) -> None:
    path, content = deleted(linked)
    row = fast_copy(linked)
    linked.stage.desk = replace(linked.stage.desk, calls=Full())

    with pytest.raises(TargetFull):
        take_back(linked.care, row.id, nobody)
    assert not path.exists()
    assert Path(row.resting).read_bytes() == content
    assert not [name for name in linked.stage.hidden() if name.endswith(".copy")]
    assert linked.stage.journal.unfinished() == []
    assert [one.outcome for one in history(linked)] == ["failed"]


def test_who_stops_it_finds_the_file_at_rest(linked: Ward) -> None:
    path, _ = deleted(linked)
    row = fast_copy(linked)

    def stop() -> None:
        raise JobCancelled("Stopped.")

    with pytest.raises(JobCancelled):
        take_back(linked.care, row.id, stop)
    assert not path.exists()
    assert Path(row.resting).exists()
    assert linked.stage.journal.unfinished() == []


def test_what_is_taken_back_is_in_the_history(ward: Ward) -> None:
    path, content = deleted(ward)
    take_back(replace(ward.care, asked_by="ada"), original(ward).id, nobody)
    (row,) = history(ward)

    assert (row.kind, row.outcome, row.path, row.size) == ("take_back", "returned", str(path), len(content))
    assert row.asked_by == "ada"


def test_what_rests_goes_only_when_its_days_are_over(ward: Ward) -> None:
    path, _ = deleted(ward)
    files = [Path(row.resting) for row in rests(ward)]
    ward.stage.clock.pass_by(days=13, hours=23)

    assert let_go(ward.stage.desk) == []
    assert all(file.exists() for file in files)
    ward.stage.clock.pass_by(hours=2)
    assert set(let_go(ward.stage.desk)) == set(files)
    assert FILM in str(path)
