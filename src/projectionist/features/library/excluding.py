"""Leaving libraries out before they are read for the first time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.features.audit_log.service import Act, record
from projectionist.features.library import queries
from projectionist.features.library.storing import queries as storing
from projectionist.features.library.sync import library_row
from projectionist.media.vocabulary import ListedLibrary


def choose_libraries(
    database: Database,
    server_id: int,
    listed: Sequence[ListedLibrary],
    excluded: Collection[str],
    now: datetime,
) -> None:
    """Take in which libraries a server lists, and exclude those with these keys; all others are taken."""
    rows = [library_row(library, server_id, place) for place, library in enumerate(listed)]
    with database.durable() as session:
        storing.put_libraries(session, server_id, rows, now)
        for row in storing.libraries_of(session, server_id):
            before, enabled = {"enabled": row.enabled}, row.key not in excluded
            queries.set_enabled(session, row.id, enabled)
            record(session, Act.LIBRARY_CHANGED, row.title, at=now, before=before, after={"enabled": enabled})
