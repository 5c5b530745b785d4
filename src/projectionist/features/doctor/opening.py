"""Opening what the doctor looks at, so carefully that looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import ProjectionistError, SettingWrong
from projectionist.features.doctor.ground import Ask, Ground, Opened, Running
from projectionist.kit.data_folder import holder_of
from projectionist.kit.secrets import KEY_FILE, load_key
from projectionist.settings import Settings

_UNOPENED = "It was not looked at: a quick look opens nothing."
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # nosec B104


def opened_ground(opened: Opened, ask: Ask) -> Ground:
    """The ground of an opened house."""
    running, stopped = running_service(opened.settings, ask)
    return Ground(
        opened.settings, opened.now, store=opened.database, opened=opened, running=running, stopped=stopped
    )


@contextmanager
def glimpse(settings: Settings, now: Callable[[], datetime], ask: Ask) -> Iterator[Ground]:
    """The database, and whether the service runs, of a house that stays closed."""

    def open_nothing(database: Database) -> Ground:
        running, stopped = running_service(settings, ask)
        return Ground(settings, now, store=database, closed=_UNOPENED, running=running, stopped=stopped)

    with ground(settings, now, ask, open_nothing) as found:
        yield found


@contextmanager
def ground(
    settings: Settings, now: Callable[[], datetime], ask: Ask, open_ground: Callable[[Database], Ground]
) -> Iterator[Ground]:
    """What the doctor looks at where no house is open: as much of one as there is.

    Nothing is made and no database brought up to date. `open_ground` opens the house over a database that needs
    neither.
    """
    running, stopped = running_service(settings, ask)
    bare = Ground(settings, now, running=running, stopped=stopped)
    path = settings.data / "projectionist.sqlite"
    if not settings.database_url and not path.is_file():
        none_yet = f"There is no database in {settings.data}: no service has been started on it."
        yield replace(bare, unstored=none_yet, closed=none_yet)
        return
    try:
        database = Database(settings.database_url or sqlite_url(path))
    except SettingWrong as error:
        yield replace(bare, unstored=error.message, closed=error.message)
        return
    with closing(database):
        closed = why_closed(settings, database)
        yield replace(bare, store=database, closed=closed) if closed else open_ground(database)


def why_closed(settings: Settings, database: Database) -> str:
    """Why a house cannot be opened without changing anything; empty where it can."""
    try:
        revision = schema.revision_of(database)
        if not settings.secret_key and not (settings.data / KEY_FILE).exists():
            return f"There is no key in {settings.data}."
        load_key(settings.data, settings.secret_key)
    except ProjectionistError as error:
        return error.message
    if revision != schema.newest_revision():
        return (
            f"The database is of revision {revision}, not of this program's."
            if revision is not None
            else "The database has no revision."
        )
    return ""


def running_service(settings: Settings, ask: Ask) -> tuple[Running | None, str]:
    """The service on the data folder, or why it cannot be asked."""
    try:
        holder = holder_of(settings.data)
    except OSError as error:
        return None, f"Whether the service runs could not be told: {error.strerror}."
    if holder is None:
        return None, "The service is not running, and only a running one can be asked for a page."
    if not settings.port:
        return (
            None,
            f"The service ({holder}) listens on a port that the system chose, which is not known here.",
        )
    host = _ANYWHERE.get(settings.host, settings.host)
    shown = f"[{host}]" if ":" in host else host
    return Running(f"http://{shown}:{settings.port}{settings.base_path}", ask), ""
