"""Every repair, and every file that is taken over, is in the history, and says whether it can be undone."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from projectionist.errors import ProjectionistError, SourceChanged, SwapRefused
from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.repairing import Mended, repair
from projectionist.features.cache.journal import Journal, Move
from projectionist.features.cache.mending.taking_back import Where, take_back
from projectionist.features.cache.models import Kind
from projectionist.features.cache.reading import history
from projectionist.features.cache.reading.history import MoveFilter, Past
from projectionist.features.cache.recovering import recover
from projectionist.features.cache.workplace import Workplace
from projectionist.kit.swaps import FileCalls
from tests.features.cache.adopting.rival import cached_by_rival, moved_in
from tests.features.cache.auditing.ward import FILM, Ward
from tests.features.cache.stage import OLD


def nobody() -> None:
    """Nobody ends it early."""


def past(ward: Ward) -> list[Past]:
    """The history, the newest first."""
    place = cast("Workplace", SimpleNamespace(database=ward.stage.database, clock=ward.stage.clock))
    return list(history.moves(place, MoveFilter()).items)


def told(one: Past) -> tuple[str, str, bool]:
    return one.move.kind.value, one.move.outcome, one.can_undo


def orphan(ward: Ward) -> Path:
    """A fast file that nobody knows, whose path is gone."""
    (ward.stage.slow / FILM).parent.mkdir(parents=True, exist_ok=True)
    return ward.put(ward.spot(ward.stage.slow / FILM).fast, b"nobody's", OLD)


def test_what_a_repair_puts_to_rest_can_be_given_back_to_its_place(linked: Ward) -> None:
    fast = orphan(linked)
    linked.mend()
    (done,) = past(linked)

    assert told(done) == ("repair", "rested", True)
    assert done.move.path == str(linked.stage.slow / FILM)
    assert done.move.tier == "SSD"
    assert not fast.exists()
    number = done.move.rest_id
    assert number is not None
    take_back(linked.care, number, nobody, where=Where.PLACE, undoes=done.move.id)
    assert fast.read_bytes() == b"nobody's"
    undone, done = past(linked)
    assert (undone.move.kind, undone.move.undoes, done.was_undone) == (Kind.TAKE_BACK, done.move.id, True)
    assert (done.can_undo, done.why_not) == (False, "It was undone.")


def test_in_a_union_what_is_given_back_never_hides_what_is_there(union: Ward) -> None:
    path = union.stage.film(FILM)
    good = path.read_bytes()
    union.put(union.spot(path).fast, good[:50_000], OLD - 5)
    union.mend()
    done = past(union)[0]
    assert done.move.rest_id is not None

    taken = take_back(union.care, done.move.rest_id, nobody, where=Where.PLACE)

    assert union.shown(path) == good
    assert taken.name == "Film (2001) (taken back).mkv"


def test_a_copy_that_was_there_twice_leaves_nothing_to_give_back(ward: Ward) -> None:
    path = ward.stage.film(FILM)
    ward.put(ward.spot(path).fast, path.read_bytes(), OLD)
    ward.mend()
    (done,) = past(ward)

    assert told(done) == ("repair", "mended", False)
    assert "byte for byte" in done.why_not
    assert "every byte of it is here once more" in done.move.why


def test_what_was_brought_home_can_be_cached_again(ward: Ward) -> None:
    spot, _ = ward.cached()
    spot.aside.unlink()
    ward.mend()
    (done,) = past(ward)

    assert told(done) == ("repair", "home", True)
    assert done.move.tier == "SSD"


def test_what_was_taken_over_is_on_the_fast_disk_and_can_go_back(ward: Ward) -> None:
    spot, backup, content = cached_by_rival(ward)
    moved_in(ward)
    (done,) = past(ward)

    assert told(done) == ("take_over", "cached", True)
    assert (done.move.path, done.move.size) == (str(spot.path), len(content))
    assert not backup.exists()


def test_a_stub_of_another_program_can_be_given_back(ward: Ward) -> None:
    spot, _, good = cached_by_rival(ward)
    ward.put(spot.fast, good[:50_000], OLD + 5)
    moved_in(ward)
    (done,) = past(ward)

    assert told(done) == ("take_over", "rested", True)
    assert ward.shown(spot.path) == good


def test_a_repair_that_could_not_be_done_says_why(linked: Ward) -> None:
    spot, _ = linked.cached()
    finding = Finding(FindingKind.MISMATCH, spot.path, "It is damaged.", Repair.RESTORE)
    spot.aside.unlink()
    with pytest.raises(SwapRefused) as refused:
        repair(replace(linked.care, asked_by="ada"), finding)
    (done,) = past(linked)

    assert told(done) == ("repair", "failed", False)
    assert (done.move.why, done.move.asked_by) == (refused.value.message, "ada")


def test_a_finding_that_is_true_no_more_changes_nothing_and_says_so(ward: Ward) -> None:
    path = ward.stage.film(FILM)
    fast = ward.put(ward.spot(path).fast, path.read_bytes(), OLD)
    finding = ward.only()
    fast.unlink()
    contents = ward.everything()

    assert ward.mend(finding) is Mended.NO_LONGER_SO
    (done,) = past(ward)
    assert told(done) == ("repair", "no_longer_so", False)
    assert ward.everything() == contents
    assert ward.look().findings == ()


@pytest.mark.parametrize("kind", list(Repair))
@pytest.mark.parametrize(
    "where", ["slow/nowhere/film.mkv", "fast/nowhere/film.mkv", "elsewhere/film.mkv", "slow"]
)
def test_a_finding_about_nothing_is_refused_or_true_no_more(linked: Ward, kind: Repair, where: str) -> None:
    spot, content = linked.cached()
    finding = Finding(FindingKind.ORPHAN, linked.stage.home / where, "Rubbish.", kind)
    with suppress(ProjectionistError):
        assert linked.mend(finding) is not Mended.MENDED
    assert spot.path.read_bytes() == content
    assert linked.stage.journal.unfinished() == []


def test_two_who_mend_one_finding_mend_it_once(linked: Ward) -> None:
    fast = orphan(linked)
    finding = linked.only()

    def mend() -> Mended | None:
        try:
            return linked.mend(finding)
        except ProjectionistError:
            return None

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: mend(), range(8)))

    assert done.count(Mended.MENDED) == 1
    assert [one.move.outcome for one in past(linked)].count("rested") == 1
    assert not fast.exists()
    assert len(linked.stage.journal.at_rest()) == 1
    assert linked.stage.journal.unfinished() == []


class Hindered(FileCalls):
    """Every change of a name or a file is refused."""

    def __init__(self, code: int) -> None:
        self.code = code

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        raise OSError(self.code, os.strerror(self.code))


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("scene", ["an orphan", "an only copy", "a pair of another program"])
def test_a_disk_that_takes_nothing_keeps_all_as_it_was_and_the_history_says_so(
    linked: Ward, scene: str, code: int
) -> None:
    if scene == "an orphan":
        orphan(linked)
    elif scene == "an only copy":
        linked.cached()[0].aside.unlink()
    else:
        cached_by_rival(linked)
    (finding,) = linked.look().findings
    contents, whole = linked.everything(), linked.stage.desk
    linked.stage.desk = replace(whole, calls=Hindered(code))
    with pytest.raises(ProjectionistError):
        linked.mend(finding)
    linked.stage.desk = whole
    recover(whole)

    assert linked.everything() == contents
    assert linked.stage.journal.unfinished() == []
    assert past(linked)[0].move.outcome == "failed"
    assert linked.mend(linked.only()) is Mended.MENDED


class Late(Journal):
    """Somebody else is done with a file just when a repair of it begins."""

    gone: Path

    def begin(self, *args: Any, **kwargs: Any) -> Move:
        self.gone.unlink()
        return super().begin(*args, **kwargs)


def test_a_file_that_goes_as_its_repair_begins_is_not_said_to_rest(linked: Ward) -> None:
    stage, fast = linked.stage, orphan(linked)
    finding = linked.only()
    journal = Late(stage.database, stage.clock, "here")
    journal.gone = fast
    stage.desk = replace(stage.desk, journal=journal)

    with pytest.raises(SourceChanged, match="not there any more"):
        linked.mend(finding)
    assert past(linked)[0].move.outcome == "failed"
    assert journal.unfinished() == []
