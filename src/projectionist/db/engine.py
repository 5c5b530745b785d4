"""Engines and sessions for SQLite and PostgreSQL.

SQLite begins its transactions by itself only at the first write, so that what was read before may be outdated:
four of five concurrent updates were lost that way, silently. Write sessions therefore begin IMMEDIATE, and read
sessions hold no transaction at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from projectionist.errors import DatabaseUnusable, SettingWrong

BUSY_TIMEOUT_S = 30.0
_POOL = 10


def sqlite_url(path: Path) -> str:
    """The address of a SQLite database in a file."""
    return URL.create("sqlite+pysqlite", database=str(path)).render_as_string()


class Database:
    """A database with three kinds of session.

    `read`: autocommit, for looking. `write`: one transaction that no other writer overtakes (on PostgreSQL lock
    the rows you read with `with_for_update`, or update in one statement). `durable`: a `write` that is on the
    disk, through a power cut, once it has returned.
    """

    def __init__(self, url: str, *, pool_size: int = _POOL) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._pool_size = pool_size
        if self.is_sqlite:
            self._reading = self._sqlite_engine("NORMAL", writes=False)
            self._writing = self._sqlite_engine("NORMAL", writes=True)
            self._lasting = self._sqlite_engine("FULL", writes=True)
        else:
            self._writing = self._lasting = create_engine(
                self.url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True
            )
            self._reading = self._writing.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def engine(self) -> Engine:
        """The engine of the write sessions, for migrations and the job engine."""
        return self._writing

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees what is committed and holds nothing open. Raises DatabaseUnusable."""
        with explained(), Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction, committed where the block ends well, else rolled back. Raises DatabaseUnusable."""
        with explained(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def durable(self) -> Iterator[Session]:
        """A `write` that a power cut does not take back. Raises DatabaseUnusable."""
        with explained(), Session(self._lasting, expire_on_commit=False) as session, session.begin():
            yield session

    def reading_connection(self) -> Connection:
        """A connection that sees what is committed, to keep and close by oneself. Raises DatabaseUnusable."""
        with explained():
            return self._reading.connect()

    def close(self) -> None:
        """Close every connection."""
        for engine in (self._reading, self._writing, self._lasting):
            engine.dispose()

    def _sqlite_engine(self, synchronous: str, *, writes: bool) -> Engine:
        engine = create_engine(
            self.url, pool_size=self._pool_size, max_overflow=-1, connect_args={"timeout": BUSY_TIMEOUT_S}
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None  # transactions begin where we say so
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute("PRAGMA foreign_keys=ON")
            if not writes:
                connection.execute("PRAGMA query_only=ON")

        if writes:

            @event.listens_for(engine, "begin")
            def begin(connection: Any) -> None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")

        return engine


@contextmanager
def explained() -> Iterator[None]:
    """What the database's driver raises, in words. Integrity errors pass: they mean something to the caller."""
    try:
        yield
    except OperationalError as error:
        raise DatabaseUnusable(_reason(error)) from error
    except DBAPIError as error:
        if "malformed" in str(error.orig) or "not a database" in str(error.orig):
            raise DatabaseUnusable(_reason(error)) from error
        raise


def _reason(error: DBAPIError) -> str:
    what = str(error.orig).strip().splitlines()[0] if error.orig else "no reason given"
    if "locked" in what:
        return (
            "The database is locked by another program for longer than 30 s; nothing was changed: close what else "
            "has it open, then try again."
        )
    if "malformed" in what or "not a database" in what:
        return (
            "The database is damaged; nothing was changed: stop Projectionist, and put back the newest copy of it "
            "from your backup."
        )
    if "full" in what:
        return "The disk that holds the database is full; nothing was changed: make room, then try again."
    return f"The database could not be used ({what}); nothing was changed."


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingWrong(
            "The database address cannot be read; it looks like postgresql+psycopg://user@host/name, and is left "
            "out to use SQLite in the data folder."
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise SettingWrong(
        f"A database of kind {parsed.get_backend_name()} is none that Projectionist works with; use "
        "postgresql+psycopg://, or leave the address out to use SQLite in the data folder."
    )
