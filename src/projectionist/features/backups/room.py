"""Room for backups: what they need for a while must not be what the database beside them runs out of."""

from __future__ import annotations

import os
from gzip import GzipFile
from pathlib import Path
from typing import BinaryIO

from projectionist.db.engine import Database
from projectionist.errors import TargetFull
from projectionist.features.backups import queries
from projectionist.web.formatting import size

LEFT_FREE = 64 * 10**6
"""So many bytes a backup leaves on the disk, for what the service writes meanwhile."""

_STEP = 1 << 20


def require_room(folder: Path, database: Database) -> None:
    """Refuse a backup for which `folder` has no room: the database is copied there, and laid open to be proved.

    Raises TargetFull and DatabaseUnusable; OSError where the disk does not say.
    """
    wanted, free = 2 * _size_of(database), _free(folder)
    if free is not None and free < wanted + LEFT_FREE:
        raise TargetFull(
            f"A backup takes up to {size(wanted)} in {folder} for a while, and must leave {size(LEFT_FREE)} free; "
            f"{size(free)} are. None was made, and those that are there are kept: make room, or set another folder "
            "for backups."
        )


def copy_sparing(content: GzipFile, into: BinaryIO, folder: Path, name: str) -> None:
    """Lay what a backup holds open in a file in `folder`. Raises TargetFull, OSError, and what a damaged one raises."""
    while block := content.read(_STEP):
        free = _free(folder)
        if free is not None and free < LEFT_FREE + len(block):
            raise TargetFull(
                f"{name} grows larger than the disk of {folder} has room for, of which {size(LEFT_FREE)} stay free; "
                "nothing was changed: make room there, and try again."
            )
        into.write(block)


def _size_of(database: Database) -> int:
    if not database.is_sqlite:
        with database.read() as session:
            return queries.postgres_size(session)
    main = Path(str(database.url.database))
    return sum(path.stat().st_size for path in (main, Path(f"{main}-wal")) if path.exists())


def _free(folder: Path) -> int | None:
    """How many bytes may still be written there; None on a file system that keeps no account of them."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize if found.f_blocks else None
