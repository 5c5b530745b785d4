"""Putting a backup back in place of the database, which is kept aside."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from projectionist.db import schema
from projectionist.db.copying import fill_from_file, others_at_work, scratch_beside, swap_in
from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import DataFolderInUse, SecretUnreadable
from projectionist.features.audit_log.service import Act, record
from projectionist.features.backups import queries
from projectionist.features.backups.archive import Unpacked, header_of, refuse_newer
from projectionist.features.backups.service import compare, opened
from projectionist.kit import files
from projectionist.kit.data_folder import DataFolder, refuse_workers
from projectionist.kit.secrets import KEY_FILE, Vault, kept_key, load_key, put_key
from projectionist.settings import Settings

_MAIN = "projectionist.sqlite"
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it: of when the backup is, how many rows, and where the former database is kept.

    `sealed` tokens and keys cannot be opened with the key that is here; `former_key` is where that key was put, if
    it was.
    """

    made_at: datetime
    rows: int
    aside: str
    sealed: int
    former_key: str


def restore(settings: Settings, path: Path, passphrase: str, now: Callable[[], datetime]) -> Restored:
    """Put a backup in place of the database; the former one is kept aside, and everybody signs in again.

    Jobs that had not ended in it are over, and so is what else let people and programs in. Whatever is refused leaves
    everything as it was. Raises BackupUnusable, DatabaseNewer, DataFolderInUse, DataFolderUnusable, DatabaseUnusable,
    TargetFull and TargetUnwritable.
    """
    path = path.expanduser().absolute()
    refuse_newer(header_of(path), schema.revisions())
    with DataFolder.open(settings.data, exclusive=True) as folder:
        refuse_workers(folder.path)
        stamp = f"{now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
        with opened(path, passphrase or settings.backup_passphrase, folder.path) as found:
            # Whatever a key can be refused for comes before the database is touched.
            key = _key_to_put(folder.path, found)
            vault = _vault(settings, folder.path if key is None else key.parent)
            if settings.database_url:
                aside, sealed = _into_postgres(settings, found, path, now, stamp)
            else:
                aside, sealed = _into_sqlite(folder.path, found, path.name, now, stamp)
            former_key = _put_key(folder.path, key, stamp)
        unreadable = sum(not _opens(vault, value) for value in sealed)
        return Restored(found.header.made_at, sum(found.header.rows.values()), aside, unreadable, former_key)


def _into_sqlite(
    data: Path, found: Unpacked, name: str, now: Callable[[], datetime], stamp: str
) -> tuple[str, Sequence[str]]:
    """Where the former database is kept, and all that is sealed in the new one."""
    sealed = _settle(found.database, name, now)
    main, aside = data / _MAIN, data / f"{_MAIN}.before-{stamp}"
    if not main.exists():
        files.take_place(found.database, main, aside)
        return "", sealed
    _take_over_log(main)
    for end in ("-wal", "-shm"):  # one that cannot be read keeps its own log beside it
        files.set_aside(data / f"{_MAIN}{end}", data / f"{aside.name}{end}")
    files.take_place(found.database, main, aside)
    return str(aside), sealed


def _settle(copy: Path, name: str, now: Callable[[], datetime]) -> Sequence[str]:
    with closing(Database(sqlite_url(copy))) as restored:
        sealed = _bring_up(restored, name, now)
    with closing(sqlite3.connect(copy)) as whole:  # one file, on the disk
        whole.execute("PRAGMA synchronous=FULL")
        whole.execute("PRAGMA journal_mode=DELETE")
    fd = os.open(copy, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    return sealed


def _bring_up(restored: Database, name: str, now: Callable[[], datetime]) -> Sequence[str]:
    schema.prepare(restored)
    with restored.durable() as session:
        queries.end_ways_in(session)
        queries.end_jobs(session, now())
        record(session, Act.RESTORED, name, at=now())
        return queries.sealed_values(session)


def _take_over_log(main: Path) -> None:
    """What was committed last is in the log; the former database is kept with it.

    Beside a file that is none of its own SQLite would throw the log away.
    """
    with files.explained(main, "read"), main.open("rb") as content:
        if content.read(len(_SQLITE)) != _SQLITE:
            return
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(main, timeout=5)) as former,
    ):  # it may be what is broken
        former.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _into_postgres(
    settings: Settings, found: Unpacked, path: Path, now: Callable[[], datetime], stamp: str
) -> tuple[str, Sequence[str]]:
    aside = f"before_{stamp.lower()}"
    with alone_on_postgres(settings) as database, scratch_beside(database) as scratch:
        compare(found.header, fill_from_file(scratch, found.database), path)
        sealed = _bring_up(scratch, path.name, now)
        swap_in(database, scratch, aside)
    return f"the schema {aside}", sealed


@contextmanager
def alone_on_postgres(settings: Settings) -> Iterator[Database]:
    """The PostgreSQL database of the settings. Raises DataFolderInUse where another of ours is connected to it."""
    with closing(Database(settings.database_url)) as plain:
        url = plain.url.update_query_dict({"application_name": "projectionist restore"})
    with closing(Database(url.render_as_string(hide_password=False), pool_size=2)) as database:
        if others_at_work(database):
            raise DataFolderInUse(
                "Another Projectionist is connected to the database; nothing was changed: stop the service and every "
                "worker, then try again."
            )
        yield database


def _key_to_put(data: Path, found: Unpacked) -> Path | None:
    """The key of a backup that has another one than is there, in a file beside the backup's database."""
    if found.key is None or kept_key(data) == found.key:
        return None
    return put_key(found.database.parent, found.key)


def _put_key(data: Path, key: Path | None, stamp: str) -> str:
    """The key of a backup takes its place again; another one that is there is kept aside."""
    if key is None:
        return ""
    aside = data / f"{KEY_FILE}.before-{stamp}"
    files.take_place(key, data / KEY_FILE, aside)
    return str(aside) if aside.exists() else ""


def _vault(settings: Settings, home: Path) -> Vault | None:
    """What opens with the key that will be here; None where there is none. Raises as `load_key` does."""
    if not settings.secret_key and kept_key(home) is None:
        return None
    return Vault(load_key(home, settings.secret_key))


def _opens(vault: Vault | None, token: str) -> bool:
    if vault is None:
        return False
    try:
        vault.open(token)
    except SecretUnreadable:
        return False
    return True
