"""`projectionist doctor`, on folders as people have them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from projectionist.features.doctor.service import CHECKS
from projectionist.kit.data_folder import DataFolder, holder_of
from tests.features.command import projectionist
from tests.features.doctor.grounds import start_once


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("started") / "data"
    start_once(folder)
    return folder


@pytest.fixture
def data(started: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(started, tmp_path / "data"))


def states(folder: Path, *words: str) -> tuple[int, dict[str, str]]:
    ran = projectionist("doctor", "--json", "--data", folder, *words)
    assert ran.err == ""
    return ran.status, {one["id"]: one["status"] for one in json.loads(ran.out)["checks"]}


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.name: (path.read_bytes(), path.stat().st_mode)
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def test_a_folder_that_nobody_started_is_not_ready_and_nothing_is_made(tmp_path: Path) -> None:
    status, found = states(tmp_path / "none")
    assert (status, found["data-folder"], found["database"]) == (2, "fail", "fail")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_stays_empty(tmp_path: Path) -> None:
    status, found = states(tmp_path)
    assert (status, found["data-folder"], found["database"]) == (2, "pass", "fail")
    assert list(tmp_path.iterdir()) == []


def test_looking_changes_nothing(data: Path) -> None:
    before = content(data)
    _, found = states(data)
    assert content(data) == before
    assert (found["database"], found["database-revision"], found["tokens"]) == ("pass", "pass", "pass")


def test_what_needs_the_service_is_unknown_while_it_rests(data: Path) -> None:
    ran = projectionist("doctor", "--json", "--data", data)
    told = {one["id"]: one for one in json.loads(ran.out)["checks"]}
    assert (told["headers"]["status"], "not running" in told["headers"]["evidence"]) == ("unknown", True)


def test_every_check_is_told_once_with_why_and_how_to_mend(data: Path) -> None:
    told = json.loads(projectionist("doctor", "--json", "--data", data).out)
    assert sorted(one["id"] for one in told["checks"]) == sorted(check.id for check in CHECKS)
    assert [one["id"] for one in told["checks"] if not (one["evidence"] and one["why"] and one["mend"])] == []
    assert sum(told["counts"].values()) == len(CHECKS)


def test_people_read_what_is_wrong_and_what_to_do(data: Path) -> None:
    data.chmod(0o777)
    ran = projectionist("doctor", "--data", data)
    assert ran.status == 2
    assert "Not ready: " in ran.out
    assert "projectionist doctor --mend data-folder-mode" in ran.out


def test_the_command_mends_what_is_safe(data: Path) -> None:
    data.chmod(0o777)
    ran = projectionist("doctor", "--data", data, "--mend", "data-folder-mode")
    assert (ran.status, data.stat().st_mode & 0o777) == (0, 0o700)
    again = projectionist("doctor", "--data", data, "--mend", "data-folder-mode")
    assert (again.status, "nothing was changed" in again.err) == (1, True)


def test_a_mend_that_is_none_is_refused(data: Path) -> None:
    assert projectionist("doctor", "--data", data, "--mend", "no-such-check").status == 1
    data.chmod(0o700)
    (data / "secret.key").write_text("no key")
    ran = projectionist("doctor", "--data", data, "--mend", "key")
    assert (ran.status, "for a person" in ran.err, (data / "secret.key").read_text()) == (1, True, "no key")


def test_settings_that_are_wrong_are_not_ready(data: Path) -> None:
    ran = projectionist("doctor", "--data", data, "--config", data / "none.toml")
    assert (ran.status, ran.err.startswith("projectionist: ")) == (2, True)


def test_a_running_service_is_seen_by_its_lock(data: Path) -> None:
    assert holder_of(data) is None
    with DataFolder.open(data):
        assert "process" in (holder_of(data) or "")
        ran = projectionist("doctor", "--json", "--data", data)
        told = {one["id"]: one for one in json.loads(ran.out)["checks"]}
    assert "gave no answer" in told["headers"]["evidence"] or told["headers"]["status"] != "unknown"
    assert holder_of(data) is None
