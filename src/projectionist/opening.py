"""How a process opens its house: the data folder, the secrets, the database and its upgrade, then the parts."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager

from projectionist.app import House
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.saved_settings import saved_settings
from projectionist.errors import NotFound
from projectionist.features.backups import service as backups
from projectionist.features.doctor import opening as doctor_opening
from projectionist.features.doctor.ground import Ground
from projectionist.kit import logs
from projectionist.kit.clock import SystemClock
from projectionist.kit.data_folder import DataFolder
from projectionist.kit.kept_log import KeptLog
from projectionist.kit.probing import probe
from projectionist.kit.secrets import load_vault
from projectionist.media.lists import ConnectList
from projectionist.media.server import Connect
from projectionist.settings import Settings, secret_texts

_log = logging.getLogger(__name__)


@contextmanager
def open_house(
    settings: Settings,
    *,
    exclusive: bool,
    connect: Connect | None = None,
    connect_list: ConnectList | None = None,
) -> Iterator[House]:
    """The parts of this process over an opened data folder and a database that is up to date.

    `connect` reaches media servers in place of the clients of their kinds, `connect_list` lists.

    Raises DataFolderUnusable, DataFolderInUse, DatabaseUnusable, SettingWrong.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(DataFolder.open(settings.data, exclusive=exclusive))
        kept = KeptLog(settings.data / "logs", settings.log_kept) if settings.log_kept else None
        logs.configure(settings.log_format, settings.log_level, settings.log_file, kept)
        for library_of_ours in ("alembic", "dbos"):
            logging.getLogger(library_of_ours).setLevel(logging.WARNING)
        # It logs each retry; what comes of them is told in words.
        logging.getLogger("stamina").setLevel(logging.ERROR)
        for secret in secret_texts(settings):
            logs.mask(secret)
        for name in settings.unknown:
            _log.warning("%s is no setting of Projectionist; nothing was done with it", name)
        database = Database(settings.database_url or sqlite_url(folder.path / "projectionist.sqlite"))
        stack.callback(database.close)
        vault = load_vault(folder.path, settings.secret_key)
        backups.bring_up(backups.Place.of(settings, database, lambda: vault, SystemClock().now))
        house = House(settings, database, vault, connect, connect_list)
        stack.callback(house.close)
        house.events.start()
        yield house


@contextmanager
def doctors_ground(settings: Settings) -> Iterator[Ground]:
    """What the doctor looks at from outside of a service; nothing is made, brought up to date, or claimed."""

    def open_ground(database: Database) -> Ground:
        house = House(settings, database, load_vault(settings.data, settings.secret_key))
        stack.callback(house.close)
        return house.ground()

    with ExitStack() as stack:
        yield stack.enter_context(doctor_opening.ground(settings, SystemClock().now, probe, open_ground))


@contextmanager
def backups_place(settings: Settings) -> Iterator[backups.Place]:
    """What backups are made of, beside a service that runs or while none does; nothing is brought up to date.

    Raises DatabaseUnusable, SettingWrong, NotFound where there is no database yet.
    """
    path = settings.data / "projectionist.sqlite"
    if not settings.database_url and not path.is_file():
        raise NotFound(f"There is no database in {settings.data}, so there is nothing to back up.")
    with closing(Database(settings.database_url or sqlite_url(path))) as database:
        yield backups.Place.opened(settings, database, SystemClock().now)


def page_settings(settings: Settings, *, exclusive: bool = False) -> Mapping[str, str]:
    """What the settings page has saved, for the next reading of the settings; empty before the first start.

    Raises as `open_house` does.
    """
    path = settings.data / "projectionist.sqlite"
    if not settings.database_url and not path.exists():
        return {}
    url = settings.database_url or sqlite_url(path)
    with DataFolder.open(settings.data, exclusive=exclusive), closing(Database(url)) as database:
        backups.bring_up(backups.Place.opened(settings, database, SystemClock().now))
        return saved_settings(database)
