"""Sealing every kept secret with a new key, so that the former one opens nothing of this database any more.

A cut at any moment loses nothing: the new key is on the disk before the first secret is sealed with it, all of them are
sealed anew in one transaction, and until the new key has taken its place whoever starts opens with either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from projectionist.db.copying import others_at_work
from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import DataFolderInUse, NotFound, SecretUnreadable, UsageWrong
from projectionist.features.audit_log.service import Act, record
from projectionist.features.operations import queries
from projectionist.kit import files
from projectionist.kit.data_folder import DataFolder, refuse_workers
from projectionist.kit.secrets import (
    KEY_FILE,
    NEXT_KEY_FILE,
    SEALED,
    Vault,
    is_sealed,
    load_key,
    load_vault,
    next_key,
)
from projectionist.settings import Settings


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of it: how many secrets the new key opens now, and where the former key file is kept, if there was one.

    `unreadable` ones were sealed by a key that is not here; they are as they were.
    """

    sealed: int
    unreadable: int
    former_key: str


def rotate(settings: Settings, new_key: str, now: Callable[[], datetime]) -> Rotated:
    """Seal every kept secret with another key: one made by chance, or one made of the text `new_key`.

    The service and its workers must rest. Raises UsageWrong, NotFound, SettingWrong, DataFolderInUse,
    DataFolderUnusable, DatabaseUnusable and TargetUnwritable; called again, it ends what was cut off.
    """
    if settings.secret_key and not new_key:
        raise UsageWrong(
            "The key is given by PROJECTIONIST_SECRET_KEY, so the new one has to be given too; nothing was changed: "
            "name a file that holds it with --new-key-file."
        )
    with DataFolder.open(settings.data, exclusive=True) as folder, _alone(settings, folder.path) as database:
        former = load_vault(folder.path, settings.secret_key)
        wanted = Vault(load_key(folder.path, new_key) if new_key else next_key(folder.path))
        sealed, unreadable = _seal_anew(database, former, wanted, now)
        former_key = "" if new_key else _take_over(folder.path, now)
    return Rotated(sealed, unreadable, former_key)


def _seal_anew(
    database: Database, former: Vault, wanted: Vault, now: Callable[[], datetime]
) -> tuple[int, int]:
    sealed = unreadable = 0
    with database.durable() as session:
        for kept in list(queries.texts_beginning(session, SEALED)):
            if not is_sealed(kept.text):
                continue
            if _opens(wanted, kept.text):
                sealed += 1
                continue
            try:
                plain = former.open(kept.text)
            except SecretUnreadable:
                unreadable += 1
                continue
            queries.put_text(session, kept, wanted.seal(plain))
            sealed += 1
        record(session, Act.KEY_ROTATED, at=now(), after={"sealed anew": sealed, "unreadable": unreadable})
    return sealed, unreadable


def _take_over(data: Path, now: Callable[[], datetime]) -> str:
    """Put the new key file in place of the former one, which is kept aside: earlier backups need it."""
    aside = data / f"{KEY_FILE}.before-{now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
    files.take_place(data / NEXT_KEY_FILE, data / KEY_FILE, aside)
    return str(aside)


@contextmanager
def _alone(settings: Settings, data: Path) -> Iterator[Database]:
    """The database, while nobody else of ours works on it."""
    refuse_workers(data)
    if not settings.database_url:
        path = data / "projectionist.sqlite"
        if not path.is_file():
            raise NotFound(f"There is no database in {data}, so there is nothing sealed to be sealed anew.")
        with closing(Database(sqlite_url(path))) as database:
            yield database
        return
    with closing(Database(settings.database_url)) as plain:
        url = plain.url.update_query_dict({"application_name": "projectionist rotate"})
    with closing(Database(url.render_as_string(hide_password=False), pool_size=2)) as database:
        if others_at_work(database):
            raise DataFolderInUse(
                "Another Projectionist is connected to the database; nothing was changed: stop the service and every "
                "worker, then try again."
            )
        yield database


def _opens(vault: Vault, text: str) -> bool:
    try:
        vault.open(text)
    except SecretUnreadable:
        return False
    return True
