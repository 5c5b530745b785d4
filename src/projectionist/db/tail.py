"""The end of the table of events: what is new since the last look, each row once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text

from projectionist.db import queries
from projectionist.db.engine import Database, explained
from projectionist.db.tables import EventRow

_LATE_S = 60.0
"""How long a number that was passed over may still appear: longer than any transaction of ours."""
_LOOK_BACK = 200
_MOST_GAPS = 2_000
_AT_ONCE = 500


class Tail:
    """Reads on from where it is. One thread at a time."""

    def __init__(self, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._at = 0
        self._gaps: dict[int, float] = {}
        """Numbers that were passed over, and when that was."""
        self._connection: Connection | None = None
        self._version: object = None

    def seek_end(self) -> None:
        """Go behind everything that is committed now. Raises DatabaseUnusable."""
        self._version = self._data_version()
        with self._database.read() as session:
            self._at = queries.last_event_id(session)
            self._gaps.clear()
            if not self._database.is_sqlite:
                start = max(0, self._at - _LOOK_BACK)
                there = set(queries.event_ids_between(session, start, self._at))
                self._note_gaps(start + 1, self._at, there)

    def read(self) -> Sequence[EventRow]:
        """What has been committed since, in order of number. Raises DatabaseUnusable."""
        version = self._data_version()
        if version is not None and version == self._version:
            return ()
        with self._database.read() as session:
            rows = queries.events_after(session, self._at, self._expected())
        self._version = version
        if rows and rows[-1].id > self._at:
            there = {row.id for row in rows}
            if not self._database.is_sqlite:
                self._note_gaps(self._at + 1, rows[-1].id, there)
            self._at = rows[-1].id
        for row in rows:
            self._gaps.pop(row.id, None)
        return rows

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _expected(self) -> Sequence[int]:
        too_old = self._monotonic() - _LATE_S
        self._gaps = {number: since for number, since in self._gaps.items() if since > too_old}
        return list(self._gaps)[-_AT_ONCE:]

    def _note_gaps(self, first: int, last: int, there: set[int]) -> None:
        now = self._monotonic()
        first = max(first, last - _MOST_GAPS)
        self._gaps.update((number, now) for number in range(first, last + 1) if number not in there)

    def _data_version(self) -> object:
        """SQLite's count of commits by other connections, asked on one that is kept; None on PostgreSQL."""
        if not self._database.is_sqlite:
            return None
        with explained():
            if self._connection is None:
                self._connection = self._database.reading_connection()
            return self._connection.execute(text("PRAGMA data_version")).scalar_one()
