from __future__ import annotations

import importlib
import multiprocessing
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import projectionist
from projectionist.db import schema
from projectionist.db.engine import Database
from projectionist.db.model import Base
from projectionist.db.schema import migrate, newest_revision, prepare, revision_of, revisions
from projectionist.errors import DatabaseNewer, DatabaseUnusable

for module in pkgutil.walk_packages(projectionist.__path__, "projectionist."):
    if module.name.endswith((".models", ".tables")):
        importlib.import_module(module.name)

REVISIONS = sorted(
    path.name[:4] for path in (Path(schema.__file__).parent / "migrations/versions").glob("0*.py")
)


MAKES_LINK = (
    "INSERT INTO account_link (purpose, token_hash, role, note, address, made_by, created_at, expires_at) "
    "VALUES ('invitation', '', '', '', '', '', '2026-03-02 12:00:00', '2026-03-09 12:00:00') RETURNING id"
)


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def index(seen: Any) -> str:
    options = {name: str(value) for name, value in seen["dialect_options"].items()}
    return f"{seen['name']} {seen['unique']} {seen['column_names']} {options}"


def shape(database: Database) -> dict[str, object]:
    """Everything a database says of its tables."""
    seen = inspect(database.engine)
    return {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(table)),
            seen.get_pk_constraint(table),
            sorted(map(str, seen.get_foreign_keys(table))),
            sorted(map(index, seen.get_indexes(table))),
            sorted(map(str, seen.get_unique_constraints(table))),
        )
        for table in sorted(tables(database))
    }


def test_revisions_stand_in_one_line() -> None:
    assert list(revisions()) == REVISIONS


def test_an_empty_database_comes_to_the_newest_revision(empty: Database) -> None:
    assert revision_of(empty) is None
    prepare(empty)
    assert revision_of(empty) == newest_revision()
    prepare(empty)
    assert tables(empty) == set(Base.metadata.tables)


def test_models_and_migrations_agree(empty: Database) -> None:
    prepare(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_what_migrations_make_is_named_as_models_name_it(empty: Database) -> None:
    prepare(empty)
    migrated = shape(empty)
    migrate(empty, "base")
    Base.metadata.create_all(empty.engine)
    assert migrated == shape(empty)


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_revision_can_be_come_up_from_and_gone_down_to(empty: Database, revision: str) -> None:
    migrate(empty, revision)
    before = shape(empty)
    prepare(empty)
    assert revision_of(empty) == newest_revision()
    newest = shape(empty)
    migrate(empty, revision)
    assert (revision_of(empty), shape(empty)) == (revision, before)
    prepare(empty)
    assert shape(empty) == newest


def test_the_newest_goes_down_to_nothing(empty: Database) -> None:
    prepare(empty)
    migrate(empty, "base")
    assert revision_of(empty) is None
    assert tables(empty) == set()


def test_rows_stay_through_what_is_altered(empty: Database) -> None:
    migrate(empty, "0001")
    with empty.write() as session:
        session.execute(text("INSERT INTO setting (name, value) VALUES ('preview_width', '480')"))
    prepare(empty)
    with empty.read() as session:
        assert session.execute(text("SELECT value FROM setting")).scalar_one() == "480"


def test_the_number_of_a_link_that_is_gone_does_not_come_again(empty: Database) -> None:
    def number() -> int:
        with empty.write() as session:
            made = int(session.execute(text(MAKES_LINK)).scalar_one())
            session.execute(text("DELETE FROM account_link"))
            return made

    migrate(empty, "0020")
    first = number()
    prepare(empty)
    second = number()
    migrate(empty, "0020")
    assert first < second < number()


def test_a_newer_database_is_refused_and_left_alone(empty: Database) -> None:
    prepare(empty)
    with empty.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    before = shape(empty)
    with pytest.raises(DatabaseNewer, match="revision 9000, which a newer Projectionist has made"):
        prepare(empty)
    assert (revision_of(empty), shape(empty)) == ("9000", before)


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: Database) -> None:
    migrate(empty, "0001")
    with empty.write() as session:
        session.execute(text("CREATE TABLE server (id INTEGER)"))  # in the way of a later revision
    before = shape(empty)
    with pytest.raises(DatabaseUnusable, match="already exists"):
        prepare(empty)
    assert (revision_of(empty), shape(empty)) == ("0001", before)


def test_a_row_that_refers_to_nothing_is_found(empty: Database) -> None:
    if not empty.is_sqlite:
        return
    prepare(empty)
    with empty.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF")
        cursor.execute("INSERT INTO plex_data (server_id, node, folder, proof) VALUES (77, 'here', '', '')")
        cursor.execute("PRAGMA foreign_keys=ON")
    with pytest.raises(DatabaseUnusable, match="Rows of the table plex_data refer to rows of server"):
        prepare(empty)


def test_foreign_keys_hold_again_after_a_migration(empty: Database) -> None:
    prepare(empty)
    if empty.is_sqlite:
        with empty.write() as session:
            assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def _prepare_with_others(url: str, gate: multiprocessing.synchronize.Barrier) -> None:
    database = Database(url)
    gate.wait()
    prepare(database)
    database.close()


def test_processes_that_start_at_once_migrate_once(empty: Database, database_url: str) -> None:
    spawned = multiprocessing.get_context("spawn")
    gate = spawned.Barrier(3)
    others = [spawned.Process(target=_prepare_with_others, args=(database_url, gate)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0, 0, 0]
    assert revision_of(empty) == newest_revision()
