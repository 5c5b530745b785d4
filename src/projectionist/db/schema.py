"""Bring a database to the tables of this program, and tell how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from projectionist.db.engine import Database, explained
from projectionist.errors import DatabaseNewer, DatabaseUnusable

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x70726F6A
"""Of PostgreSQL's advisory locks, the one for migrations."""


def prepare(database: Database) -> None:
    """Bring the database to the newest revision; where several processes do so at once, one works and all wait.

    Raises DatabaseNewer, with nothing changed, where a newer program has been there, and DatabaseUnusable.
    """
    migrate(database, "head")


def migrate(database: Database, revision: str) -> None:
    """Bring the database up or down to a revision, in one transaction. Raises as `prepare` does."""
    with _connected(database) as connection:
        now = _revision(connection)
        _refuse_unknown(now)
        configuration = _configuration(connection)
        wanted = newest_revision() if revision == "head" else revision
        if now is not None and (wanted == "base" or wanted < now):
            command.downgrade(configuration, wanted)
        elif now != wanted:
            command.upgrade(configuration, wanted)
        if database.is_sqlite:
            _check_foreign_keys(connection)


def revision_of(database: Database) -> str | None:
    """The revision of the database, None where it is empty. Raises DatabaseUnusable."""
    with explained(), database.engine.connect() as connection:
        return _revision(connection)


def newest_revision() -> str:
    """The revision this program works with."""
    newest = _scripts().get_current_head()
    assert newest is not None
    return newest


def revision_before(revision: str | None) -> str | None:
    """The revision that one was made from; None for the first, and for an empty database. Raises DatabaseNewer."""
    _refuse_unknown(revision)
    known = (None, *revisions())
    return known[known.index(revision) - 1] if revision is not None else None


def revisions() -> tuple[str, ...]:
    """Every revision, the first one first."""
    return tuple(script.revision for script in _scripts().walk_revisions())[::-1]


@contextmanager
def _connected(database: Database) -> Iterator[Connection]:
    """A transaction that only one process at a time is in.

    SQLite's batches make a table anew and drop the old one, which would take along what refers to it; so foreign
    keys are off, which SQLite allows only outside of transactions.
    """
    with explained(), database.engine.connect() as connection:
        if database.is_sqlite:
            _switch_foreign_keys(connection, on=False)
        try:
            with _told_as_unusable(), connection.begin():
                if not database.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield connection
        finally:
            if database.is_sqlite:
                _switch_foreign_keys(connection, on=True)


@contextmanager
def _told_as_unusable() -> Iterator[None]:
    """What stands in a migration's way is trouble with the database, not with what somebody asked for."""
    try:
        yield
    except (ProgrammingError, IntegrityError) as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseUnusable(
            f"The database cannot be brought to revision {newest_revision()} ({reason}); it is as it was: put back a "
            "copy from your backup that only Projectionist has written to."
        ) from error


def _switch_foreign_keys(connection: Connection, *, on: bool) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")
    cursor.close()


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise DatabaseUnusable(
            f"Rows of the table {broken[0]} refer to rows of {broken[2]} that are not there; the database is as it "
            "was: put back the newest copy of it from your backup."
        )


def _refuse_unknown(revision: str | None) -> None:
    if revision is not None and revision not in revisions():
        raise DatabaseNewer(
            f"The database is of revision {revision}, which a newer Projectionist has made; this one knows "
            f"{newest_revision()} and has changed nothing: start the newer program, or put back a database from before."
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _configuration(connection: Connection) -> Config:
    configuration = Config(attributes={"connection": connection})
    configuration.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration


@cache
def _scripts() -> ScriptDirectory:
    """Read once: every start asks several times."""
    return ScriptDirectory(str(_FOLDER))
