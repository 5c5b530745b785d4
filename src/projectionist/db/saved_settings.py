"""What the settings page saved: text by the name of its setting; `load_settings` reads and checks it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from projectionist.db import queries
from projectionist.db.engine import Database
from projectionist.db.tables import SavedSettingRow


def saved_settings(database: Database) -> Mapping[str, str]:
    """Every saved setting. Raises DatabaseUnusable."""
    with database.read() as session:
        return {row.name: row.value for row in queries.saved_settings(session)}


def save_settings(database: Database, values: Mapping[str, str]) -> None:
    """Keep these values, all or none, beside those that were saved before. Raises DatabaseUnusable."""
    with database.durable() as session:
        for name, value in values.items():
            session.merge(SavedSettingRow(name=name, value=value))


def forget_settings(database: Database, names: Collection[str]) -> None:
    """Go back to what holds without the settings page. Raises DatabaseUnusable."""
    with database.durable() as session:
        queries.remove_saved_settings(session, names)
