"""What an audit finds, and what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from projectionist.errors import JobCancelled, NotFound, ServiceError, SwapRefused
from projectionist.features.cache import queries
from projectionist.features.cache.auditing.audit import audit
from projectionist.features.cache.auditing.excluding import publishing
from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.keeping import finding as finding_of
from projectionist.features.cache.auditing.keeping import findings
from projectionist.features.cache.auditing.repairing import Mended, repair
from projectionist.features.cache.mending.moves import content_of_file, forget
from projectionist.features.cache.models import Layout
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import Standing, look
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.features.cache.tiers.mover import MARKER
from tests.features.cache.auditing.ward import FILM, Ward
from tests.features.cache.stage import HIDDEN, OLD


def test_all_as_it_was_left_is_no_finding(anywhere: Ward) -> None:
    anywhere.cached()
    anywhere.cached("Show/Season 1/one.mkv")
    anywhere.stage.film("untouched.mkv")
    audited = anywhere.look()
    assert (audited.findings, audited.living) == ((), 0)
    assert audited.looked_at == 2 + len(
        [file for file in anywhere.stage.slow.rglob("*") if not file.is_dir()]
    )


def test_an_orphan_rests_and_nothing_else_is_touched(linked: Ward) -> None:
    spot, content = linked.cached()
    stray = linked.put(linked.stage.fast / "Film (2001)/other.mkv", b"a stray copy")
    finding = linked.only()
    assert (finding.kind, finding.path, finding.size) == (FindingKind.ORPHAN, stray, 12)
    assert linked.mend(finding) is Mended.MENDED
    assert not stray.exists()
    (row,) = linked.stage.journal.at_rest()
    assert Path(row.resting).read_bytes() == b"a stray copy"
    assert linked.shown(spot.path) == content
    assert linked.found() == []


def test_what_lies_in_folders_that_no_place_has_is_somebody_elses(linked: Ward) -> None:
    linked.cached()
    linked.put(linked.stage.fast / "appdata/plex.db", b"not ours")
    linked.put(linked.stage.fast / "My own films/own.mkv", b"not ours either")
    assert linked.found() == []


def test_what_lives_on_the_fast_branch_of_a_union_stays_there(union: Ward) -> None:
    union.cached()
    union.put(union.stage.fast / "Film (2001)/new.mkv", b"just downloaded")
    audited = union.look()
    assert (audited.findings, audited.living) == ((), 1)


def test_a_copy_that_is_all_there_is_is_brought_home(anywhere: Ward) -> None:
    spot, content = anywhere.cached()
    spot.aside.unlink()
    assert anywhere.found() == [(FindingKind.UNPROTECTED, spot.path)]
    assert anywhere.mend() is Mended.MENDED
    assert (spot.path.is_symlink(), spot.path.read_bytes()) == (False, content)
    assert anywhere.everything() == [content]
    assert anywhere.found() == []


def test_a_link_that_nobody_remembers_is_brought_home(linked: Ward) -> None:
    spot, content = linked.cached()
    spot.aside.unlink()
    forget(linked.stage.desk, spot, content_of_file(spot.fast))
    assert linked.found() == [(FindingKind.UNPROTECTED, spot.path)]
    assert linked.mend() is Mended.MENDED
    assert (spot.path.is_symlink(), spot.path.read_bytes()) == (False, content)


def test_an_original_that_is_damaged_gives_way_to_the_whole_copy(ward: Ward) -> None:
    spot, content = ward.cached()
    spot.aside.write_bytes(b"torn")
    assert ward.found() == [(FindingKind.UNPROTECTED, spot.path)]
    assert ward.mend() is Mended.MENDED
    assert (spot.path.is_symlink(), spot.path.read_bytes()) == (False, content)
    assert sorted(ward.everything()) == sorted([content, b"torn"])


def test_where_neither_is_as_it_was_both_stay(ward: Ward) -> None:
    spot, content = ward.cached()
    spot.aside.write_bytes(b"torn")
    stat = spot.fast.stat()
    spot.fast.write_bytes(b"?" + content[1:])
    os.utime(spot.fast, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(SwapRefused, match="keep the one that plays"):
        ward.mend()
    assert spot.aside.read_bytes() == b"torn"


def test_a_row_whose_copy_vanished_gets_its_original_back(ward: Ward) -> None:
    spot, content = ward.cached()
    spot.fast.unlink()
    finding = ward.only()
    assert (finding.kind, finding.path, finding.repair) == (FindingKind.STALE, spot.path, Repair.SETTLE)
    assert ward.mend(finding) is Mended.MENDED
    if ward.layout is Layout.SYMLINK:
        assert spot.path.read_bytes() == content
    assert ward.everything() == [content]  # deleted through the union, it rests
    assert ward.found() == []


def test_a_row_of_which_nothing_is_left_is_forgotten_and_the_broken_link_told(linked: Ward) -> None:
    spot, _ = linked.cached()
    spot.fast.unlink()
    spot.aside.unlink()
    finding = linked.only()
    assert (finding.kind, finding.repair) == (FindingKind.BROKEN, Repair.FORGET)
    assert linked.mend(finding) is Mended.MENDED
    assert linked.stage.journal.cached(spot.path) is None
    finding = linked.only()
    assert (finding.kind, finding.path, finding.repair) == (FindingKind.BROKEN, spot.path, Repair.NONE)
    assert linked.mend(finding) is Mended.LEFT
    assert spot.path.is_symlink()


def test_links_that_others_made_below_a_fast_root_are_told_when_broken(linked: Ward) -> None:
    (linked.stage.slow / "theirs.mkv").symlink_to(linked.stage.fast / "gone.mkv")
    (linked.stage.slow / "relative.mkv").symlink_to("../fast/gone too.mkv")
    (linked.stage.slow / "elsewhere.mkv").symlink_to("/nowhere/else.mkv")
    (linked.stage.slow / "lookalike.mkv").symlink_to(f"{linked.stage.fast}-drive/gone.mkv")
    found = linked.found()
    assert {kind for kind, _ in found} == {FindingKind.BROKEN}
    assert {path.name for _, path in found} == {"theirs.mkv", "relative.mkv"}


def test_an_equal_duplicate_is_removed_by_its_content(ward: Ward) -> None:
    path = ward.stage.film()
    copy = ward.put(ward.spot(path).fast, path.read_bytes(), OLD + 5)
    finding = ward.only()
    assert (finding.kind, finding.path, finding.repair) == (FindingKind.DUPLICATE, copy, Repair.DROP)
    assert ward.mend(finding) is Mended.MENDED
    assert (path.exists(), copy.exists()) == (True, False)
    assert ward.stage.hidden() == []


def test_a_duplicate_of_the_same_size_and_time_that_differs_is_not_removed(ward: Ward) -> None:
    path = ward.stage.film()
    good = path.read_bytes()
    copy = ward.put(ward.spot(path).fast, b"?" + good[1:], OLD)
    assert ward.mend() is Mended.MENDED
    assert ward.shown(path) == good
    assert not copy.exists()
    assert sorted(ward.everything()) == sorted([good, b"?" + good[1:]])


@pytest.mark.parametrize("newer", [False, True])
def test_a_piece_of_a_copy_never_wins_over_the_whole_file(ward: Ward, newer: bool) -> None:
    path = ward.stage.film()
    good = path.read_bytes()
    ward.put(ward.spot(path).fast, good[:-4096], OLD + 10**9 if newer else OLD - 10**9)
    assert ward.mend() is Mended.MENDED
    assert ward.shown(path) == good


def test_of_two_contents_a_union_goes_on_showing_the_newer_one(union: Ward) -> None:
    path = union.stage.film()
    older = path.read_bytes()
    union.put(union.spot(path).fast, b"the upgrade", OLD + 10**9)
    assert union.shown(path) == b"the upgrade"
    assert union.mend() is Mended.MENDED
    assert union.shown(path) == b"the upgrade"
    assert sorted(union.everything()) == sorted([older, b"the upgrade"])
    assert not path.exists()


def test_a_duplicate_that_somebody_plays_stays(ward: Ward) -> None:
    path = ward.stage.film()
    ward.put(ward.spot(path).fast, path.read_bytes())
    finding = ward.only()
    ward.stage.viewers.playing.add(path)
    assert ward.mend(finding) is Mended.PLAYING
    assert ward.spot(path).fast.exists()
    assert findings(ward.stage.database, "here") == [finding]
    ward.stage.viewers.playing.clear()
    ward.stage.viewers.failure = ServiceError("The server does not answer.")
    with pytest.raises(ServiceError):
        ward.mend(finding)
    assert ward.spot(path).fast.exists()


def test_a_finding_that_is_so_no_longer_changes_nothing(ward: Ward) -> None:
    path = ward.stage.film()
    copy = ward.put(ward.spot(path).fast, path.read_bytes())
    finding = ward.only()
    path.unlink()  # meanwhile the copy became all there is
    assert ward.mend(finding) is Mended.NO_LONGER_SO
    assert copy.exists()
    assert findings(ward.stage.database, "here") == []


def test_a_lost_database_is_remembered_from_what_lies_on_the_disks(anywhere: Ward) -> None:
    spot, content = anywhere.cached()
    gone, _ = anywhere.cached("Film (2001)/gone.mkv")
    anywhere.put(gone.path.with_name(f"{HIDDEN}{'0' * 16}-{'1' * 16}.rest"), b"at rest")
    with anywhere.stage.database.write() as session:
        queries.forget_copy(session, str(spot.path))
    if anywhere.layout is Layout.SYMLINK:
        gone.path.unlink()
    else:
        gone.fast.unlink()
    kinds = [kind for kind, _ in anywhere.found()]
    assert sorted(kinds) == [FindingKind.ORPHAN, FindingKind.ORPHAN, FindingKind.STALE]
    for finding in anywhere.look().findings:
        assert anywhere.mend(finding) is Mended.MENDED
    assert anywhere.found() == []
    assert look(spot) is Standing.AWAY
    assert anywhere.stage.journal.cached(spot.path) is not None
    move_back(anywhere.stage.desk, spot.path)
    assert (spot.path.read_bytes(), spot.fast.exists()) == (content, False)


def test_what_a_forgotten_move_was_making_rests(ward: Ward) -> None:
    ward.cached()
    ward.put(ward.stage.fast / f"Film (2001)/{HIDDEN}{'a' * 16}.copy", b"half a film")
    ward.put(ward.stage.slow / f"Film (2001)/{HIDDEN}{'b' * 16}.copy", b"perhaps somebody's file")
    for finding in ward.look().findings:
        assert (finding.kind, finding.repair) == (FindingKind.ORPHAN, Repair.REST)
        assert ward.mend(finding) is Mended.MENDED
    assert ward.found() == []
    rests = {Path(row.resting).read_bytes() for row in ward.stage.journal.at_rest()}
    assert rests == {b"half a film", b"perhaps somebody's file"}


def test_a_move_under_way_is_not_spoken_of(ward: Ward) -> None:
    path = ward.stage.film()
    found: list[object] = []

    def look_meanwhile(done: int) -> None:
        if not found:
            found.append(ward.found())

    cache_in(ward.stage.desk, ward.spot(path), progress=look_meanwhile)
    assert found == [[]]


def test_what_is_moved_while_an_audit_looks_is_not_spoken_of(ward: Ward) -> None:
    comes, goes = ward.stage.film("comes.mkv"), ward.cached("goes.mkv")[0].path
    moved: list[object] = []

    def move(_looked_at: int, _where: str) -> None:
        if not moved:
            moved.append(cache_in(ward.stage.desk, ward.spot(comes)))
            moved.append(move_back(ward.stage.desk, goes))

    assert audit(ward.care, progress=move).findings == ()
    assert moved == [Outcome.CACHED, Outcome.HOME]


@pytest.mark.parametrize("side", ["slow", "fast"])
def test_where_a_tier_is_away_nothing_else_is_said_and_what_was_found_stays(linked: Ward, side: str) -> None:
    linked.cached()
    stray = linked.put(linked.stage.fast / "Film (2001)/other.mkv", b"a stray copy")
    assert linked.found() == [(FindingKind.ORPHAN, stray)]
    root: Path = getattr(linked.stage, side)
    root.rename(linked.stage.home / "away")
    root.mkdir()
    assert linked.found() == [(FindingKind.UNSEEN, root)]
    kept = findings(linked.stage.database, "here")
    assert {(one.kind, one.path) for one in kept} == {(FindingKind.ORPHAN, stray), (FindingKind.UNSEEN, root)}
    root.rmdir()
    (linked.stage.home / "away").rename(root)
    assert linked.found() == [(FindingKind.ORPHAN, stray)]
    assert [one.kind for one in findings(linked.stage.database, "here")] == [FindingKind.ORPHAN]


@pytest.mark.parametrize("side", ["slow", "fast"])
def test_a_folder_that_cannot_be_read_says_nothing_of_its_whole_root(
    linked: Ward, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked.cached()
    linked.put(linked.stage.fast / "Film (2001)/other.mkv", b"a stray copy")
    shut = getattr(linked.stage, side) / "Film (2001)"
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path) == str(shut):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    finding = linked.only()
    assert (finding.kind, finding.path) == (FindingKind.UNSEEN, getattr(linked.stage, side))
    assert "Permission denied" in finding.evidence


def test_what_the_mover_may_take_is_unprotected_and_lines_without_files_are_stale(
    union: Ward, tmp_path: Path
) -> None:
    spot, _ = union.cached()
    excludes = tmp_path / "excludes.txt"
    theirs = "/host/other/line.mkv\n/host/fast/gone, and not our line.mkv\n"
    excludes.write_text(f"{theirs}/host/fast/Film (2001)\n")
    assert union.found(excludes) == []  # a folder's line covers what is in it
    excludes.write_text(f"{theirs}{MARKER.decode()}\n/host/fast/gone.mkv\n")
    found = union.look(excludes).findings
    assert [(one.kind, one.path) for one in found] == [
        (FindingKind.UNPROTECTED, spot.fast),
        (FindingKind.STALE, Path("/host/fast/gone.mkv")),
    ]
    assert union.mend(found[0]) is Mended.LEFT  # nobody said which list
    care = publishing(union.care, excludes)
    assert [repair(care, one) for one in found] == [Mended.MENDED, Mended.MENDED]
    assert excludes.read_text() == f"{theirs}{MARKER.decode()}\n/host/fast/{FILM}\n"
    assert union.found(excludes) == []


def test_a_list_that_is_not_there_yet_covers_nothing(union: Ward, tmp_path: Path) -> None:
    spot, _ = union.cached()
    assert union.found(tmp_path / "none yet.txt") == [(FindingKind.UNPROTECTED, spot.fast)]
    assert union.found(tmp_path) == [(FindingKind.UNSEEN, tmp_path)]


def test_a_finding_has_a_number_until_it_is_mended(linked: Ward) -> None:
    linked.cached()
    linked.put(linked.stage.fast / "Film (2001)/other.mkv", b"a stray copy")
    first, second = linked.only(), linked.only()
    assert first == second
    assert first.id is not None
    assert finding_of(linked.stage.database, first.id) == first
    linked.mend(first)
    with pytest.raises(NotFound):
        finding_of(linked.stage.database, first.id)


def test_an_audit_ends_when_it_is_told_to(ward: Ward) -> None:
    ward.cached()

    def stop(_looked_at: int, _where: str) -> None:
        raise JobCancelled("Stopped.")

    with pytest.raises(JobCancelled):
        audit(ward.care, progress=stop)


def test_every_repair_says_what_it_would_do() -> None:
    assert all(Finding(FindingKind.ORPHAN, Path("/x"), "", repair).deed for repair in Repair)


def test_an_audit_asks_for_names_and_not_for_each_file(linked: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    linked.cached()
    for number in range(2000):
        linked.put(linked.stage.slow / f"folder {number % 20}" / f"{number}.mkv", b"")
    asked: list[object] = []
    for call in ("stat", "lstat"):
        monkeypatch.setattr(os, call, counted(getattr(os, call), asked))
    assert linked.look().looked_at > 2000
    assert len(asked) < 20


def counted(call: Callable[..., object], asked: list[object]) -> Callable[..., object]:
    def counting(*args: object, **more: object) -> object:
        asked.append(args)
        return call(*args, **more)

    return counting


def test_a_piece_that_a_mover_writes_does_not_take_the_place_of_the_whole_film(union: Ward) -> None:
    spot, content = union.cached()
    union.put(spot.path, content[:-5000])
    finding = union.only()
    assert (finding.kind, finding.repair) == (FindingKind.STALE, Repair.SETTLE)
    assert union.mend(finding) is Mended.LEFT
    assert union.shown(spot.path) == content


def test_a_damaged_original_does_not_take_the_place_of_the_whole_one(linked: Ward) -> None:
    spot, content = linked.cached()
    spot.fast.unlink()
    spot.path.unlink()
    spot.aside.rename(spot.path)
    linked.put(spot.aside, content[:-5000])
    assert linked.mend() is Mended.MENDED
    assert spot.path.read_bytes() == content
    assert linked.found() == []


def test_a_copy_is_not_removed_for_a_file_of_its_size_and_time_that_holds_something_else(ward: Ward) -> None:
    spot, content = ward.cached()
    spot.path.unlink(missing_ok=True)
    ward.put(spot.path, b"?" + content[1:], OLD)
    finding = ward.only()
    assert (finding.kind, finding.repair) == (FindingKind.STALE, Repair.SETTLE)
    assert ward.mend(finding) is Mended.MENDED
    assert ward.shown(spot.path) == b"?" + content[1:]
    assert ward.everything().count(content) == 2


@pytest.mark.parametrize("how", ["a file", "a link", "a link beside it", "a row"])
def test_an_orphan_that_something_leads_to_by_now_stays(linked: Ward, how: str) -> None:
    linked.cached()
    stray = linked.put(linked.stage.fast / "Film (2001)/other.mkv", b"a stray copy")
    finding = linked.only()
    path = linked.stage.slow / "Film (2001)/other.mkv"
    if how == "a file":
        linked.put(path, b"a stray copy")
    elif how == "a row":
        linked.stage.journal.adopt(linked.spot(path), content_of_file(stray))
    else:
        (path if how == "a link" else path.with_name("third.mkv")).symlink_to(stray)
    assert linked.mend(finding) is Mended.NO_LONGER_SO
    assert stray.exists()
