"""The file of a backup: a line that says what it is, one of JSON about it, and a compressed database, sealed or not."""

from __future__ import annotations

import gzip
import shutil
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from projectionist.errors import BackupUnusable, DatabaseNewer, UsageWrong
from projectionist.features.backups.room import copy_sparing
from projectionist.kit import files, sealing

MAGIC = b"projectionist backup 1\n"
_LONGEST_HEADER = 1 << 20


class Header(msgspec.Struct, frozen=True):
    """What stands in the open: how a backup came to be, and how many rows each table has. `salt` means sealed."""

    made_at: datetime
    program: str
    revision: str
    engine: str
    rows: dict[str, int]
    with_key: bool
    salt: str = ""


def pack(database: Path, into: BinaryIO, header: Header, passphrase: str) -> None:
    """Write a copy of a database as a backup; its header's salt says whether it is sealed.

    Raises UsageWrong for a short passphrase, OSError.
    """
    line = msgspec.json.encode(header) + b"\n"
    into.write(MAGIC + line)
    if not header.salt:
        _compress(database, into)
        return
    if len(passphrase) < sealing.SHORTEST_PASSPHRASE:
        raise UsageWrong(
            f"A passphrase for backups has at least {sealing.SHORTEST_PASSPHRASE} characters; nothing was written."
        )
    with files.unnamed_file(database.parent) as compressed:
        _compress(database, compressed)
        compressed.seek(0)
        sealing.Seal(passphrase, bytes.fromhex(header.salt), line).seal(compressed, into)


def header_of(path: Path) -> Header:
    """What a backup says of itself. Raises BackupUnusable."""
    with files.explained(path, "read"), path.open("rb") as packed:
        return _header(packed, path)[0]


def unpack(path: Path, to: Path, passphrase: str) -> Header:
    """Put the database of a backup into the new file `to`.

    Raises BackupUnusable where it is none, is damaged or sealed by another passphrase, and TargetFull.
    """
    with files.explained(path, "read"), path.open("rb") as packed:
        header, line = _header(packed, path)
        if not header.salt:
            _expand(packed, to, path)
            return header
        if not passphrase:
            raise BackupUnusable(
                f"{path.name} is encrypted; nothing was changed: give its passphrase with --passphrase-file or in "
                "PROJECTIONIST_BACKUP_PASSPHRASE."
            )
        with files.unnamed_file(to.parent) as compressed:
            try:
                sealing.Seal(passphrase, bytes.fromhex(header.salt), line).open(packed, compressed)
            except sealing.NotSealed:
                raise BackupUnusable(
                    f"{path.name} cannot be opened; nothing was changed: the passphrase is another one, or the file is "
                    "damaged or cut short."
                ) from None
            compressed.seek(0)
            _expand(compressed, to, path)
        return header


def refuse_newer(header: Header, known: tuple[str, ...]) -> None:
    """Raises DatabaseNewer for a backup of a program that is newer than this one."""
    if header.revision not in known:
        raise DatabaseNewer(
            f"The backup is of revision {header.revision}, which a newer Projectionist ({header.program}) has made; "
            f"nothing was changed: restore it with that program, this one knows {known[-1]}."
        )


def _header(packed: BinaryIO, path: Path) -> tuple[Header, bytes]:
    if packed.read(len(MAGIC)) != MAGIC:
        raise BackupUnusable(f"{path.name} is no backup of Projectionist; nothing was changed.")
    line = packed.readline(_LONGEST_HEADER)
    try:
        header = msgspec.json.decode(line, type=Header)
        bytes.fromhex(header.salt)
    except (msgspec.DecodeError, ValueError):
        raise _damaged(path) from None
    return header, line


def _compress(database: Path, into: BinaryIO) -> None:
    with database.open("rb") as content, gzip.GzipFile("", "wb", 6, into, mtime=0) as compressed:
        shutil.copyfileobj(content, compressed, 1 << 20)


def _expand(compressed: BinaryIO, to: Path, path: Path) -> None:
    try:
        with to.open("xb") as into, gzip.GzipFile("", "rb", fileobj=compressed) as content:
            copy_sparing(content, into, to.parent, path.name)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise _damaged(path) from None
    to.chmod(0o600)


def _damaged(path: Path) -> BackupUnusable:
    return BackupUnusable(f"{path.name} is damaged or cut short; nothing was changed: take another backup.")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A backup that lies open in a scratch folder; `key` is the installation's key, where that went along."""

    header: Header
    database: Path
    key: bytes | None = field(repr=False)
