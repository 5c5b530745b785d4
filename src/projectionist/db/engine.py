"""Engines and sessions for SQLite and PostgreSQL.

SQLite begins its transactions by itself only at the first write, so that what was read before may be outdated:
four of five concurrent updates were lost that way, silently. Write sessions therefore begin IMMEDIATE, and read
sessions hold no transaction at all.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from projectionist.errors import DatabaseUnusable, NotFound, SettingWrong
from projectionist.kit.outbound import is_local

BUSY_TIMEOUT_S = 30.0
_POOL = 8
_CONNECT_TIMEOUT_S = "10"
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_EXAMPLE = "postgresql+psycopg://user@host/name"


def sqlite_url(path: Path) -> str:
    """The address of a SQLite database in a file."""
    return URL.create("sqlite+pysqlite", database=str(path)).render_as_string()


def keep_private(path: Path) -> None:
    """Make the file of a SQLite database, where there is none, for its owner alone; its WAL takes its rights.

    One that is there is not opened: closing it would take the locks of every connection that this process has to it
    (fcntl_locking(2)), and the next program that closes the database would then remove the log we write into
    (sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(OSError):  # whoever opens it says in words what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


class Database:
    """A database with three kinds of session.

    `read`: autocommit, for looking. `write`: one transaction that no other writer overtakes (on PostgreSQL lock
    the rows you read with `with_for_update`, or update in one statement). `durable`: a `write` that is on the
    disk, through a power cut, once it has returned.

    On PostgreSQL at most twice `pool_size` connections of each of two kinds are open; who comes when all are taken
    waits as long as for a lock. Options of the address (sslmode, connect_timeout, application_name) hold;
    without an sslmode nothing is said to another machine but by TLS.
    Raises SettingWrong where the address cannot be taken.
    """

    def __init__(self, url: str, *, pool_size: int = _POOL, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._pool_size = pool_size
        self._busy_timeout_s = busy_timeout_s
        if self.is_sqlite:
            if self.url.database and self.url.database != ":memory:":
                keep_private(Path(self.url.database))
            self._reading = self._sqlite_engine("NORMAL", writes=False)
            self._writing = self._sqlite_engine("NORMAL", writes=True)
            self._lasting = self._sqlite_engine("FULL", writes=True)
        else:
            self._writing = self._lasting = self._postgres_engine(writes=True)
            self._reading = self._postgres_engine(writes=False)

    @property
    def engine(self) -> Engine:
        """The engine of the write sessions, for migrations and the job engine."""
        return self._writing

    @property
    def engines(self) -> frozenset[Engine]:
        """All engines, each once."""
        return frozenset({self._reading, self._writing, self._lasting})

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

    def connections(self) -> tuple[int, int]:
        """How many connections of this process are in use, and how many are open."""
        pools = [engine.pool for engine in self.engines]
        counted = [pool for pool in pools if isinstance(pool, QueuePool)]
        used = sum(pool.checkedout() for pool in counted)
        return used, used + sum(pool.checkedin() for pool in counted)

    def close(self) -> None:
        """Close every connection."""
        for engine in self.engines:
            engine.dispose()

    def _sqlite_engine(self, synchronous: str, *, writes: bool) -> Engine:
        engine = create_engine(
            self.url,
            pool_size=self._pool_size,
            max_overflow=-1,
            connect_args={"timeout": self._busy_timeout_s},
            hide_parameters=True,
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None  # transactions begin where we say so
            _use_wal(connection, self._busy_timeout_s)
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute("PRAGMA foreign_keys=ON")
            if not writes:
                connection.execute("PRAGMA query_only=ON")

        if writes:

            @event.listens_for(engine, "begin")
            def begin(connection: Any) -> None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")

        return engine

    def _postgres_engine(self, *, writes: bool) -> Engine:
        engine = create_engine(
            self.url,
            isolation_level="READ COMMITTED" if writes else "AUTOCOMMIT",
            pool_size=self._pool_size,
            max_overflow=self._pool_size,
            pool_timeout=self._busy_timeout_s,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        event.listen(engine, "handle_error", _without_values)
        if not writes:

            @event.listens_for(engine, "connect")
            def prepare(connection: Any, _record: object) -> None:
                connection.execute("SET default_transaction_read_only = on")
                connection.commit()

        return engine


def _without_values(context: ExceptionContext) -> None:
    """PostgreSQL tells the values of a row that cannot be, after what is wrong with it; no log shall hold them."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            told, _, values = error.args[0].partition("\nDETAIL:")
            _, begins, statement = values.rpartition("\n[SQL: ")
            error.args = (told + (begins and begins + statement), *error.args[1:])


def _use_wal(connection: sqlite3.Connection, patience_s: float) -> None:
    """SQLite does not wait by itself where two who open a new file at once both switch it."""
    give_up = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(0.01)


@contextmanager
def explained() -> Iterator[None]:
    """What the database's driver raises, in words. Integrity errors pass: they mean something to the caller."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnusable(
            "Every connection to the database was taken for too long; nothing was changed: try again, and if it "
            "stays so look in the log for what does not end."
        ) from error
    except OperationalError as error:
        raise DatabaseUnusable(_reason(error)) from error
    except DBAPIError as error:
        if any(sign in str(error.orig) for sign in _UNUSABLE):
            raise DatabaseUnusable(_reason(error)) from error
        if _names_too_large_a_number(error):
            raise _too_large() from error
        raise
    except OverflowError as error:
        if "SQLite INTEGER" not in str(error):
            raise
        raise _too_large() from error


def _names_too_large_a_number(error: DBAPIError) -> bool:
    """Whether PostgreSQL was given a number of more than 64 bits, which SQLite's driver does not even pass on.

    By the number itself, so that a sum that grew too large stays the program's own error. SQLSTATE 22003 is
    numeric_value_out_of_range (postgresql.org/docs/current/errcodes-appendix.html).
    """
    if getattr(error.orig, "sqlstate", None) != "22003":
        return False
    rows = error.params if isinstance(error.params, list) else [error.params]
    values = [one for row in rows for one in (row.values() if isinstance(row, Mapping) else row or ())]
    return any(isinstance(one, int) and not -(2**63) <= one < 2**63 for one in values)


def _too_large() -> NotFound:
    return NotFound("Nothing here has a number as large as that; nothing was changed.")


_UNUSABLE = ("malformed", "not a database", "read-only transaction")
"""Signs of trouble with the database in errors that are otherwise the program's own."""


_SENTENCES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("locked",),
        "The database is locked by another program for too long; nothing was changed: close what else has it open, "
        "then try again.",
    ),
    (
        ("malformed", "not a database"),
        "The database is damaged; nothing was changed: stop Projectionist, and put back the newest copy of it from "
        "your backup.",
    ),
    (
        ("full", "No space left"),
        "The disk that holds the database is full; nothing was changed: make room, then try again.",
    ),
    (
        ("disk I/O error",),
        "The disk that holds the database fails, is full or over its quota; what was under way is kept whole or not at "
        "all: look at its room and its health, then try again.",
    ),
    (
        ("readonly", "read-only"),
        "The database can be read and not written here; nothing was changed: check its permissions and its disk.",
    ),
    (
        ("unable to open",),
        "The database's file cannot be opened; nothing was changed: check its folder and its permissions.",
    ),
)
"""What the first line of a driver's message may hold, and what to tell people then."""


def _reason(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines() if error.orig else []
    what = lines[0] if lines else "no reason given"
    for signs, sentence in _SENTENCES:
        if any(sign in what for sign in signs):
            return sentence
    if type(error.orig).__module__.startswith("psycopg") and not getattr(error.orig, "sqlstate", None):
        return (
            f"The database server cannot be reached ({what}); what was under way is kept whole or not at all: check "
            "that it runs, its address, user and password, then try again."
        )
    return f"The database could not be used ({what}); what was under way is kept whole or not at all."


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
        if kind == "sqlite":
            return parsed.set(drivername="sqlite+pysqlite")
        if kind == "postgresql":
            return _with_options(parsed.set(drivername="postgresql+psycopg"))
    except (ArgumentError, ValueError, NoSuchModuleError):
        raise SettingWrong(
            f"The database address cannot be read; it looks like {_EXAMPLE}, and is left out to use SQLite in the "
            "data folder."
        ) from None
    raise SettingWrong(
        f"A database of kind {kind} is none that Projectionist works with; use postgresql+psycopg://, or leave the "
        "address out to use SQLite in the data folder."
    )


def _with_options(url: URL) -> URL:
    """The address with what it leaves open, once its options are known to be some that libpq takes."""
    driver: Any = url.get_dialect().import_dbapi()
    try:
        driver.conninfo.make_conninfo(
            **{name: value for name, value in url.query.items() if isinstance(value, str)}
        )
    except driver.ProgrammingError as error:
        raise SettingWrong(f"The database address has an {str(error).strip()}; take it out.") from None
    if url.query.get("sslmode", "prefer") not in _SSL_MODES:
        raise SettingWrong(f"The database address has a wrong sslmode; it is one of {', '.join(_SSL_MODES)}.")
    if not str(url.query.get("connect_timeout", "0")).isdecimal():
        raise SettingWrong(
            "The database address has a wrong connect_timeout; it is a whole number of seconds."
        )
    defaults = {"application_name": "projectionist", "connect_timeout": _CONNECT_TIMEOUT_S}
    if not all(is_local(host) for host in _hosts(url)):
        defaults["sslmode"] = "require"
    return url.update_query_dict({name: value for name, value in defaults.items() if name not in url.query})


def _hosts(url: URL) -> Sequence[str]:
    """Where PostgreSQL may be, as libpq reads an address."""
    named = [url.host or "", url.query.get("host", ""), url.query.get("hostaddr", "")]
    each = [one for several in named for one in ([several] if isinstance(several, str) else several)]
    return [host for one in each for host in one.split(",")]
