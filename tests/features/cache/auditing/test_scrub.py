"""Fast copies are read from their device; what is damaged is told from what was changed, and gets its original back."""

from __future__ import annotations

import os
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.errors import JobCancelled, NotFound, SwapRefused
from projectionist.features.cache.auditing.findings import FindingKind, Repair
from projectionist.features.cache.auditing.jobs import run_audit, run_mend, run_scrub
from projectionist.features.cache.auditing.keeping import findings
from projectionist.features.cache.auditing.repairing import Mended
from projectionist.features.cache.auditing.scrubbing import scrub
from projectionist.features.cache.copying import digest_on_device
from projectionist.features.cache.queries import copy_at
from projectionist.features.cache.spots import Spot
from projectionist.features.cache.swapping import cache_in
from tests.features.cache.auditing.ward import Ward


def rot(ward: Ward, spot: Spot) -> bytes:
    """Another content in the copy, and no time of it changed that was remembered: as a failing drive does it."""
    was = spot.fast.stat()
    spot.fast.write_bytes(b"?" + spot.fast.read_bytes()[1:])
    os.utime(spot.fast, ns=(was.st_atime_ns, was.st_mtime_ns))
    with ward.stage.database.write() as session:
        row = copy_at(session, str(spot.path))
        assert row is not None
        row.fast_ctime_ns = spot.fast.stat().st_ctime_ns
    return spot.fast.read_bytes()


class Run:
    """A job's run that remembers what it was told."""

    job_id = "run"
    attempt = 1

    def __init__(self) -> None:
        self.told: list[tuple[float, float | None, str]] = []
        self.logged: list[str] = []
        self.cancelled = False

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        self.told.append((done, total, unit))
        self.check()

    def check(self) -> None:
        if self.cancelled:
            raise JobCancelled("Cancelled.")

    def log(self, message: str, level: str = "info") -> None:
        self.logged.append(f"{level}: {message}")


def test_whole_copies_are_no_finding(ward: Ward) -> None:
    ward.cached()
    ward.cached("other.mkv")
    done = scrub(ward.care)
    assert (done.whole, done.changed, done.away, done.findings) == (2, 0, 0, ())


def test_a_rotten_copy_is_found_and_its_original_put_back(anywhere: Ward) -> None:
    spot, content = anywhere.cached()
    bad = rot(anywhere, spot)
    (finding,) = scrub(anywhere.care).findings
    assert (finding.kind, finding.path, finding.repair) == (FindingKind.MISMATCH, spot.path, Repair.RESTORE)
    assert digest_on_device(spot.fast) in finding.evidence
    assert anywhere.found() == []  # names are in order
    assert findings(anywhere.stage.database, "here") == [finding]
    assert anywhere.mend(finding) is Mended.MENDED
    assert (spot.path.is_symlink(), anywhere.shown(spot.path)) == (False, content)
    assert sorted(anywhere.everything()) == sorted([content, bad])
    assert [row.reason for row in anywhere.stage.journal.at_rest()] == ["damaged"]
    assert findings(anywhere.stage.database, "here") == []


def test_a_rotten_copy_whose_rights_were_changed_gets_its_original_back_too(ward: Ward) -> None:
    spot, content = ward.cached()
    rot(ward, spot)
    spot.fast.chmod(0o600)
    (finding,) = scrub(ward.care).findings
    assert ward.mend(finding) is Mended.MENDED
    assert ward.shown(spot.path) == content


def test_a_copy_that_was_written_to_is_changed_and_not_damaged(ward: Ward) -> None:
    spot, content = ward.cached()
    with spot.fast.open("ab") as file:
        file.write(b" with subtitles")
    done = scrub(ward.care)
    assert (done.whole, done.changed, done.findings) == (0, 1, ())
    assert ward.shown(spot.path) == content + b" with subtitles"


def test_where_the_original_is_rotten_too_both_stay(ward: Ward) -> None:
    spot, content = ward.cached()
    bad = rot(ward, spot)
    was = spot.aside.stat()
    spot.aside.write_bytes(content[:-1] + b"?")
    os.utime(spot.aside, ns=(was.st_atime_ns, was.st_mtime_ns))
    (finding,) = scrub(ward.care).findings
    with pytest.raises(SwapRefused, match="both stay"):
        ward.mend(finding)
    assert sorted(ward.everything()) == sorted([bad, content[:-1] + b"?"])
    assert findings(ward.stage.database, "here") == [finding]


def test_a_copy_that_is_played_is_not_taken_away(ward: Ward) -> None:
    spot, _ = ward.cached()
    bad = rot(ward, spot)
    (finding,) = scrub(ward.care).findings
    ward.stage.viewers.playing.add(spot.path)
    assert ward.mend(finding) is Mended.PLAYING
    assert ward.shown(spot.path) == bad


def test_a_copy_that_reads_well_again_is_found_no_more(ward: Ward) -> None:
    spot, content = ward.cached()
    rot(ward, spot)
    (finding,) = scrub(ward.care).findings
    was = spot.fast.stat()
    spot.fast.write_bytes(content)
    os.utime(spot.fast, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert ward.mend(finding) is Mended.NO_LONGER_SO
    scrub(ward.care)
    assert findings(ward.stage.database, "here") == []


def test_while_the_fast_drive_is_away_nothing_is_said(ward: Ward) -> None:
    ward.cached()
    ward.stage.pull()
    done = scrub(ward.care)
    assert (done.away, done.whole, done.findings) == (1, 0, ())


def test_a_copy_that_its_drive_cannot_read_is_found(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.cached()

    def broken(*_: object) -> str:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("projectionist.features.cache.auditing.scrubbing.digest_on_device", broken)
    (finding,) = scrub(ward.care).findings
    assert "Input/output error" in finding.evidence


def test_those_scrubbed_longest_ago_come_first_and_an_ended_scrub_goes_on(anywhere: Ward) -> None:
    for name in ("one.mkv", "two.mkv", "three.mkv"):
        anywhere.cached(name)
    seen: list[str] = []

    def until(last: str):  # type: ignore[no-untyped-def]
        def tell(_done: int, _total: int, now: str) -> None:
            if now not in seen:
                seen.append(now)
            if now == last:
                raise JobCancelled("Stopped.")

        return tell

    with pytest.raises(JobCancelled):
        scrub(anywhere.care, progress=until("three.mkv"))
    assert seen == ["one.mkv", "two.mkv", "three.mkv"]
    seen.clear()
    anywhere.stage.clock.pass_by(hours=1)
    scrub(anywhere.care, older_than=timedelta(days=1), progress=until(""))
    assert seen == ["three.mkv"]
    seen.clear()
    anywhere.stage.clock.pass_by(days=2)
    scrub(anywhere.care, older_than=timedelta(days=1), progress=until(""))
    assert seen == ["one.mkv", "two.mkv", "three.mkv"]


def test_no_more_is_read_than_is_allowed_and_it_ends_while_it_waits(linked: Ward) -> None:
    _spot, _content = linked.cached()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        linked.stage.clock.pass_by(seconds=seconds)

    begun = linked.stage.clock.now()
    done = scrub(linked.care, rate=1 << 20, sleep=sleep)
    took = (linked.stage.clock.now() - begun).total_seconds()
    assert took >= done.bytes_read / (1 << 20)
    assert max(slept) <= 0.5


def test_a_scrub_touches_no_slow_disk(ward: Ward) -> None:
    ward.cached()
    asked: list[str] = []
    watching = threading.Event()

    def hear(event: str, args: tuple[object, ...]) -> None:
        if watching.is_set() and event in ("open", "os.scandir", "os.listdir"):
            asked.extend(str(arg) for arg in args if str(ward.stage.slow) in str(arg))

    sys.addaudithook(hear)
    watching.set()
    scrub(ward.care)
    watching.clear()
    assert asked == []


def test_the_jobs_tell_how_far_they_are_and_what_they_found(anywhere: Ward) -> None:
    spot, content = anywhere.cached()
    anywhere.put(anywhere.stage.slow / "twice.mkv", b"twice")
    anywhere.put(anywhere.stage.fast / "twice.mkv", b"twice")
    run = Run()
    assert run_audit(anywhere.care, run, {})["found"] == {"duplicate": 1}
    told = run_audit(anywhere.care, run, {"repair": True})
    assert told["mended"] == {"mended": 1}
    rot(anywhere, spot)
    assert run_scrub(anywhere.care, run, {})["mismatched"] == 1
    assert run.logged[-1].startswith("warning: ")
    assert {unit for _, _, unit in run.told} == {"files", "repairs", "bytes"}
    assert anywhere.shown(spot.path) != content


def test_one_finding_is_mended_by_its_number(ward: Ward) -> None:
    path = ward.stage.film()
    ward.put(ward.spot(path).fast, path.read_bytes())
    finding, run = ward.only(), Run()
    assert run_mend(ward.care, run, {"finding": finding.id}) == {"outcome": "mended"}
    assert finding.deed in run.logged[0]
    with pytest.raises(NotFound):
        run_mend(ward.care, run, {"finding": finding.id})


def test_a_repair_that_fails_is_logged_and_the_others_are_done(ward: Ward) -> None:
    first, _content = ward.cached("a.mkv")
    second, _ = ward.cached("b.mkv")
    first.aside.write_bytes(b"torn")
    rot(ward, first)
    second.aside.unlink()
    run = Run()
    assert run_audit(ward.care, run, {"repair": True})["mended"] == {"failed": 1, "mended": 1}
    assert "keep the one that plays" in run.logged[0]


@pytest.mark.slow
def test_a_scrub_of_a_large_copy_ends_within_two_seconds(tmp_path: Path, linked: Ward) -> None:
    path = linked.stage.film("large.mkv", b"x" * (512 << 20))
    cache_in(linked.stage.desk, linked.spot(path))
    run = Run()
    ended: list[float] = []

    def work() -> None:
        with pytest.raises(JobCancelled):
            run_scrub(linked.care, run, {"rate": 1 << 20})
        ended.append(time.monotonic())

    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(0.5)
    run.cancelled = True
    told = time.monotonic()
    worker.join(10)
    assert ended
    assert ended[0] - told < 2 * 5
