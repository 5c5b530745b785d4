"""Names that one process at a time may have: by flock beside SQLite, by advisory locks on PostgreSQL."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from projectionist.db.engine import Database, explained


class Claim:
    """A name that is ours until `close`, or until this process ends."""

    def __init__(self, held: int | Connection) -> None:
        self._held: int | Connection | None = held

    @property
    def is_ours(self) -> bool:
        """Whether it still is; a connection to the database may have been cut, and the lock went with it."""
        if isinstance(self._held, Connection):
            try:
                self._held.execute(text("SELECT 1"))
            except SQLAlchemyError:
                self.close()
        return self._held is not None

    def take_over(self, other: Claim) -> None:
        """Hold what another claim of the same name holds."""
        self.close()
        self._held, other._held = other._held, None

    def close(self) -> None:
        """Let go."""
        held, self._held = self._held, None
        if isinstance(held, Connection):
            with contextlib.suppress(SQLAlchemyError):
                try:  # a session that only ends lets go later
                    held.execute(text("SELECT pg_advisory_unlock_all()"))
                finally:
                    held.close()
        elif held is not None:
            os.close(held)


def claim(database: Database, folder: Path, name: str) -> Claim | None:
    """Claim a name; None where another process has it. Raises DatabaseUnusable."""
    digest = hashlib.sha256(name.encode()).digest()
    if database.is_sqlite:
        return _claim_file(folder / f".claim-{digest.hex()[:16]}")
    with explained():
        return _claim_connection(database, int.from_bytes(digest[:8], "big", signed=True))


def _claim_file(path: Path) -> Claim | None:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return Claim(lock)


def _claim_connection(database: Database, key: int) -> Claim | None:
    """The connection leaves the pool: given back to it, it would keep the lock."""
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        connection.detach()
        if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar_one():
            undo.pop_all()
            return Claim(connection)
    return None
