"""The checks of the database, each in every state it can be in."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import DatabaseUnusable
from projectionist.features.doctor import service
from projectionist.features.doctor.checks import Status
from projectionist.features.doctor.ground import Ground
from projectionist.features.doctor.subjects import database as checks
from tests.features.doctor.grounds import bare, found, start_once, stopped_house

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN
STORED = (
    "database-revision",
    "database-durability",
    "database-whole",
    "database-transport",
    "database-version",
    "database-connections",
)


def over(data: Path, database: Database) -> Ground:
    url = "" if database.is_sqlite else str(database.url)
    return replace(bare(data, database_url=url), store=database)


def test_without_a_database_it_does_not_answer_and_the_rest_is_unknown(tmp_path: Path) -> None:
    assert found(bare(tmp_path), "database").status is FAIL
    assert {found(bare(tmp_path), name).status for name in STORED} == {UNKNOWN}
    assert {found(bare(tmp_path), name).status for name in ("database-journal", "database-wal")} == {UNKNOWN}
    assert list(tmp_path.iterdir()) == []


def test_a_database_answers(tmp_path: Path, database: Database) -> None:
    assert found(over(tmp_path, database), "database").status is PASS
    assert found(over(tmp_path, database), "database-revision").status is PASS


def test_a_database_that_is_none_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "projectionist.sqlite").write_bytes(b"no database, and never was one" * 100)
    with stopped_house(tmp_path) as ground:
        assert found(ground, "database").status is FAIL
        assert found(ground, "tokens").status is UNKNOWN
        assert found(ground, "database-journal").status is UNKNOWN


def test_a_server_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    url = "postgresql+psycopg://ada@127.0.0.1:1/films?connect_timeout=2"
    with stopped_house(tmp_path, database_url=url) as ground:
        assert found(ground, "database").status is FAIL
        assert {found(ground, name).status for name in STORED} == {UNKNOWN}


def test_an_address_that_is_none_is_told(tmp_path: Path) -> None:
    with stopped_house(tmp_path, database_url="mysql://ada@db.lan/films") as ground:
        assert found(ground, "database").status is FAIL
        assert found(ground, "database-journal").status is PASS
        assert found(ground, "database-wal").status is PASS


def test_tables_of_another_revision_are_told_and_left_as_they_are(tmp_path: Path) -> None:
    start_once(tmp_path)
    with closing(Database(sqlite_url(tmp_path / "projectionist.sqlite"))) as database:
        schema.migrate(database, "0003")
    with stopped_house(tmp_path) as ground:
        assert found(ground, "database-revision").status is WARN
        assert found(ground, "tokens").status is UNKNOWN
        assert ground.store is not None
        assert schema.revision_of(ground.store) == "0003"
    known = schema.revisions()
    assert checks.judge_revision("9999", known[-1], known).status is FAIL
    assert checks.judge_revision(None, known[-1], known).status is WARN


def test_what_is_committed_to_last_lasts(tmp_path: Path, database: Database) -> None:
    came = found(over(tmp_path, database), "database-durability")
    assert came.status is (PASS if database.is_sqlite else FAIL), (
        came
    )  # the PostgreSQL of the tests has no fsync
    assert database.is_sqlite or "fsync = off" in came.evidence


@pytest.mark.parametrize(("level", "status"), [(0, FAIL), (1, FAIL), (2, PASS), (3, PASS)])
def test_sqlite_writes_carefully(level: int, status: Status) -> None:
    assert checks.judge_synchronous(level).status is status


@pytest.mark.parametrize("off", ["", "fsync", "full_page_writes", "synchronous_commit"])
def test_postgresql_writes_carefully(off: str) -> None:
    said = {
        name: "off" if name == off else "on" for name in ("fsync", "full_page_writes", "synchronous_commit")
    }
    assert checks.judge_postgres_durability(said).status is (FAIL if off else PASS)


def test_sqlite_writes_ahead(tmp_path: Path, database: Database) -> None:
    assert found(over(tmp_path, database), "database-journal").status is PASS
    assert checks.judge_journal("wal").status is PASS
    assert checks.judge_journal("delete").status is FAIL


def test_what_is_saved_goes_into_the_files_of_the_data_folder(tmp_path: Path) -> None:
    path = tmp_path / "projectionist.sqlite"
    assert found(bare(tmp_path), "database-log").status is UNKNOWN
    assert found(bare(tmp_path, database_url="postgresql+psycopg://h/films"), "database-log").status is PASS
    with closing(Database(sqlite_url(path))) as database:
        schema.migrate(database, "head")
        ground = over(tmp_path, database)
        assert found(ground, "database-log").status is PASS
        path.with_name("projectionist.sqlite-wal").unlink()
        came = found(ground, "database-log")
        assert (came.status, "is lost" in came.evidence) == (FAIL, True)


def test_a_system_that_does_not_tell_its_open_files_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_DESCRIPTORS", tmp_path / "none")
    assert found(bare(tmp_path), "database-log").status is UNKNOWN


def test_no_look_of_the_doctor_takes_the_locks_of_the_database_away(tmp_path: Path) -> None:
    """A process that closes a file loses its locks on it; who closes the database next would remove its log."""
    path = tmp_path / "projectionist.sqlite"
    outside = (
        f"import sqlite3; c = sqlite3.connect({str(path)!r}); "
        "c.execute('SELECT * FROM setting').fetchall(); c.close()"
    )
    with closing(Database(sqlite_url(path))) as database:
        schema.migrate(database, "head")
        ground = over(tmp_path, database)
        for check in service.CHECKS:
            service.look(ground, check)
        subprocess.run([sys.executable, "-c", outside], check=True, timeout=60)
        assert found(ground, "database-log").status is PASS
        again = Database(sqlite_url(path))
        again.close()
        subprocess.run([sys.executable, "-c", outside], check=True, timeout=60)
        assert found(ground, "database-log").status is PASS


def test_a_write_ahead_log_stays_short(tmp_path: Path) -> None:
    (tmp_path / "projectionist.sqlite").touch()
    assert found(bare(tmp_path), "database-wal").status is PASS
    with (tmp_path / "projectionist.sqlite-wal").open("wb") as file:
        file.truncate(600 * 10**6)  # sparse
    assert found(bare(tmp_path), "database-wal").status is WARN


def test_a_whole_database_is_read_through(tmp_path: Path, database: Database) -> None:
    came = found(over(tmp_path, database), "database-whole").status
    assert came is PASS or (came is UNKNOWN and not database.is_sqlite)


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "projectionist.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, word TEXT)")
        connection.executemany("INSERT INTO one (word) VALUES (?)", [("word" * 50,)] * 500)
        connection.execute("CREATE INDEX two ON one (word)")
        connection.commit()
    content = bytearray(path.read_bytes())
    for place in range(8192, len(content) - 4096, 4096):
        content[place : place + 100] = bytes(100)
    path.write_bytes(content)
    with closing(Database(sqlite_url(path))) as database:
        assert found(over(tmp_path, database), "database-whole").status is FAIL


def test_a_database_that_cannot_be_read_for_its_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "projectionist.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY)")
        connection.commit()
    content = bytearray(path.read_bytes())
    content[100:200] = b"\xff" * 100  # the list of tables, behind the head of the file
    path.write_bytes(content)
    with closing(Database(sqlite_url(path))) as database:
        came = found(over(tmp_path, database), "database-whole")
    assert (came.status, "damaged" in came.evidence) == (FAIL, True)


def test_a_database_that_can_be_read_and_is_wrong_is_told_in_the_words_of_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "projectionist.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY CHECK (id > 0))")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("INSERT INTO one VALUES (-1)")
        connection.commit()
    with closing(Database(sqlite_url(path))) as database:
        came = found(over(tmp_path, database), "database-whole")
    assert (came.status, "CHECK constraint failed in one" in came.evidence) == (FAIL, True)


def test_checksums_of_postgresql_are_believed_where_there_are_any() -> None:
    states = [checks.judge_checksums(count).status for count in (None, 0, 3)]
    assert states == [UNKNOWN, PASS, FAIL]


def test_a_database_that_cannot_be_read_through_is_unknown(tmp_path: Path) -> None:
    class Gone(Database):
        def read(self) -> None:  # type: ignore[override]
            raise DatabaseUnusable("The database server cannot be reached.")

    with closing(Gone(sqlite_url(tmp_path / "projectionist.sqlite"))) as database:
        assert found(over(tmp_path, database), "database-whole").status is UNKNOWN


def test_the_way_to_the_database_of_a_test_is_short(tmp_path: Path, database: Database) -> None:
    assert found(over(tmp_path, database), "database-transport").status is PASS
    assert found(over(tmp_path, database), "database-version").status is PASS
    assert found(over(tmp_path, database), "database-connections").status in (PASS, WARN)


@pytest.mark.parametrize(
    ("host", "tls", "status"),
    [
        ("", False, PASS),
        ("/run/postgresql", False, PASS),
        ("::1", False, PASS),
        ("db.lan", True, PASS),
        ("db.lan", False, FAIL),
        ("192.168.1.4", False, FAIL),
    ],
)
def test_a_database_elsewhere_is_spoken_to_in_secret(host: str, tls: bool, status: Status) -> None:
    assert checks.judge_transport(host, tls).status is status


def test_old_engines_are_told() -> None:
    assert checks.judge_sqlite_version((3, 37, 2)).status is WARN
    assert [checks.judge_postgres_version(major).status for major in (13, 14)] == [WARN, PASS]


@pytest.mark.parametrize(("used", "status"), [(10, PASS), (70, WARN), (97, FAIL), (100, FAIL)])
def test_connections_run_out(used: int, status: Status) -> None:
    assert checks.judge_connections(used, 100).status is status
