"""Who somebody of this house is to other services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.features.accounts.credentials import queries


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is to another service."""

    id: int
    kind: str
    name: str
    linked_at: datetime
    used_at: datetime | None


def identities_of(database: Database, user_id: int) -> list[Identity]:
    """What is linked to somebody; nothing to who is not there."""
    with database.read() as session:
        return [
            Identity(row.id, row.kind, row.name, row.linked_at, row.used_at)
            for row in queries.identities_of(session, user_id)
        ]
