"""What other caching programs left becomes ours, or is left alone for a reason; the good content never loses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from projectionist.errors import ServiceError
from projectionist.features.cache.adopting.jobs import run_adopt
from projectionist.features.cache.adopting.taking_over import Taken, TakenOver, take_over
from projectionist.features.cache.auditing.findings import FindingKind, Repair
from projectionist.features.cache.auditing.jobs import run_audit, run_mend
from projectionist.features.cache.auditing.repairing import Mended
from projectionist.features.cache.recovering import look_after
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.sidecars import move_back_with_sidecars
from projectionist.features.cache.spots import Standing, look
from projectionist.features.cache.swapping import move_back
from tests.features.cache.adopting.rival import cached_by_rival, looked_over, moved_in, write_plexcache_d
from tests.features.cache.auditing.test_scrub import Run
from tests.features.cache.auditing.ward import FILM, Ward
from tests.features.cache.stage import OLD


def snapshot(ward: Ward) -> dict[str, tuple[float, bytes | str]]:
    """Every file of both tiers: when it was changed last, and what it holds or says."""
    return {
        str(path): (path.lstat().st_ctime, str(path.readlink()) if path.is_symlink() else path.read_bytes())
        for root in (ward.stage.slow, ward.stage.fast)
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("hidden", [False, True], ids=["PlexCache-D", "Cacherr"])
def test_a_whole_pair_becomes_ours_and_goes_home_when_asked(anywhere: Ward, hidden: bool) -> None:
    spot, backup, content = cached_by_rival(anywhere, hidden=hidden)
    (taken,) = moved_in(anywhere)
    assert (taken.taken, taken.backup, taken.path) == (Taken.OURS, backup, spot.path)
    assert look(spot) is Standing.AWAY
    assert not backup.exists()
    assert anywhere.shown(spot.path) == content
    assert look_after(anywhere.stage.desk) == []
    assert anywhere.found() == []
    assert move_back(anywhere.stage.desk, spot.path) is Outcome.HOME
    assert (spot.path.is_symlink(), spot.path.read_bytes()) == (False, content)
    assert anywhere.everything() == [content]


def test_first_it_is_only_told_and_nothing_changed(ward: Ward, tmp_path: Path) -> None:
    cached_by_rival(ward)
    _, _stub, good = cached_by_rival(ward, "stub.mkv")
    ward.put(ward.spot(ward.stage.slow / "stub.mkv").fast, good[:50])
    ward.put(ward.stage.slow / "lost.mkv.plexcached", b"all there is")
    before = snapshot(ward)
    told = looked_over(ward, write_plexcache_d(tmp_path / "config", ward)).files
    assert snapshot(ward) == before
    assert {one.backup.name: one.taken for one in told} == {
        "Film (2001).mkv.plexcached": Taken.OURS,
        "stub.mkv.plexcached": Taken.PUT_BACK,
        "lost.mkv.plexcached": Taken.LEFT_ALONE,
    }
    assert all(one.why for one in told)


@pytest.mark.parametrize("damage", ["cut", "empty", "zeros", "hole"])
@pytest.mark.parametrize("newer", [False, True])
def test_a_stub_never_wins_against_the_good_backup(ward: Ward, damage: str, newer: bool) -> None:
    content = os.urandom(3 << 20)
    spot, _, good = cached_by_rival(ward, content=content)
    bad = {
        "cut": good[: 1 << 20],
        "empty": b"",
        "zeros": good[: 1 << 20] + bytes(2 << 20),
        "hole": good[: 1 << 20] + bytes(8192) + good[(1 << 20) + 8192 :],
    }[damage]
    ward.put(spot.fast, bad, OLD + 10**10 if newer else OLD)
    (taken,) = moved_in(ward)
    assert taken.taken is Taken.PUT_BACK
    assert (spot.path.is_symlink(), ward.shown(spot.path)) == (False, good)
    assert sorted(ward.everything()) == sorted([good, bad])
    assert ward.stage.journal.cached(spot.path) is None
    ward.stage.clock.pass_by(days=20)
    assert ward.found() == []


def test_the_same_size_and_time_alone_make_no_pair(ward: Ward) -> None:
    spot, _, good = cached_by_rival(ward)
    ward.put(spot.fast, b"?" + good[1:], OLD)
    (taken,) = moved_in(ward)
    assert taken.taken is Taken.PUT_BACK
    assert ward.shown(spot.path) == good


def test_an_upgrade_of_the_same_name_wins_and_the_older_rests(ward: Ward) -> None:
    spot, _, good = cached_by_rival(ward)
    ward.put(spot.fast, b"a better version " * 99_999, OLD + 10**10)
    (taken,) = moved_in(ward)
    assert taken.taken is Taken.NEWER_KEPT
    assert ward.shown(spot.path) == b"a better version " * 99_999
    assert not spot.path.is_symlink()
    assert sorted(ward.everything()) == sorted([good, b"a better version " * 99_999])
    assert [row.reason for row in ward.stage.journal.at_rest()] == ["replaced"]


def test_a_newer_film_that_is_far_too_small_is_left_alone(anywhere: Ward) -> None:
    spot, backup, good = cached_by_rival(anywhere)
    anywhere.put(spot.fast, b"something else, and perhaps cut short", OLD + 10**10)
    (taken,) = moved_in(anywhere)
    assert (taken.taken, "which of the two plays" in taken.why) == (Taken.LEFT_ALONE, True)
    assert backup.read_bytes() == good


def test_a_file_at_the_path_stays_and_its_old_backup_rests(linked: Ward) -> None:
    path = linked.stage.film()
    good = path.read_bytes()
    linked.put(path.with_name(f"{path.name}.plexcached"), good)
    (taken,) = moved_in(linked)
    assert (taken.taken, path.read_bytes()) == (Taken.RESTED, good)
    assert len(linked.everything()) == 2


def test_a_backup_that_may_be_better_than_the_file_at_the_path_is_left_alone(linked: Ward) -> None:
    path = linked.stage.film()
    good = path.read_bytes()
    backup = linked.put(path.with_name(f"{path.name}.plexcached"), good + b" and its end", OLD + 5)
    (taken,) = moved_in(linked)
    assert taken.taken is Taken.LEFT_ALONE
    assert backup.exists()


def test_what_was_deleted_is_not_restored_unasked_but_by_a_repair(ward: Ward) -> None:
    backup = ward.put(ward.stage.slow / "Film/Film.mkv.plexcached", b"all there is")
    assert moved_in(ward) == []
    finding = ward.only()
    assert (finding.kind, finding.repair) == (FindingKind.FOREIGN, Repair.TAKE_OVER)
    assert ward.mend(finding) is Mended.MENDED
    assert (ward.stage.slow / "Film/Film.mkv").read_bytes() == b"all there is"
    assert not backup.exists()


def test_a_dead_link_gets_its_backup_back_by_a_repair(linked: Ward) -> None:
    spot, _, good = cached_by_rival(linked)
    spot.fast.unlink()
    assert moved_in(linked) == []
    assert linked.mend() is Mended.MENDED
    assert (spot.path.is_symlink(), spot.path.read_bytes()) == (False, good)


def test_a_backup_that_lost_its_ending_is_known_by_its_copy(ward: Ward) -> None:
    spot, _, content = cached_by_rival(ward, backup="Film (2001).plexcached")
    (taken,) = moved_in(ward)
    assert (taken.taken, taken.path) == (Taken.OURS, spot.path)
    assert ward.shown(spot.path) == content


def test_the_backup_of_a_subtitle_is_the_subtitles(ward: Ward) -> None:
    film, _, content = cached_by_rival(ward)
    spot, _, words = cached_by_rival(
        ward, "Film (2001)/Film (2001).nl.srt", b"1\n00:00:01 --> 00:00:02\nHallo\n"
    )
    assert [one.taken for one in moved_in(ward)] == [Taken.OURS, Taken.OURS]
    assert (ward.shown(film.path), ward.shown(spot.path)) == (content, words)
    assert move_back_with_sidecars(ward.stage.desk, film.path) is Outcome.HOME
    assert (film.path.read_bytes(), spot.path.read_bytes()) == (content, words)
    assert not spot.path.is_symlink()
    assert ward.stage.on_fast() == []


def test_two_backups_of_one_file_are_left_alone(linked: Ward) -> None:
    spot, _, good = cached_by_rival(linked, hidden=True)
    linked.put(spot.path.with_name(f".{spot.path.name}.1.plexcached"), good)
    assert moved_in(linked) == []
    assert linked.shown(spot.path) == good


def test_what_is_played_is_left_and_nobody_guesses_who_plays(ward: Ward) -> None:
    spot, backup, _ = cached_by_rival(ward)
    ward.stage.viewers.playing.add(spot.path)
    assert [one.taken for one in moved_in(ward)] == [Taken.PLAYING]
    ward.stage.viewers.playing.clear()
    ward.stage.viewers.failure = ServiceError("The server does not answer.")
    (taken,) = moved_in(ward)
    assert (taken.taken, taken.why) == (Taken.FAILED, "The server does not answer.")
    assert backup.exists()


def test_to_move_in_twice_changes_nothing_more(ward: Ward) -> None:
    cached_by_rival(ward)
    moved_in(ward)
    before = snapshot(ward)
    assert moved_in(ward) == []
    assert snapshot(ward) == before


@pytest.mark.parametrize("side", ["slow", "fast"])
def test_while_a_tier_is_away_everything_is_left_alone(ward: Ward, side: str) -> None:
    cached_by_rival(ward)
    root: Path = getattr(ward.stage, side)
    (root / ".projectionist-tier").unlink()
    before = snapshot(ward)
    assert moved_in(ward) == []
    assert snapshot(ward) == before


def test_tracked_files_without_a_backup_are_told_and_left(ward: Ward, tmp_path: Path) -> None:
    folder = write_plexcache_d(tmp_path / "config", ward)
    (folder / "timestamps.json").write_text(
        json.dumps({f"{ward.stage.fast}/{FILM}": "2025", "/else/where.mkv": ""})
    )
    (folder / "plexcache_cached_files.txt").write_text("/mnt/cache_downloads/films/other.mkv\n")
    told = looked_over(ward, folder).files
    assert [(one.path, one.taken) for one in told] == [
        (None, Taken.LEFT_ALONE),
        (ward.stage.slow / "other.mkv", Taken.LEFT_ALONE),
        (ward.stage.slow / FILM, Taken.LEFT_ALONE),
    ]


def test_a_copy_where_ours_would_not_be_is_ours_all_the_same(linked: Ward) -> None:
    spot, _, content = cached_by_rival(linked)
    elsewhere = linked.stage.fast / spot.path.name  # as Cacherr names it where it knows no root
    spot.fast.rename(elsewhere)
    spot.path.unlink()
    spot.path.symlink_to(elsewhere)
    (taken,) = moved_in(linked)
    assert taken.taken is Taken.OURS
    assert move_back(linked.stage.desk, spot.path) is Outcome.HOME
    assert (spot.path.read_bytes(), elsewhere.exists()) == (content, False)


def test_a_backup_no_place_has_is_left_alone(ward: Ward, tmp_path: Path) -> None:
    backup = ward.put(tmp_path / "other/Film.mkv.plexcached", b"theirs")
    taken = take_over(ward.care, backup, lambda: None)
    assert taken == TakenOver(backup, None, Taken.LEFT_ALONE, taken.why, 6)
    assert "set up the place first" in taken.why


def test_the_job_tells_of_each_file_first_and_moves_in_then(ward: Ward, tmp_path: Path) -> None:
    spot, backup, content = cached_by_rival(ward)
    ward.put(ward.stage.slow / "lost.mkv.plexcached", b"all there is")
    arguments = {"folder": str(write_plexcache_d(tmp_path / "config", ward))}
    run = Run()
    told = run_adopt(ward.care, run, {**arguments, "dry": True})
    assert (told["rivals"], told["files"]) == (["PlexCache-D"], {"ours": 1, "left_alone": 1})
    assert {one["path"]: one["outcome"] for one in told["rows"]}[str(spot.path)] == "ours"
    assert backup.exists()
    assert len(run.logged) == 2
    done = run_adopt(ward.care, run, arguments)
    assert (done["files"], done["dry"], told["dry"]) == (told["files"], False, True)
    assert (backup.exists(), ward.shown(spot.path)) == (False, content)


def test_a_path_that_was_deleted_meanwhile_is_not_restored(ward: Ward) -> None:
    spot, backup, good = cached_by_rival(ward)
    spot.fast.unlink()
    spot.path.unlink(missing_ok=True)
    assert take_over(ward.care, backup, lambda: None).taken is Taken.LEFT_ALONE
    assert (spot.path.exists(), backup.read_bytes()) == (False, good)


def test_what_others_set_aside_is_not_mended_among_many(ward: Ward) -> None:
    backup = ward.put(ward.stage.slow / "Film/Film.mkv.plexcached", b"deleted, perhaps on purpose")
    done = run_audit(ward.care, Run(), {"repair": True})
    assert (done["found"], done["mended"]) == ({"foreign": 1}, {})
    assert backup.exists()
    assert run_mend(ward.care, Run(), {"finding": ward.only().id}) == {"outcome": "mended"}
    assert not backup.exists()
