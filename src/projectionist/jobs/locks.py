"""Names that one process at a time may have: by flock beside SQLite, by advisory locks on PostgreSQL."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from projectionist.db.engine import Database


class Claim:
    """A name that is ours until `close`, or until this process ends."""

    def __init__(self, held: int | Connection) -> None:
        self._held: int | Connection | None = held

    @property
    def is_ours(self) -> bool:
        """Whether it still is; a connection to the database may have been cut."""
        if isinstance(self._held, Connection):
            try:
                self._held.execute(text("SELECT 1"))
            except DBAPIError:
                return False
        return self._held is not None

    def close(self) -> None:
        """Let go."""
        held, self._held = self._held, None
        if isinstance(held, Connection):
            held.close()
        elif held is not None:
            os.close(held)


def claim(database: Database, folder: Path, name: str) -> Claim | None:
    """Claim a name; None where another process has it. Raises DatabaseUnusable."""
    if database.is_sqlite:
        safe = hashlib.sha256(name.encode()).hexdigest()[:16]
        lock = os.open(folder / f".claim-{safe}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return Claim(lock)
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar_one():
            undo.pop_all()
            return Claim(connection)
    return None
