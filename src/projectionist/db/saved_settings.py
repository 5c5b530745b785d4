"""What the settings page saved: text by the name of its setting; `load_settings` reads and checks it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from sqlalchemy.orm import Session

from projectionist.db import queries
from projectionist.db.engine import Database
from projectionist.db.tables import SavedSettingRow

Also: TypeAlias = Callable[[Session], None]


def _nothing(_session: Session) -> None:
    """Writes nothing besides."""


def saved_settings(database: Database) -> Mapping[str, str]:
    """Every saved setting. Raises DatabaseUnusable."""
    with database.read() as session:
        return {row.name: row.value for row in queries.saved_settings(session)}


def save_settings(database: Database, values: Mapping[str, str], also: Also = _nothing) -> None:
    """Keep these values, all or none, beside those that were saved before; `also` writes in the same transaction.

    Raises DatabaseUnusable.
    """
    with database.durable() as session:
        for name, value in values.items():
            session.merge(SavedSettingRow(name=name, value=value))
        also(session)


def forget_settings(database: Database, names: Collection[str], also: Also = _nothing) -> None:
    """Go back to what holds without the settings page; `also` as above. Raises DatabaseUnusable."""
    with database.durable() as session:
        queries.remove_saved_settings(session, names)
        also(session)
