"""Backups: made while everything runs, proved by restoring each into a scratch database, and removed when they are old.

What is known of a backup lies beside it: a record in the database would be lost with the database.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import msgspec

from projectionist import __version__
from projectionist.db import schema
from projectionist.db.copying import copy_to_file, fill_from_file, look_through, scratch_beside
from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import BackupUnusable, ProjectionistError, TargetUnwritable, UsageWrong
from projectionist.features.backups import queries
from projectionist.features.backups.archive import Header, Unpacked, pack, refuse_newer, unpack
from projectionist.features.backups.room import require_room
from projectionist.kit import files, sealing
from projectionist.kit.secrets import Vault, is_key, kept_key, load_vault
from projectionist.settings import Settings

ENDING = ".backup"
_OURS = re.compile(r"projectionist-\d{8}T\d{6}Z-[0-9a-f]{4}\.backup", re.ASCII)
"""What `make_backup` calls its files; others may keep theirs in the same folder."""
_RECORD = ".json"
_NO_FILE = (errno.ENOENT, errno.ELOOP)
_KEY_TABLE = "kept_key"

Check = Callable[[], None]


def _nothing() -> None:
    """Is not cancelled."""


class Record(msgspec.Struct, frozen=True):
    """A backup as it stands: how it was made, and what restoring it into a scratch database came to.

    `trouble` says what is wrong with it, empty where it was proved. `size` is None where no file came to be.
    """

    name: str
    made_at: datetime
    reason: str
    asked_by: str
    engine: str
    revision: str
    rows: int
    size: int | None
    is_encrypted: bool
    has_key: bool
    took_s: float
    trouble: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether it was restored into a scratch database, and was whole there."""
        return not self.trouble and self.size is not None


@dataclass(frozen=True, slots=True)
class Place:
    """What it takes to make backups and prove them here."""

    database: Database
    folder: Path
    data: Path
    vault: Callable[[], Vault]
    now: Callable[[], datetime]
    keep: int
    passphrase: str = field(default="", repr=False)
    key_is_file: bool = True

    @classmethod
    def opened(cls, settings: Settings, database: Database, now: Callable[[], datetime]) -> Place:
        """As the settings say, with a key that is read only when it is needed."""
        return cls.of(settings, database, lambda: load_vault(settings.data, settings.secret_key), now)

    @classmethod
    def of(
        cls,
        settings: Settings,
        database: Database,
        vault: Callable[[], Vault],
        now: Callable[[], datetime],
    ) -> Place:
        """As the settings say."""
        return cls(
            database,
            folder_of(settings),
            settings.data,
            vault,
            now,
            settings.backup_keep,
            settings.backup_passphrase,
            not settings.secret_key,
        )


def folder_of(settings: Settings) -> Path:
    """Where backups go."""
    return (settings.backup_folder or settings.data / "backups").expanduser().absolute()


def make_backup(
    place: Place,
    reason: str,
    *,
    asked_by: str = "",
    to: Path | None = None,
    passphrase: str | None = None,
    with_key: bool = False,
    only_alike: bool = False,
    check: Check = _nothing,
) -> Record:
    """Make a backup, prove it, write its record beside it, and remove what is too old in the folder of backups.

    `to` is another folder, in which nothing is removed; `passphrase` another one than the place's. With `only_alike`
    only those go that were made for the same reason and of the same revision. What fails once there is a file is said
    in the record, not raised. Raises UsageWrong where the key cannot go along, DatabaseUnusable, TargetFull and
    TargetUnwritable.
    """
    secret = place.passphrase if passphrase is None else passphrase
    key = _key_to_take(place, secret) if with_key else None
    folder = place.folder if to is None else to.expanduser().absolute()
    with files.explained(folder):
        _make_private(folder)
        require_room(folder, place.database)
    made_at, began = place.now().astimezone(UTC), time.monotonic()
    name = f"projectionist-{made_at:%Y%m%dT%H%M%SZ}-{uuid4().hex[:4]}{ENDING}"
    with files.scratch_folder(folder) as scratch:
        copy = scratch / "copy.sqlite"
        copied = copy_to_file(place.database, copy, check)
        if key is not None:
            _add_key(copy, key)
        header = Header(
            made_at,
            __version__,
            copied.revision,
            "sqlite" if place.database.is_sqlite else "postgresql",
            dict(copied.rows),
            key is not None,
            sealing.new_salt().hex() if secret else "",
        )
        files.publish_file(folder / name, lambda into: _pack_privately(copy, into, header, secret))
    trouble = trouble_of(place, folder / name, secret, check)
    record = Record(
        name,
        made_at,
        reason,
        asked_by,
        header.engine,
        header.revision,
        sum(copied.rows.values()),
        (folder / name).stat().st_size,
        bool(header.salt),
        header.with_key,
        round(time.monotonic() - began, 2),
        trouble,
    )
    _write(folder, record)
    if to is None:
        prune(folder, place.keep, record, only_alike=only_alike)
    return record


def trouble_of(
    place: Place, path: Path, passphrase: str, check: Check = _nothing, *, secrets: bool = True
) -> str:
    """What is wrong with a backup; empty once it was restored into a scratch database and found whole.

    Rows are counted and compared, every page and every reference is read, the tables are brought to this program's
    revision, and all that is sealed is opened with the key of this installation, which is not in the backup; without
    `secrets` that is left out. On PostgreSQL it is restored there too, into a schema of its own.
    """
    try:
        with opened(path, passphrase) as found:
            header, copy = found.header, found.database
            check()
            if not place.database.is_sqlite:
                with scratch_beside(place.database) as beside:
                    compare(header, fill_from_file(beside, copy, check), path)
            with closing(Database(sqlite_url(copy))) as restored:
                schema.prepare(restored)
                sealed = sealed_values(restored) if secrets else []
            vault = place.vault()
            for value in sealed:
                vault.open(value)
    except ProjectionistError as error:
        return error.message
    return ""


@contextmanager
def opened(path: Path, passphrase: str, beside: Path | None = None) -> Iterator[Unpacked]:
    """A backup as a database in a scratch folder, read whole and counted; gone afterwards.

    Raises BackupUnusable, DatabaseNewer, DatabaseUnusable, TargetFull.
    """
    with files.scratch_folder(beside or path.parent) as scratch:
        copy = scratch / "restored.sqlite"
        header = unpack(path, copy, passphrase)
        refuse_newer(header, schema.revisions())
        compare(header, look_through(copy).rows, path)
        yield Unpacked(header, copy, _take_key(copy, path.name))


def compare(header: Header, found: Mapping[str, int], path: Path) -> None:
    """Raises BackupUnusable where a table does not have as many rows as were copied."""
    for table, count in header.rows.items():
        if found.get(table) != count:
            raise BackupUnusable(
                f"{path.name} has {found.get(table, 'no')} rows of {table} where {count} were copied; it is kept, and "
                "is not to be trusted: make another one."
            )


def _take_key(copy: Path, name: str) -> bytes | None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as database:
        there = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_KEY_TABLE,)).fetchone()
        if there is None:
            return None
        found = database.execute("SELECT content FROM kept_key").fetchone()
        database.execute(f"DROP TABLE {_KEY_TABLE}")
        database.execute("VACUUM")
    if found is None or not isinstance(found[0], bytes) or not is_key(found[0]):
        raise BackupUnusable(
            f"The key that went along in {name} is none; nothing was changed: take another backup."
        )
    return found[0]


def backups(folder: Path) -> Sequence[Record]:
    """Every backup of a folder, the newest first; one without a record counts as not proven. Raises OSError.

    What is not called as ours, or is no file, is passed over, so that none of it is ever removed.
    """
    if not folder.is_dir():
        return ()
    found = [_read(path) for path in folder.glob(f"*{ENDING}") if _OURS.fullmatch(path.name)]
    return sorted((one for one in found if one is not None), key=lambda one: one.made_at, reverse=True)


def prune(folder: Path, keep: int, made: Record, *, only_alike: bool = False) -> Sequence[str]:
    """Remove what is older than the newest `keep` proven backups; which went. Raises TargetUnwritable.

    Of those that were tried and are not proven the newest `keep` stay, too: they would fill the disk otherwise.
    What is dated later than `made`, which was made just now, neither counts nor goes: after a clock was set back each
    new backup would be the oldest. With `only_alike` this holds of what was made for another reason
    or of another revision, too.
    """
    found = [one for one in backups(folder) if one.made_at <= made.made_at]
    if only_alike:
        found = [one for one in found if (one.reason, one.revision) == (made.reason, made.revision)]
    proven = [one for one in found if one.is_proven]
    tried = [one for one in found if one.reason and not one.is_proven]  # one without a record has no reason
    gone = [one.name for one in tried[keep:]]
    if len(proven) >= keep:
        oldest = proven[keep - 1].made_at
        gone += [one.name for one in found if one.made_at < oldest and one.name not in gone]
    for name in gone:
        files.remove_file(folder / name, within=folder)
        files.remove_file(folder / f"{name}{_RECORD}", within=folder)
    return gone


def _key_to_take(place: Place, passphrase: str) -> bytes:
    if not passphrase:
        raise UsageWrong(
            "The key goes along only in an encrypted backup; nothing was written: add --encrypt."
        )
    key = kept_key(place.data) if place.key_is_file else None
    if key is None:
        raise UsageWrong(
            "There is no key file to take along: the key comes from PROJECTIONIST_SECRET_KEY; keep that elsewhere."
        )
    return key


def _pack_privately(copy: Path, into: BinaryIO, header: Header, secret: str) -> None:
    """As `pack` does, into a file that is for its owner alone before anything is in it."""
    os.fchmod(into.fileno(), 0o600)
    pack(copy, into, header, secret)


def _add_key(copy: Path, key: bytes) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as database:
        database.execute(f"CREATE TABLE {_KEY_TABLE} (content BLOB NOT NULL)")
        database.execute(f"INSERT INTO {_KEY_TABLE} VALUES (?)", (key,))  # nosec B608


def _make_private(folder: Path) -> None:
    if folder.is_dir():
        return
    files.make_folder(folder)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is no folder")
    folder.chmod(0o700)


def _write(folder: Path, record: Record) -> None:
    content = msgspec.json.format(msgspec.json.encode(record)) + b"\n"
    files.publish_file(folder / f"{record.name}{_RECORD}", lambda into: _put(content, into.write))


def _put(content: bytes, write: Callable[[bytes], int]) -> None:
    write(content)


def _read(path: Path) -> Record | None:
    """None where there is no file, or none any more: others remove backups too."""
    try:
        state = path.stat()
    except OSError as error:
        if error.errno in _NO_FILE:
            return None
        raise
    if not stat.S_ISREG(state.st_mode):
        return None
    made_at = datetime.fromtimestamp(state.st_mtime, UTC)
    unrecorded = Record(
        path.name, made_at, "", "", "", "", 0, state.st_size, False, False, 0.0, "It has no record beside it."
    )
    try:
        record = msgspec.json.decode(path.with_name(f"{path.name}{_RECORD}").read_bytes(), type=Record)
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError, msgspec.DecodeError):
        return unrecorded
    if record.name != path.name or record.made_at.tzinfo is None:  # what is removed goes by both
        return unrecorded
    if record.size != state.st_size:
        return msgspec.structs.replace(record, trouble="It is not as long as it was when it was made.")
    return record


def sweep(settings: Settings) -> Sequence[Path]:
    """Remove what backups and restores left that were killed, which may be as large as the database; what went.

    Those at work are left alone. A folder that cannot be searched is left as it is: the next backup tells of it.
    """
    gone: list[Path] = []
    for folder in (folder_of(settings), settings.data):
        with suppress(TargetUnwritable):
            gone += files.remove_stale_temporaries(folder)
    return gone


def bring_up(place: Place) -> Record | None:
    """Bring the database to this program's revision, after a backup where it is of an older one.

    Returns that backup. It takes the place of none but those of earlier tries, since what the settings page says of
    how many are kept is not read yet. Raises BackupUnusable as `why_unproven` has it, and what `make_backup` and
    `schema.prepare` do; the database is as it was then.
    """
    now = schema.revision_of(place.database)
    record = None
    if now is not None and now in schema.revisions() and now != schema.newest_revision():
        record = make_backup(place, "upgrade", only_alike=True)
        if trouble := why_unproven(place, record):
            raise BackupUnusable(
                f"The backup before the upgrade was not proved ({trouble}); the database is as it was: mend "
                "that first, or go on with the version from before."
            )
    schema.prepare(place.database)
    return record


def why_unproven(place: Place, record: Record) -> str:
    """Why a backup cannot stand in for the database; that the key opens a secret in neither of them is no reason."""
    if record.is_proven:
        return ""
    return trouble_of(place, place.folder / record.name, place.passphrase, secrets=False)


def sealed_values(database: Database, *, but: Collection[str] = ()) -> list[str]:
    """All that is sealed to last in a database, as it is kept, without the tables of `but`. Raises DatabaseUnusable."""
    with database.read() as session:
        return queries.sealed_values(session, but=but)
