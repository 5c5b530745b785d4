"""The checks of files and folders, each in every state it can be in."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from projectionist.features.doctor import service
from projectionist.features.doctor.checks import Status
from projectionist.features.doctor.subjects import files
from tests.features.doctor.grounds import bare, found

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def test_a_data_folder_is_tried_by_writing_into_it(data: Path) -> None:
    came = found(bare(data), "data-folder")
    assert (came.status, list(data.iterdir())) == (PASS, [])


def test_a_data_folder_that_is_not_there_or_takes_nothing_is_not_ready(data: Path) -> None:
    assert found(bare(data / "none"), "data-folder").status is FAIL
    assert found(bare(Path("/proc/self")), "data-folder").status is FAIL


def test_what_is_not_there_is_unknown_and_never_well(data: Path) -> None:
    absent = bare(data / "none")
    names = ("data-owner", "data-folder-mode", "database-mode", "data-file-system", "data-room")
    assert {found(absent, name).status for name in names} == {UNKNOWN}


def test_a_data_folder_belongs_to_who_runs_the_program(data: Path) -> None:
    assert found(bare(data), "data-owner").status is PASS
    assert files.judge_owner(data, os.geteuid() + 1, os.geteuid()).status is WARN


@pytest.mark.parametrize(
    ("mode", "status"), [(0o700, PASS), (0o750, WARN), (0o701, WARN), (0o702, FAIL), (0o777, FAIL)]
)
def test_others_have_no_business_in_the_data_folder(data: Path, mode: int, status: Status) -> None:
    data.chmod(mode)
    assert found(bare(data), "data-folder-mode").status is status


def test_an_open_data_folder_is_closed_on_demand(data: Path) -> None:
    data.chmod(0o777)
    mended = service.mend(bare(data), "data-folder-mode")
    assert (mended.result.status, data.stat().st_mode & 0o777) == (PASS, 0o700)


@pytest.mark.parametrize(("mode", "status"), [(0o600, PASS), (0o640, WARN), (0o644, FAIL), (0o602, FAIL)])
def test_databases_are_for_their_owner(data: Path, mode: int, status: Status) -> None:
    (data / "jobs.sqlite").touch(mode=0o600)
    (data / "projectionist.sqlite").touch()
    (data / "projectionist.sqlite").chmod(mode)
    assert found(bare(data), "database-mode").status is status


def test_open_databases_are_closed_and_nothing_else_is_touched(data: Path) -> None:
    for name in ("projectionist.sqlite", "projectionist.sqlite-wal", "films.txt"):
        (data / name).touch()
        (data / name).chmod(0o644)
    mended = service.mend(bare(data), "database-mode")
    assert mended.result.status is PASS
    assert {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()} == {
        "projectionist.sqlite": 0o600,
        "projectionist.sqlite-wal": 0o600,
        "films.txt": 0o644,
    }


@pytest.mark.parametrize(
    ("kind", "status"),
    [("ext4", PASS), ("btrfs", PASS), ("tmpfs", WARN), ("nfs4", FAIL), ("fuse.sshfs", FAIL), ("", UNKNOWN)],
)
def test_a_database_belongs_on_a_disk_of_this_machine(data: Path, kind: str, status: Status) -> None:
    ground = replace(bare(data), file_system=lambda path: kind)
    assert found(ground, "data-file-system").status is status


@pytest.mark.parametrize(
    ("free", "names", "status"),
    [
        (10**10, 10**6, PASS),
        (10**10, None, PASS),
        (10**9, 10**6, WARN),
        (10**8, 10**6, FAIL),
        (10**10, 10, FAIL),
    ],
)
def test_a_database_needs_room(data: Path, free: int, names: int | None, status: Status) -> None:
    assert files.judge_room(data, free, names).status is status
    assert found(bare(data), "data-room").status is not UNKNOWN


def test_temporary_files_need_a_folder_with_room(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(data))
    assert found(bare(data), "temporary-folder").status in (PASS, WARN)
    assert files.judge_temporary(files.try_writing(data), data, 10**8).status is WARN
    monkeypatch.setattr(tempfile, "tempdir", "/proc/self")
    assert found(bare(data), "temporary-folder").status is FAIL
    monkeypatch.setattr(tempfile, "tempdir", str(data / "none"))
    assert found(bare(data), "temporary-folder").status is UNKNOWN


def test_a_log_is_tried_where_it_is_kept(data: Path) -> None:
    assert found(bare(data), "log-file").status is PASS
    assert found(bare(data, log_file=str(data / "log.txt")), "log-file").status is PASS
    assert found(bare(data, log_file=str(data / "none" / "log.txt")), "log-file").status is FAIL
    assert found(bare(data, log_file="/proc/self/log.txt"), "log-file").status is FAIL
    (data / "folder.txt").mkdir()
    told = found(bare(data, log_file=str(data / "folder.txt")), "log-file")
    assert (told.status, "is a folder" in told.evidence) == (FAIL, True)


def test_a_log_that_is_there_is_opened_and_stays_as_it_is(data: Path) -> None:
    log = data / "log.txt"
    log.write_text("a line\n", encoding="utf-8")
    assert found(bare(data, log_file=str(log)), "log-file").status is PASS
    assert log.read_text(encoding="utf-8") == "a line\n"
    busy = data / "running"
    shutil.copy(shutil.which("sleep") or "", busy)
    with subprocess.Popen([busy, "60"]) as program:
        told = found(bare(data, log_file=str(busy)), "log-file")
        program.kill()
    assert (told.status, "cannot be written" in told.evidence) == (FAIL, True)


@pytest.mark.parametrize(
    ("mask", "status"), [(0o022, PASS), (0o077, PASS), (0o002, WARN), (0o000, FAIL), (0o020, FAIL)]
)
def test_new_files_are_not_for_everybody_to_change(data: Path, mask: int, status: Status) -> None:
    before = os.umask(mask)
    try:
        assert found(bare(data), "umask").status is status
    finally:
        os.umask(before)


def test_a_system_that_does_not_tell_its_umask_is_unknown(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "STATUS", data / "none")
    assert found(bare(data), "umask").status is UNKNOWN
    (data / "status").write_text("Name:\tpython\n")
    monkeypatch.setattr(files, "STATUS", data / "status")
    assert found(bare(data), "umask").status is UNKNOWN
