"""A database as a file and back again, on both engines, value by value."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from projectionist.db import schema
from projectionist.db.copying import copy_to_file, fill_from_file, look_through, scratch_beside, swap_in
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.tables import CountRow, EventRow, SavedSettingRow
from projectionist.errors import DatabaseUnusable
from tests.databases import drop_postgres, new_postgres

NOW = datetime(2026, 5, 4, 12, 0, 0, 250, tzinfo=UTC)


def fill(database: Database, events: int = 3) -> None:
    with database.write() as session:
        session.add(SavedSettingRow(name="page_rate", value="Über ' \" \\ 30"))
        session.add(CountRow(name="api", who="ada", span_s=60, starts_at=NOW, count=3))
        for number in range(events):
            data = {"number": number, "null": None, "text": "ä", "list": [1, 2.5, True]}
            session.add(EventRow(at=NOW, topic="jobs", data=data, permission="", person=None))


def told(database: Database) -> list[tuple[object, ...]]:
    with database.read() as session:
        counts = session.query(CountRow).all()
        events = session.query(EventRow).order_by(EventRow.id).all()
        return [
            *((one.name, one.who, one.starts_at, one.count) for one in counts),
            *((one.id, one.at, one.topic, one.data, one.person) for one in events),
        ]


def test_a_copy_is_a_database_with_the_same_rows(database: Database, tmp_path: Path) -> None:
    fill(database)
    file = tmp_path / "copy.sqlite"
    copied = copy_to_file(database, file)
    assert (copied.revision, copied.rows["event"]) == (schema.newest_revision(), 3)
    assert look_through(file) == copied
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("copy.sqlite*")] == ["copy.sqlite"]
    with closing(Database(sqlite_url(file))) as other:
        assert told(other) == told(database)


def test_a_copy_is_of_one_moment_though_others_write(database: Database, tmp_path: Path) -> None:
    fill(database)
    stop, wrote = threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            with database.write() as session:  # always two of each, or none
                session.add(EventRow(at=NOW, topic="a", data={}, permission="", person=1))
                session.add(EventRow(at=NOW, topic="b", data={}, permission="", person=1))
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert wrote.wait(60)
        for number in range(2):
            file = tmp_path / f"{number}.sqlite"
            copied = copy_to_file(database, file)
            assert look_through(file) == copied
            with closing(sqlite3.connect(file)) as copy:
                topics = dict(copy.execute("SELECT topic, count(*) FROM event GROUP BY topic"))
            assert topics["a"] == topics["b"]
    finally:
        stop.set()
        writer.join()


def test_what_is_written_meanwhile_is_not_in_the_copy(database: Database, tmp_path: Path) -> None:
    fill(database)
    written = 0

    def meanwhile() -> None:
        nonlocal written
        written += 1
        with database.write() as session:
            session.add(SavedSettingRow(name=f"written {written}", value=""))
            session.add(EventRow(at=NOW, topic="a", data={}, permission="", person=1))

    copied = copy_to_file(database, tmp_path / "copy.sqlite", meanwhile)
    assert (written > 0, copied.rows["event"], copied.rows["setting"]) == (True, 3, 1)
    assert look_through(tmp_path / "copy.sqlite") == copied


def test_an_older_database_is_copied_as_it_is(database_url: str, tmp_path: Path) -> None:
    with closing(Database(database_url)) as old:
        with pytest.raises(DatabaseUnusable, match="nothing in the database"):
            copy_to_file(old, tmp_path / "none.sqlite")
        schema.migrate(old, "0004")
        copied = copy_to_file(old, tmp_path / "copy.sqlite")
    assert copied.revision == "0004"
    assert look_through(tmp_path / "copy.sqlite") == copied


def test_a_damaged_copy_is_told(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "copy.sqlite"
    fill(database, 2000)
    copy_to_file(database, file)
    content = bytearray(file.read_bytes())
    for place in range(4096, len(content), 8192):
        content[place : place + 200] = bytes(200)
    file.write_bytes(content)
    with pytest.raises(DatabaseUnusable):
        look_through(file)


def test_a_copy_of_either_engine_fills_postgresql(database: Database, tmp_path: Path, postgres: str) -> None:
    """A SQLite database moves to PostgreSQL that way, too."""
    fill(database)
    file = tmp_path / "copy.sqlite"
    copied = copy_to_file(database, file)
    with closing(Database(postgres)) as server, scratch_beside(server) as scratch:
        assert fill_from_file(scratch, file) == copied.rows
        assert told(scratch) == told(database)
        with scratch.write() as session:  # numbers go on after those that are there
            session.add(EventRow(at=NOW, topic="new", data={}, permission="", person=None))
            session.flush()
        with scratch.read() as session:
            assert max(one.id for one in session.query(EventRow)) == 4
    with closing(Database(postgres)) as server, server.read() as session:
        found = session.execute(
            text("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'projectionist\\_%'")
        )
        assert found.scalar_one() == 0


@pytest.fixture
def on_postgres(postgres: str, postgres_template: str) -> Iterator[Database]:
    url = new_postgres(postgres, postgres_template)
    with closing(Database(url)) as database:
        yield database
    drop_postgres(postgres, url)


def test_a_scratch_takes_the_place_of_the_database_which_is_kept(
    on_postgres: Database, tmp_path: Path
) -> None:
    database = on_postgres
    fill(database)
    before = told(database)
    file = tmp_path / "copy.sqlite"
    copy_to_file(database, file)
    fill_again = "UPDATE setting SET value = 'changed later'"
    with database.write() as session:
        session.execute(text(fill_again))
    with scratch_beside(database) as scratch:
        fill_from_file(scratch, file)
        swap_in(database, scratch, "before")
    assert told(database) == before
    assert schema.revision_of(database) == schema.newest_revision()
    with database.read() as session:
        assert session.execute(text("SELECT value FROM before.setting")).scalar_one() == "changed later"
        assert session.execute(text("SELECT value FROM setting")).scalar_one() != "changed later"


def test_what_a_killed_process_left_beside_is_dropped_and_nothing_else(on_postgres: Database) -> None:
    database = on_postgres

    def schemas() -> set[str]:
        with database.engine.connect() as connection:
            return set(connection.execute(text("SELECT nspname FROM pg_namespace")).scalars())

    with scratch_beside(database) as first:
        with first.engine.connect() as connection:
            (name,) = connection.execute(text("SELECT current_schema()")).one()
            (said,) = connection.execute(
                text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :it"),
                {"it": name},
            ).one()
        with database.engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA projectionist_0123456789ab"))
            connection.execute(text(f"COMMENT ON SCHEMA projectionist_0123456789ab IS '{said}'"))
            connection.execute(text("CREATE TABLE projectionist_0123456789ab.film (id int)"))
            connection.execute(text("CREATE SCHEMA projectionist_ba9876543210"))
        with scratch_beside(database):
            there = schemas()
    assert "projectionist_0123456789ab" not in there
    assert {name, "projectionist_ba9876543210"} <= there, "one is worked in, and one is somebody else's"
    assert name not in schemas()
