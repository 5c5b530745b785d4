"""Checks of the database: that it answers, is ours, whole, and survives a power cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path

from projectionist.db import schema
from projectionist.db.engine import Database
from projectionist.errors import DatabaseUnusable
from projectionist.features.doctor import queries
from projectionist.features.doctor.checks import (
    Check,
    Finding,
    Look,
    Subject,
    failed,
    passed,
    unknown,
    warned,
)
from projectionist.features.doctor.ground import Ground
from projectionist.features.doctor.subjects.files import size
from projectionist.kit.outbound import is_local

_DESCRIPTORS = Path("/proc/self/fd")
_WAL_WARN = 500 * 10**6
_OLDEST_SQLITE, _OLDEST_POSTGRES = (3, 38, 0), 14


def _stored(look: Callable[[Database], Finding]) -> Look:
    def looked(ground: Ground) -> Finding:
        return look(ground.store) if ground.store is not None else unknown(ground.unstored)

    return looked


def look_at_answer(ground: Ground) -> Finding:
    """Whether the database can be opened and asked."""
    if ground.store is None:
        return failed(ground.unstored)
    return ask(ground.store)


def ask(store: Database) -> Finding:
    """Ask for its revision."""
    try:
        schema.revision_of(store)
    except DatabaseUnusable as error:
        return failed(error.message)
    return passed(f"The database ({'SQLite' if store.is_sqlite else 'PostgreSQL'}) answers.")


def look_at_revision(store: Database) -> Finding:
    """Which revision the tables are of."""
    return judge_revision(schema.revision_of(store), schema.newest_revision(), schema.revisions())


def judge_revision(now: str | None, newest: str, known: Collection[str]) -> Finding:
    """Older tables are brought up by the next start; newer ones are refused."""
    if now == newest:
        return passed(f"The database is of revision {newest}, which this program works with.")
    if now is not None and now not in known:
        return failed(f"The database is of revision {now}, which a newer Projectionist has made.")
    return warned(
        f"The database is of revision {now}, and this program works with {newest}."
        if now is not None
        else f"The database has no revision, and this program works with {newest}."
    )


def look_at_durability(store: Database) -> Finding:
    """Whether what was promised to last lasts through a power cut, as the very connections are set."""
    with store.durable() as session:
        if store.is_sqlite:
            return judge_synchronous(queries.sqlite_synchronous(session))
        return judge_postgres_durability(
            {name: queries.postgres_setting(session, name) for name in _DURABLE_SETTINGS}
        )


_DURABLE_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit")


def judge_synchronous(level: int) -> Finding:
    """SQLite's durable sessions write with FULL or EXTRA."""
    if level < 2:
        return failed(f"SQLite writes with synchronous={level} where it must with 2 (FULL).")
    return passed(f"SQLite writes with synchronous={level}: what is committed to last is on the disk.")


def judge_postgres_durability(found: dict[str, str]) -> Finding:
    """All three must be on for a commit to be on the disk."""
    off = [name for name in _DURABLE_SETTINGS if found[name] == "off"]
    if off:
        return failed(f"PostgreSQL runs with {', '.join(f'{name} = off' for name in off)}.")
    return passed("PostgreSQL runs with fsync, full_page_writes and synchronous_commit on.")


def look_at_journal(ground: Ground) -> Finding:
    """How a SQLite database is written. Its file is not read: see `keep_private` for what that would do to it."""
    if ground.settings.database_url:
        return _other_engine(ground)
    if ground.store is None:
        return unknown(ground.unstored)
    with ground.store.read() as session:
        return judge_journal(queries.sqlite_journal_mode(session))


def judge_journal(mode: str) -> Finding:
    """SQLite falls back to another way where it cannot write ahead."""
    if mode != "wal":
        return failed("SQLite does not write ahead (journal_mode is not WAL): readers and writers block.")
    return passed("SQLite writes ahead (journal_mode is WAL): readers and writers do not block each other.")


def look_at_log(ground: Ground) -> Finding:
    """Whether what this process writes of a SQLite database goes where the next start will look for it."""
    if ground.settings.database_url:
        return _other_engine(ground)
    try:
        descriptors = list(_DESCRIPTORS.iterdir())
    except OSError as error:
        return unknown(f"Which files this process has open cannot be told here: {error.strerror}.")
    return judge_log(
        str(ground.data.resolve() / "projectionist.sqlite"), [_file_of(one) for one in descriptors]
    )


def _file_of(descriptor: Path) -> str:
    """The name of an open file; empty where it was closed meanwhile."""
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def judge_log(path: str, open_files: Collection[str]) -> Finding:
    """Linux adds a word to the names of open files that were removed (proc_pid_fd(5))."""
    held = [one for one in open_files if one.startswith(path)]
    if not held:
        return unknown("This process does not have the database open.")
    if any(one.endswith(" (deleted)") for one in held):
        return failed(
            "A file of the database was removed while it is in use: what is saved now is lost at the end."
        )
    return passed("What is saved goes into the files of the database that are in the data folder.")


def look_at_wal(ground: Ground) -> Finding:
    """How long the write-ahead log of a SQLite database has become."""
    if ground.settings.database_url:
        return _other_engine(ground)
    if not (ground.data / "projectionist.sqlite").is_file():
        return unknown(f"There is no database in {ground.data} yet.")
    path = ground.data / "projectionist.sqlite-wal"
    return judge_wal(path.stat().st_size if path.is_file() else 0)


def judge_wal(length: int) -> Finding:
    """It is taken over into the database again and again, unless somebody reads without an end."""
    said = f"The write-ahead log is {size(length)} long"
    if length > _WAL_WARN:
        return warned(f"{said}: something has the database open without an end.")
    return passed(f"{said}.")


def look_at_integrity(store: Database) -> Finding:
    """Whether the database's file is whole, by the engine's own judgement."""
    try:
        with store.read() as session:
            if store.is_sqlite:
                return judge_sqlite_trouble(queries.sqlite_trouble(session))
            return judge_checksums(queries.postgres_checksum_failures(session))
    except DatabaseUnusable as error:
        return failed(error.message) if "damaged" in error.message else unknown(error.message)


def judge_sqlite_trouble(trouble: str) -> Finding:
    """`ok` is SQLite's word for whole."""
    if trouble != "ok":
        return failed(f"SQLite finds its file damaged: “{trouble[:200]}”.")
    return passed("SQLite read its whole file through and found nothing wrong.")


def judge_checksums(failures: int | None) -> Finding:
    """PostgreSQL tells only where its checksums are switched on."""
    if failures is None:
        return unknown("PostgreSQL keeps no checksums, so it cannot tell whether its files are whole.")
    if failures:
        return failed(f"PostgreSQL has read {failures} damaged pages of this database.")
    return passed("PostgreSQL has found no damaged page in this database.")


def look_at_transport(store: Database) -> Finding:
    """Whether what is said to a database on another machine can be overheard."""
    if store.is_sqlite:
        return passed("The database is a file; nothing of it goes over a network.")
    with store.read() as session:
        return judge_transport(store.url.host or "", queries.postgres_uses_tls(session))


def judge_transport(host: str, tls: bool) -> Finding:
    """A socket or the loopback is nobody else's."""
    if is_local(host):
        return passed("PostgreSQL runs on this machine.")
    if not tls:
        return failed(f"The connection to PostgreSQL at {host} is not encrypted.")
    return passed(f"The connection to PostgreSQL at {host} is encrypted.")


def look_at_version(store: Database) -> Finding:
    """Whether the engine is one that is still mended by its makers."""
    if store.is_sqlite:
        return judge_sqlite_version(sqlite3.sqlite_version_info)
    with store.read() as session:
        return judge_postgres_version(int(queries.postgres_setting(session, "server_version_num")) // 10_000)


def judge_sqlite_version(version: tuple[int, ...]) -> Finding:
    """The makers of SQLite mend only the newest; this is what the oldest system that Python 3.11 came with has."""
    said = f"SQLite is {'.'.join(map(str, version))}"
    return passed(f"{said}.") if version >= _OLDEST_SQLITE else warned(f"{said}; 3.38 or newer is meant.")


def judge_postgres_version(major: int) -> Finding:
    """PostgreSQL's makers mend a version for five years."""
    if major < _OLDEST_POSTGRES:
        return warned(f"PostgreSQL is {major}; {_OLDEST_POSTGRES} or newer is still mended by its makers.")
    return passed(f"PostgreSQL is {major}.")


def look_at_connections(store: Database) -> Finding:
    """Whether PostgreSQL has connections left."""
    if store.is_sqlite:
        return passed("SQLite needs no connections of a server.")
    with store.read() as session:
        return judge_connections(*queries.postgres_connections(session))


def judge_connections(used: int, most: int) -> Finding:
    """Every process of ours takes up to 32 of them."""
    said = f"{used} of PostgreSQL's {most} connections are taken"
    if used >= most - 3:
        return failed(f"{said}.")
    return warned(f"{said}.") if most - used < 40 else passed(f"{said}.")


def _other_engine(ground: Ground) -> Finding:
    kind = ground.settings.database_url.split(":", 1)[0].split("+")[0]
    return passed(f"The database is of another kind ({kind[:20]}) and has no such file.")


CHECKS = (
    Check(
        "database",
        Subject.DATABASE,
        "The database answers",
        "Everything that Projectionist knows is in it; without it no page works.",
        "Follow the sentence beside it; before the first start there is none yet: projectionist serve makes it.",
        look_at_answer,
    ),
    Check(
        "database-revision",
        Subject.DATABASE,
        "The database is of this program's revision",
        "A program and a database of different revisions do not understand each other.",
        "Start projectionist serve once, which brings an older one up; for a newer one install the newer program.",
        _stored(look_at_revision),
    ),
    Check(
        "database-durability",
        Subject.DATABASE,
        "The database survives a power cut",
        "Moves of films are written down before they happen; what a power cut takes back cannot be put right.",
        "PostgreSQL: set fsync, full_page_writes and synchronous_commit to on.",
        _stored(look_at_durability),
    ),
    Check(
        "database-journal",
        Subject.DATABASE,
        "SQLite writes ahead",
        "Otherwise every page waits for every job, and jobs for pages.",
        "Put the data folder on a file system with shared memory maps: a local disk, no share.",
        look_at_journal,
    ),
    Check(
        "database-wal",
        Subject.DATABASE,
        "The write-ahead log stays short",
        "A long one fills the disk, and makes every question slower.",
        "Close other programs that have the database open, such as a browser for SQLite; then start anew.",
        look_at_wal,
    ),
    Check(
        "database-log",
        Subject.DATABASE,
        "What is saved reaches the files in the data folder",
        "Where another program has removed them, what is saved since is gone once Projectionist ends.",
        "Make a backup now, then start Projectionist anew; find out which program removes files in the data folder.",
        look_at_log,
    ),
    Check(
        "database-whole",
        Subject.DATABASE,
        "The database is not damaged",
        "A damaged database gives wrong answers first, and none later.",
        "Stop Projectionist and put back the newest copy of the database; look at the health of its disk.",
        _stored(look_at_integrity),
        quick=False,
    ),
    Check(
        "database-transport",
        Subject.DATABASE,
        "Nobody can overhear the database",
        "Hashes of passwords and all that people watched go over that connection.",
        "Add ?sslmode=verify-full to PROJECTIONIST_DATABASE_URL, and switch TLS on in PostgreSQL.",
        _stored(look_at_transport),
    ),
    Check(
        "database-version",
        Subject.DATABASE,
        "The database engine is mended by its makers",
        "Faults in old engines stay.",
        "Install a newer PostgreSQL, or a Python that brings a newer SQLite.",
        _stored(look_at_version),
    ),
    Check(
        "database-connections",
        Subject.DATABASE,
        "The database has connections left",
        "A worker that gets none does nothing.",
        "Raise max_connections of PostgreSQL, or run fewer workers.",
        _stored(look_at_connections),
    ),
)
