"""Hidden and unnamed files and folders in the making, each locked while its maker lives; removes nothing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import time
from pathlib import Path

NAME = re.compile(r"\.projectionist-[0-9a-f]{8}\.tmp")
"""What `hidden_name` makes: short, and the same length whatever the output is called."""

FILE_MODE = 0o644
FOLDER_MODE = 0o755
"""Less the umask, which the kernel takes off."""

OWN_FILES = Path("/proc/self/fd")
_O_TMPFILE = getattr(os, "O_TMPFILE", 0)
_NO_TMPFILE = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)
_TRIES = 8
_ABANDONED_AFTER_S = 24 * 3600.0
"""Age of a temporary that counts as abandoned on a file system that has no locks."""


def open_unnamed(folder: Path) -> int | None:
    """A file without a name, or None where the file system cannot do that."""
    if not _O_TMPFILE or not OWN_FILES.is_dir():
        return None
    try:
        return os.open(folder, _O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        if error.errno in _NO_TMPFILE:
            return None
        raise


def open_hidden(folder: Path) -> tuple[int, Path]:
    """A locked file under a hidden name."""
    for _ in range(_TRIES):
        path = folder / hidden_name()
        fd = open_new(str(path), os.O_RDWR | os.O_CREAT | os.O_EXCL)
        if try_lock(fd) is not False and is_named(fd, path):
            return fd, path
        os.close(fd)  # another process took it for abandoned in the moment before the lock
    raise OSError(errno.EBUSY, "its temporary files keep disappearing")


def open_stage(home: Path, place: str) -> tuple[Path, int]:
    """A hidden folder with a locked file in it that says where its content belongs."""
    for _ in range(_TRIES):
        stage = home / hidden_name()
        stage.mkdir(FOLDER_MODE)
        with contextlib.suppress(FileNotFoundError):  # taken for abandoned in the moment before the lock
            fd = open_new(str(stage / "lock"), os.O_RDWR | os.O_CREAT | os.O_EXCL)
            if try_lock(fd) is not False and is_named(fd, stage / "lock"):
                try:
                    os.write(fd, os.fsencode(place))
                    os.fsync(fd)
                except OSError:
                    os.close(fd)
                    raise
                return stage, fd
            os.close(fd)
    raise OSError(errno.EBUSY, "its temporary folders keep disappearing")


def open_new(path: str, flags: int) -> int:
    """An `opener` that makes outputs readable for everybody, as far as the umask allows."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)


def hidden_name() -> str:
    """A name that matches NAME."""
    return f".projectionist-{secrets.token_hex(4)}.tmp"


def try_lock(fd: int) -> bool | None:
    """True: locked by us. False: by somebody else. None: this file system has no locks."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def is_abandoned(fd: int) -> bool:
    """Whether the maker of a temporary is gone; its lock is ours then."""
    locked = try_lock(fd)
    return os.fstat(fd).st_mtime < time.time() - _ABANDONED_AFTER_S if locked is None else locked


def is_named(fd: int, path: Path) -> bool:
    """Whether `path` still names the open file."""
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except FileNotFoundError:
        return False
