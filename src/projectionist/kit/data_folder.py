"""The folder that holds all Projectionist keeps: on a local disk, for its owner's eyes, and one instance at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from projectionist.errors import DataFolderInUse, DataFolderUnusable, InputWrong

LOCK = "instance.lock"
DEMO_HOUSE = "demo-house"
"""What a house that is tried without media of its own keeps in the data folder: films, and a simulated server."""
_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ncpfs|ceph|lustre|beegfs|gpfs|coda|davfs2?|glusterfs|orangefs"
    r"|fuse\.(sshfs|rclone|s3fs|davfs2?|glusterfs|ceph\w*|smb\w*|curlftpfs|gcsfuse|goofys|mergerfs-nfs|nfs\w*)"
)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def file_system_of(path: Path) -> str:
    """What the system calls the kind of file system that `path` is on, or the empty text where it does not tell."""
    try:
        mounts = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in mounts:
        left, _, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        place = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4]))
        if path.is_relative_to(place) and len(place.parts) >= best:  # the last mount on a place is on top
            best, kind = len(place.parts), tail[0]
    return kind


def is_network(kind: str) -> bool:
    """Whether a kind of file system is a network share."""
    return _NETWORK.fullmatch(kind) is not None


def holder_of(path: Path) -> str | None:
    """Which instance works on a data folder, as it said of itself; None where none does. Makes and changes nothing.

    Raises OSError where that cannot be told.
    """
    try:
        lock = os.open(path / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (
            os.pread(lock, 200, 0).decode(errors="replace").strip()
            or "an instance that did not say who it is"
        )
    finally:
        os.close(lock)
    return None


def refuse_workers(path: Path) -> None:
    """Raise DataFolderInUse where a worker is at work beside whoever has opened the folder: each locks its name."""
    for claim in path.glob(".claim-*"):
        fd = os.open(claim, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderInUse(
                f"A worker is at work on {path}; nothing was changed: stop it, then try again."
            ) from None
        finally:
            os.close(fd)


def lies_in(inner: Path, outer: Path) -> bool:
    """Whether a folder is the same as another, or lies in it, by name or by what the disks say of both."""
    if inner.is_relative_to(outer):
        return True
    try:
        wanted = outer.stat()
        return any(os.path.samestat(folder.stat(), wanted) for folder in (inner, *inner.parents))
    except OSError:  # one of them is not there now; their names tell
        return False


@dataclass(frozen=True, slots=True)
class OwnFolder:
    """The data folder at `path`, as others have to leave it alone, all but the films of a demo house."""

    path: Path

    def refuse(self, folder: Path, field: str, *, around: bool = True) -> None:
        """Raise InputWrong where a folder that somebody named lies in it or, with `around`, holds it."""
        ours, named = self.path.expanduser().resolve(), folder.resolve()
        if lies_in(named, ours) and not lies_in(named, ours / DEMO_HOUSE):
            raise InputWrong(
                f"{folder} lies in {ours}, where Projectionist keeps its own data; choose a folder outside of it.",
                field,
            )
        if around and lies_in(ours, named):
            raise InputWrong(
                f"{folder} holds {ours}, where Projectionist keeps its own data; choose a folder that does not.",
                field,
            )


class DataFolder:
    """An opened data folder, at `path`; hold it while the program runs."""

    def __init__(self, path: Path, lock: int | None) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(
        cls, path: Path, *, exclusive: bool = True, file_system: Callable[[Path], str] = file_system_of
    ) -> Self:
        """Make the folder where it is absent, prove that it can be written, and claim it.

        With `exclusive` no other process may open it so until `close` or the end of this one; a worker beside the
        service opens it without. Raises DataFolderUnusable and DataFolderInUse.
        """
        path = path.expanduser().absolute()
        _refuse_network(path, file_system)
        try:
            _make(path)
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                if exclusive:
                    _claim(lock, path)
                else:
                    _prove_room(path)
            except BaseException:
                os.close(lock)
                raise
        except OSError as error:
            raise DataFolderUnusable(_reason(error, path)) from error
        if not exclusive:
            os.close(lock)
        return cls(path, lock if exclusive else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others have it; closing twice is harmless. The lock's file stays: removing it would race."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _make(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is no folder")


def _refuse_network(path: Path, file_system: Callable[[Path], str]) -> None:
    nearest = path
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    kind = file_system(nearest.resolve())
    if is_network(kind):
        raise DataFolderUnusable(
            f"The data folder {path} is on a network share ({kind}), where a database is damaged sooner or later; "
            "nothing was written: choose a folder on a disk of this machine. Films may stay on the share."
        )


def _claim(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 200, 0).decode(errors="replace").strip() or "which did not say who it is"
        raise DataFolderInUse(
            f"Another Projectionist works on the data folder {path} ({holder}); nothing was changed: stop that one, "
            "or choose another folder with --data."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    os.fsync(lock)


def _prove_room(path: Path) -> None:
    with tempfile.TemporaryFile(dir=path) as file:
        file.write(b"room")
        file.flush()


def _reason(error: OSError, path: Path) -> str:
    what = error.strerror or str(error)
    if error.errno in _FULL:
        return (
            f"The disk of the data folder {path} is full; nothing was changed: make room, then start again."
        )
    if error.errno == errno.EROFS:
        return (
            f"The data folder {path} is on a disk that is mounted read-only; nothing was changed: mount it writable, "
            "or choose another folder with --data."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"The data folder {path} is no folder; it is left as it is: choose another one with --data."
    return (
        f"The data folder {path} cannot be written ({what}); nothing was changed: check its permissions, or choose "
        "another one with --data."
    )
