"""The checks of the machine and of the program, each in every state it can be in."""

from __future__ import annotations

import hashlib
import os
import resource
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.features.doctor.checks import Status
from projectionist.features.doctor.subjects import machine, program
from projectionist.kit.clock import SystemClock
from tests.features.doctor.grounds import NOW, bare, found, start_once, stopped_house

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN


@pytest.mark.parametrize(
    ("apart", "status"), [(0, PASS), (-20, PASS), (60, WARN), (-60, WARN), (600, FAIL), (-600, FAIL)]
)
def test_two_clocks_say_nearly_the_same(apart: int, status: Status) -> None:
    assert machine.judge_clock(NOW, NOW + timedelta(seconds=apart)).status is status


def test_a_clock_that_was_never_set_is_told() -> None:
    assert machine.judge_clock(NOW.replace(year=1970), NOW.replace(year=1970)).status is FAIL


def test_the_clock_is_compared_with_what_there_is(tmp_path: Path, database: Database) -> None:
    data = tmp_path / "own"
    data.mkdir()
    assert found(bare(data), "clock").status is UNKNOWN
    ground = replace(bare(data), now=SystemClock().now, store=database)
    if database.is_sqlite:
        with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as own:
            own.reading_connection().close()
    assert found(ground, "clock").status is PASS
    ahead = replace(ground, now=lambda: SystemClock().now() + timedelta(days=400))
    assert ("no other clock is near" in found(ahead, "clock").evidence) is database.is_sqlite
    late = replace(ground, now=lambda: SystemClock().now() - timedelta(hours=1))
    assert found(late, "clock").status is FAIL


def test_time_zones_are_known(tmp_path: Path) -> None:
    assert found(bare(tmp_path), "time-zones").status is PASS
    assert machine.judge_zones(["Europe/Berlin"]).status is FAIL


@pytest.mark.parametrize(("limit", "status"), [(2 * 10**9, PASS), (600 * 10**6, WARN), (10**8, FAIL)])
def test_memory_is_that_of_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, status: Status
) -> None:
    (tmp_path / "max").write_text(f"{limit}\n")
    monkeypatch.setattr(machine, "_LIMITS", (tmp_path / "none", tmp_path / "max"))
    assert found(bare(tmp_path), "memory").status is status


def test_a_container_without_a_limit_has_the_machines_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "max").write_text("max\n")
    monkeypatch.setattr(machine, "_LIMITS", (tmp_path / "max",))
    assert found(bare(tmp_path), "memory").status is not UNKNOWN


@pytest.mark.parametrize(("most", "status"), [(65536, PASS), (1000, WARN), (100, FAIL)])
def test_files_that_may_be_open_are_counted(most: int, status: Status) -> None:
    assert machine.judge_open_files(most).status is status


def test_no_limit_of_open_files_is_well(tmp_path: Path) -> None:
    assert machine.judge_open_files(resource.RLIM_INFINITY).status is PASS
    assert found(bare(tmp_path), "open-files").status is not UNKNOWN


def test_root_is_told(tmp_path: Path) -> None:
    assert [machine.judge_user(user).status for user in (0, 1000)] == [WARN, PASS]
    assert found(bare(tmp_path), "not-root").status is (WARN if os.geteuid() == 0 else PASS)


def test_an_overworked_machine_is_told(tmp_path: Path) -> None:
    assert [machine.judge_load(load, 2).status for load in (1.0, 8.0, 8.1)] == [PASS, PASS, WARN]
    assert found(bare(tmp_path), "load").status in (PASS, WARN)


@pytest.mark.parametrize(
    ("version", "requirement", "fit"),
    [
        ("1.20.1", "alembic>=1.20,<2", True),
        ("2.0", "alembic>=1.20,<2", False),
        ("1.19.9", "alembic>=1.20,<2", False),
        ("3.4.7", "dbos==3.4.*", True),
        ("3.5.0", "dbos==3.4.*", False),
        ("3.4.0", "dbos==3.4", True),
        ("6", "croniter>=6", True),
        ("3.3.1", "psycopg[binary]<4,>=3.3", True),
        ("2.0.5", "one!=2.0.5", False),
        ("2.0.6", "one!=2.0.5", True),
        ("2.1.0rc1", "sqlalchemy<2.1,>=2.0.58", False),
        ("2", "one<=2", True),
        ("2", "one>2", False),
        ("1", "one", True),
    ],
)
def test_a_version_fits_what_is_required(version: str, requirement: str, fit: bool) -> None:
    assert program.fits(version, requirement) is fit


def test_packages_of_other_versions_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(bare(tmp_path), "packages").status is PASS
    monkeypatch.setattr(
        metadata, "requires", lambda name: ["numpy<1", "no-such-thing>=1", 'x>1; extra == "y"']
    )
    came = found(bare(tmp_path), "packages")
    assert (came.status, "numpy" in came.evidence, "no-such-thing" in came.evidence) == (FAIL, True, True)

    def absent(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", absent)
    assert found(bare(tmp_path), "packages").status is UNKNOWN


def test_decoders_that_are_missing_are_told(tmp_path: Path) -> None:
    assert found(bare(tmp_path), "decoders").status is PASS
    assert program.judge_decoders(["hevc"]).status is FAIL


@pytest.mark.parametrize(("version", "status"), [((3, 11), PASS), ((3, 15), WARN), ((3, 10), FAIL)])
def test_a_python_that_was_not_tried_is_told(version: tuple[int, int], status: Status) -> None:
    assert program.judge_python(version).status is status


def test_this_python_was_tried(tmp_path: Path) -> None:
    assert found(bare(tmp_path), "python").status is PASS


def test_a_script_that_was_changed_is_told(tmp_path: Path) -> None:
    assert found(bare(tmp_path), "assets").status is PASS
    assert program.compare_assets(tmp_path).status is UNKNOWN
    script = tmp_path / "vendor" / "one.js"
    script.parent.mkdir()
    script.write_text("let one = 1\n")
    digest = hashlib.sha512(script.read_bytes()).hexdigest()
    (tmp_path / "vendor" / "assets.lock").write_text(f"# a list\n{digest} vendor/one.js one@1.0\n")
    assert program.compare_assets(tmp_path).status is PASS
    script.write_text("let one = 2\n")
    assert program.compare_assets(tmp_path).status is FAIL
    script.unlink()
    assert program.compare_assets(tmp_path).status is FAIL


def test_processes_of_other_versions_are_told(tmp_path: Path) -> None:
    start_once(tmp_path)
    with stopped_house(tmp_path) as ground:
        assert found(ground, "versions").status is PASS
    assert found(bare(tmp_path), "versions").status is UNKNOWN
    assert program.judge_versions({"nas": "1.0", "attic": "0.9"}, "1.0").status is WARN
