"""For commands that need the database and nothing else of the house."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projectionist.db.engine import Database
    from projectionist.settings import Settings


@dataclass(frozen=True, slots=True)
class Stored:
    """What the settings say, and the database they name."""

    settings: Settings
    database: Database


@contextmanager
def opened_database(data: Path | None) -> Iterator[Stored]:
    """The database of a data folder, or of the settings, backed up and brought up to date where it is older.

    Raises SettingWrong, DatabaseUnusable.
    """
    import os

    from projectionist.db.engine import Database, sqlite_url
    from projectionist.features.backups import service as backups
    from projectionist.kit.clock import SystemClock
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {"data": data})
    database = Database(settings.database_url or sqlite_url(settings.data / "projectionist.sqlite"))
    try:
        backups.bring_up(backups.Place.opened(settings, database, SystemClock().now))
        yield Stored(settings, database)
    finally:
        database.close()
