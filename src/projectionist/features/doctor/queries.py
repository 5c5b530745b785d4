"""What the doctor asks of the database engine itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def sqlite_synchronous(session: Session) -> int:
    """How carefully SQLite writes on this connection: 2 is FULL, 3 EXTRA."""
    return int(session.execute(text("PRAGMA synchronous")).scalar_one())


def sqlite_journal_mode(session: Session) -> str:
    """How SQLite writes on this connection, in its own word."""
    return str(session.execute(text("PRAGMA journal_mode")).scalar_one())


def sqlite_trouble(session: Session) -> str:
    """The first thing that SQLite finds wrong with its file; `ok` where there is none."""
    return str(session.execute(text("PRAGMA quick_check(1)")).scalar_one())


def postgres_setting(session: Session, name: str) -> str:
    """One setting of PostgreSQL, as this connection has it."""
    return str(session.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())


def postgres_uses_tls(session: Session) -> bool:
    """Whether this very connection is encrypted."""
    found = session.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar()
    return bool(found)


def postgres_checksum_failures(session: Session) -> int | None:
    """How many pages were read broken; None where PostgreSQL keeps no checksums."""
    found = session.execute(
        text("SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()")
    ).scalar()
    return None if found is None else int(found)


def postgres_now(session: Session) -> datetime:
    """The clock of the database server."""
    found = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    assert isinstance(found, datetime)
    return found


def postgres_connections(session: Session) -> tuple[int, int]:
    """How many connections are open, and how many there may be."""
    count = session.execute(text("SELECT count(*) FROM pg_stat_activity")).scalar_one()
    return int(count), int(postgres_setting(session, "max_connections"))


def postgres_size(session: Session) -> int:
    """How many bytes the database takes on its server's disk."""
    return int(session.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
