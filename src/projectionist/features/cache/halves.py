"""Files that others have not finished: still being written, or left behind half by a mover that was stopped."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from pathlib import Path

from projectionist.features.cache.proving import CHUNK

_FRESH_S = 60.0
"""Where nobody can tell who has a file open, one that was written to within this time is not finished."""
_OPEN = (errno.EAGAIN, errno.EWOULDBLOCK)


def is_being_written(path: Path) -> bool:
    """Whether somebody on this machine has a plain file open for writing; elsewhere, whether it was written just now.

    The kernel grants a read lease only on what nobody writes to, whoever that may be and in whatever container.
    Raises OSError.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        leased = _can_lease(fd)
        if leased is None:
            return abs(time.time() - os.fstat(fd).st_ctime) < _FRESH_S
        return not leased
    finally:
        os.close(fd)


def is_half_of(file: Path, whole: Path) -> bool:
    """Whether a file is the beginning of another one, or that and then nothing but zeros. Raises OSError."""
    size, full = os.lstat(file).st_size, os.lstat(whole).st_size
    if size > full:
        return False
    with file.open("rb") as one, whole.open("rb") as other:
        while mine := one.read(CHUNK):
            theirs = other.read(len(mine))
            if mine != theirs:
                pairs = enumerate(zip(mine, theirs, strict=False))
                common = next((at for at, (ours, its) in pairs if ours != its), len(theirs))
                return _is_zeros(mine[common:]) and all(map(_is_zeros, iter(lambda: one.read(CHUNK), b"")))
    return size < full


def _is_zeros(data: bytes) -> bool:
    return data.count(0) == len(data)


def _can_lease(fd: int) -> bool | None:
    """Whether nobody has the file open for writing; None where that cannot be told."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        # Whoever opens it for writing in this instant sends us a signal, which is one that nobody heeds.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return False if error.errno in _OPEN else None
    return True
