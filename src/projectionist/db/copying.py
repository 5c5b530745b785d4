"""A whole database as one file of SQLite, from either engine, as it was at one moment; and back into either.

The copy is a database of its own revision with every table of it, and nothing else: what it is of, this program can
open. PostgreSQL's own tools need not be there, nor be of the server's version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, inspect, text
from sqlalchemy.types import JSON, Boolean, Date, DateTime, TypeEngine

from projectionist.db import schema
from projectionist.db.engine import BUSY_TIMEOUT_S, Database, explained, keep_private, sqlite_url
from projectionist.errors import DatabaseUnusable

_VERSIONS = "alembic_version"
_AT_ONCE = 1000
_MOMENT = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLAlchemy keeps a moment in SQLite, in UTC."""

_SCRATCH = "A scratch of Projectionist: dropped where nobody works in it."
_SCRATCHES = text(
    "SELECT nspname FROM pg_namespace WHERE obj_description(oid, 'pg_namespace') = :said AND nspname <> :own"
)
_LOCK = text("SELECT pg_advisory_lock(hashtextextended(:name, 0))")
_TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")

Check = Callable[[], None]


def _nothing() -> None:
    """Is not cancelled."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: of which revision it is, and how many rows each table had at that moment."""

    revision: str
    rows: Mapping[str, int]


def copy_to_file(database: Database, path: Path, check: Check = _nothing) -> Copied:
    """Copy the database into a new file of SQLite, for its owner alone, while others go on writing.

    `check` is called between parts, and may raise. Raises DatabaseUnusable, also where the database is empty.
    """
    keep_private(path)
    with _told():
        revision = schema.revision_of(database)
        if revision is None:
            raise DatabaseUnusable("There is nothing in the database yet, so nothing was copied.")
        if database.is_sqlite:
            rows = _copy_sqlite(str(database.url.database), path, check)
        else:
            rows = _copy_postgres(database, revision, path, check)
    return Copied(revision, rows)


def look_through(path: Path) -> Copied:
    """Read a copy whole: that it is sound, and how many rows there are. Raises DatabaseUnusable where it is not."""
    with _told(), closing(_opened(path)) as copy:
        trouble = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if trouble != "ok":
            raise DatabaseUnusable(f"The copy of the database is damaged: {str(trouble)[:200]}")
        if broken := copy.execute("PRAGMA foreign_key_check").fetchone():
            raise DatabaseUnusable(f"Rows of the table {broken[0]} refer to rows that are not there.")
        found = copy.execute("SELECT version_num FROM alembic_version").fetchone()
        if found is None:
            raise DatabaseUnusable("The copy of the database does not say of which revision it is.")
        return Copied(str(found[0]), _counted(copy))


@contextmanager
def scratch_beside(database: Database) -> Iterator[Database]:
    """An empty schema of a PostgreSQL database to try something in, gone afterwards. Raises DatabaseUnusable.

    What others left of theirs who were killed goes too: as large as the database, it would stay for ever. Who works
    in one holds a lock on its name.
    """
    name = f"projectionist_{uuid4().hex[:12]}"
    with _at_once(database) as holding:
        with explained():
            holding.execute(_LOCK, {"name": name})
            holding.execute(text(f'CREATE SCHEMA "{name}"'))
            holding.execute(text(f"COMMENT ON SCHEMA \"{name}\" IS '{_SCRATCH}'"))
            for left in holding.execute(_SCRATCHES, {"said": _SCRATCH, "own": name}).scalars().all():
                if holding.execute(_TRY_LOCK, {"name": left}).scalar_one():
                    holding.execute(text(f"DROP SCHEMA IF EXISTS {_quoted(left)} CASCADE"))
        inside = Database(
            database.url.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(
                hide_password=False
            ),
            pool_size=2,
        )
        try:
            yield inside
        finally:
            inside.close()
            with explained():
                holding.execute(text(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'))


@contextmanager
def _at_once(database: Database) -> Iterator[Connection]:
    """A connection on which each statement counts at once; the locks that it took end with it."""
    with explained():
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        yield connection
    finally:
        connection.invalidate()
        connection.close()


def fill_from_file(database: Database, path: Path, check: Check = _nothing) -> Mapping[str, int]:
    """Make the tables of a copy in an empty PostgreSQL database, and fill them; how many rows each has.

    Raises DatabaseUnusable.
    """
    with _told(), closing(_opened(path)) as copy:
        (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
        schema.migrate(database, str(revision))
        with explained(), database.engine.begin() as connection:
            constraints = _foreign_keys(connection)
            for table, name, _ in constraints:  # rows come in any order
                connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {_quoted(name)}"))
            for table in _tables(copy):
                _fill(connection, copy, table, check)
            for table, name, definition in constraints:
                connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {_quoted(name)} {definition}"))
            return {
                table: connection.execute(text(f"SELECT count(*) FROM {_quoted(table)}")).scalar_one()  # nosec B608
                for table in _tables(copy)
            }


def swap_in(database: Database, scratch: Database, aside: str) -> None:
    """Put the tables of a scratch beside in place of the database's own, which go into a schema `aside`, in one step.

    Raises DatabaseUnusable.
    """
    with explained(), scratch.engine.connect() as connection:
        inside = connection.execute(text("SELECT current_schema()")).scalar_one()
        names = inspect(connection).get_table_names()
    with explained(), database.engine.begin() as connection:
        own = connection.execute(text("SELECT current_schema()")).scalar_one()
        connection.execute(text(f"CREATE SCHEMA {_quoted(aside)}"))
        for table in inspect(connection).get_table_names():
            connection.execute(text(f"ALTER TABLE {_quoted(table)} SET SCHEMA {_quoted(aside)}"))
        for table in names:
            whole = f"{_quoted(inside)}.{_quoted(table)}"
            connection.execute(text(f"ALTER TABLE {whole} SET SCHEMA {_quoted(own)}"))


def others_at_work(database: Database) -> int:
    """How many connections of other programs of ours a PostgreSQL database has. Raises DatabaseUnusable."""
    with explained(), database.engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name = 'projectionist' AND pid <> pg_backend_pid()"
            )
        )
        return int(found.scalar_one())


def _copy_sqlite(source: str, path: Path, check: Check) -> Mapping[str, int]:
    with closing(_opened(Path(source))) as live, closing(_opened(path)) as copy:
        live.execute("BEGIN")  # what is counted and what is copied are of one moment
        rows = _counted(live)
        check()
        live.backup(copy, pages=4096, progress=lambda *_: check(), sleep=0)
        copy.execute("PRAGMA journal_mode=DELETE")
    return rows


def _copy_postgres(database: Database, revision: str, path: Path, check: Check) -> Mapping[str, int]:
    with closing(Database(sqlite_url(path))) as made:
        schema.migrate(made, revision)
    rows = {}
    with (
        closing(_opened(path)) as copy,
        explained(),
        database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        connection.execute(text("SET TRANSACTION READ ONLY"))
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("PRAGMA foreign_keys=OFF")
        copy.execute("BEGIN")
        for table in _tables(copy):
            rows[table] = _take(connection, copy, table, check)
        copy.execute("COMMIT")
    return rows


def _take(connection: Connection, copy: sqlite3.Connection, table: str, check: Check) -> int:
    """Copy the rows of one table out of PostgreSQL; the values become what SQLite keeps."""
    types = _types(connection, table)
    chosen = ", ".join(
        f"CAST({_quoted(name)} AS TEXT)" if isinstance(kind, JSON) else _quoted(name)
        for name, kind in types.items()
    )
    names = ", ".join(map(_quoted, types))
    places = ", ".join("?" * len(types))
    copy.execute(f"DELETE FROM {_quoted(table)}")  # nosec B608 - what a migration put there
    found = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(
        text(f"SELECT {chosen} FROM {_quoted(table)}")  # nosec B608 - names of our own tables
    )
    count = 0
    for part in found.partitions(_AT_ONCE):
        check()
        copy.executemany(
            f"INSERT INTO {_quoted(table)} ({names}) VALUES ({places})",  # nosec B608
            [tuple(map(_kept, row)) for row in part],
        )
        count += len(part)
    return count


def _fill(connection: Connection, copy: sqlite3.Connection, table: str, check: Check) -> None:
    types = _types(connection, table)
    names = ", ".join(map(_quoted, types))
    places = ", ".join(
        f"CAST(:v{place} AS JSON)" if isinstance(kind, JSON) else f":v{place}"
        for place, kind in enumerate(types.values())
    )
    put = text(f"INSERT INTO {_quoted(table)} ({names}) VALUES ({places})")  # nosec B608
    connection.execute(text(f"DELETE FROM {_quoted(table)}"))  # nosec B608 - what a migration put there
    found = copy.execute(f"SELECT {names} FROM {_quoted(table)}")  # nosec B608
    while part := found.fetchmany(_AT_ONCE):
        check()
        connection.execute(put, [_given(row, list(types.values())) for row in part])
    for name in types:
        _set_counter(connection, table, name)


def _set_counter(connection: Connection, table: str, column: str) -> None:
    """The next number that PostgreSQL gives out comes after every one that is there."""
    named = {"table": _quoted(table), "column": column}
    counter = connection.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), named).scalar()
    if counter is not None:
        most = f"SELECT max({_quoted(column)}) FROM {_quoted(table)}"  # nosec B608
        connection.execute(
            text(f"SELECT setval(:counter, coalesce(({most}), 1), ({most}) IS NOT NULL)"),
            {"counter": counter},
        )


def _foreign_keys(connection: Connection) -> Sequence[tuple[str, str, str]]:
    found = connection.execute(
        text(
            "SELECT CAST(CAST(conrelid AS regclass) AS TEXT), conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint "
            "WHERE contype = 'f' AND connamespace = CAST(current_schema() AS regnamespace)"
        )
    )
    return [(str(table), str(name), str(definition)) for table, name, definition in found]


def _types(connection: Connection, table: str) -> Mapping[str, TypeEngine[Any]]:
    return {column["name"]: column["type"] for column in inspect(connection).get_columns(table)}


def _kept(value: Any) -> Any:
    """A value of PostgreSQL as SQLAlchemy keeps it in SQLite."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(_MOMENT)
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


def _given(row: Sequence[Any], types: Sequence[TypeEngine[Any]]) -> dict[str, Any]:
    return {
        f"v{place}": _restored(value, kind)
        for place, (value, kind) in enumerate(zip(row, types, strict=True))
    }


def _restored(value: Any, kind: TypeEngine[Any]) -> Any:
    """A value of SQLite as PostgreSQL takes it."""
    if value is None:
        return None
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    if isinstance(kind, Date):
        return date.fromisoformat(str(value))
    return bool(value) if isinstance(kind, Boolean) else value


def _tables(copy: sqlite3.Connection) -> Sequence[str]:
    found = copy.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND name <> ? ORDER BY name",
        (_VERSIONS,),
    )
    return [name for (name,) in found]


def _counted(copy: sqlite3.Connection) -> Mapping[str, int]:
    return {
        table: copy.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0]  # nosec B608
        for table in _tables(copy)
    }


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseUnusable(
            f"The database could not be copied or read ({error}); it is as it was: look at its disk's room and health, "
            "then try again."
        ) from error
