"""Taking the last migration back, so that the program from before can be started again on what there is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import BackupUnusable, NotFound
from projectionist.features.backups.restoring import alone_on_postgres
from projectionist.features.backups.service import Place, Record, make_backup, why_unproven
from projectionist.kit.data_folder import DataFolder, refuse_workers
from projectionist.settings import Settings


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What came of it: the revision that was, the one that is now, and the backup that was made before."""

    was: str
    revision: str
    backup: Record


def take_back(settings: Settings, now: Callable[[], datetime]) -> TakenBack:
    """Take the last migration of the database back, after a backup that was proved; what only it holds is lost.

    That is in the backup. Whatever is refused or fails leaves the database as it was. Raises NotFound where there is
    nothing to take back, BackupUnusable, DatabaseNewer, DataFolderInUse, DataFolderUnusable, DatabaseUnusable,
    TargetFull and TargetUnwritable.
    """
    path = settings.data / "projectionist.sqlite"
    if not settings.database_url and not path.is_file():
        raise NotFound(f"There is no database in {settings.data}; nothing was changed.")
    with _alone(settings) as database:
        was = schema.revision_of(database)
        before = schema.revision_before(was)
        if was is None or before is None:
            raise NotFound("There is no migration that could be taken back; nothing was changed.")
        place = Place.opened(settings, database, now)
        backup = make_backup(place, f"before taking {was} back", only_alike=True)
        if trouble := why_unproven(place, backup):
            raise BackupUnusable(
                f"The backup before it was not proved ({trouble}); nothing was changed: mend that first."
            )
        schema.migrate(database, before)
        return TakenBack(was, before, backup)


@contextmanager
def _alone(settings: Settings) -> Iterator[Database]:
    """The database, with nobody else at work on it."""
    with ExitStack() as stack:
        folder = stack.enter_context(DataFolder.open(settings.data, exclusive=True))
        refuse_workers(folder.path)
        if settings.database_url:
            yield stack.enter_context(alone_on_postgres(settings))
        else:
            path = folder.path / "projectionist.sqlite"
            yield stack.enter_context(closing(Database(sqlite_url(path))))
