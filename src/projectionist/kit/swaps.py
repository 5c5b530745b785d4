"""Single system calls that change files, each of which can be watched; what a swap of two files is made of.

Beside `kit/files.py` the only module that removes, renames or links. Every change goes through `FileCalls.run`, so that
a test can record it, refuse it, or end the process before and after it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from projectionist.kit import temporaries

P = ParamSpec("P")
T = TypeVar("T")

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
"""What a file system answers that has no hard links, or no more of them."""

_NO_FLAGS = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.EOPNOTSUPP, errno.EACCES, errno.EBADF)
_NO_ATTRIBUTES = (errno.EOPNOTSUPP, errno.EPERM, errno.EACCES)
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_SYNC_FILE_RANGE_WRITE = 2
"""linux/fs.h"""


class FileCalls:
    """The calls themselves; all raise OSError. A test's subclass overrides `run`."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make one call that changes a file, or what the disk holds of it."""
        return function(*args, **kwargs)

    def create(self, path: Path) -> int:
        """A new file for its owner alone, open for writing; raises FileExistsError where there is one."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return self.run(os.open, path, flags, 0o600)

    def write(self, fd: int, data: memoryview) -> None:
        """All of `data`, at the end of what was written."""
        while data:
            data = data[self.run(os.write, fd, data) :]

    def sync(self, fd: int) -> None:
        """Bring a file's data to the device."""
        self.run(os.fsync, fd)

    def sync_data(self, fd: int) -> None:
        """Bring to the device what was written so far, and what is needed to read it again."""
        self.run(os.fdatasync, fd)

    def sync_source(self, fd: int) -> None:
        """Bring to the device what somebody wrote to a file that we only read, where the file system lets us."""
        try:
            self.run(os.fsync, fd)
        except OSError as error:
            if error.errno not in (*_NO_FOLDER_SYNC, errno.EROFS):
                raise

    def begin_sync(self, fd: int, offset: int, length: int) -> None:
        """Let the kernel begin to bring a range to the device, without waiting; errors show when it is synced."""
        self.run(start_write_back, fd, offset, length)

    def sync_folder(self, folder: Path) -> None:
        """Bring a folder's names to the device, where the file system can do that."""
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:
            return  # a folder that may be written but not listed
        try:
            self.run(os.fsync, fd)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:  # NFS, SMB and FUSE refuse with one of these
                raise
        finally:
            os.close(fd)

    def make_folder(self, folder: Path) -> None:
        """Make a folder and its parents where they are absent, each synced."""
        if folder.is_dir():
            return
        if folder.parent != folder:
            self.make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            self.run(os.mkdir, folder, temporaries.FOLDER_MODE)
            self.sync_folder(folder.parent)

    def remove_empty_folders(self, folder: Path, within: Path) -> None:
        """Remove `folder` and its parents below `within` for as long as they are empty."""
        while folder != within and folder.is_relative_to(within):
            try:
                self.run(os.rmdir, folder)
            except OSError:  # not empty, not there, or somebody's mount: it stays
                return
            folder = folder.parent

    def rename_over(self, source: Path, target: Path) -> None:
        """Over whatever is at `target`. Does nothing where both are one inode: compare before."""
        self.run(os.rename, source, target)

    def rename_new(self, source: Path, target: Path) -> None:
        """Where nothing is at `target`; raises FileExistsError where something is."""
        if self.run(rename_with_flags, source, target, _RENAME_NOREPLACE):
            return
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(target))
        self.run(os.rename, source, target)

    def exchange(self, one: Path, other: Path) -> bool:
        """Swap two names in one step; False, with nothing changed, where the file system cannot."""
        return self.run(rename_with_flags, one, other, _RENAME_EXCHANGE)

    def link(self, source: Path, target: Path) -> None:
        """A second name for the file at `source`, which is not followed where it is a link."""
        self.run(os.link, source, target, follow_symlinks=False)

    def symlink(self, text: str, path: Path, owner: tuple[int, int], times: tuple[int, int]) -> None:
        """A link that says `text`, with an owner and, where links have them, times in nanoseconds."""
        self.run(os.symlink, text, path)
        made = os.lstat(path)
        if (made.st_uid, made.st_gid) != owner:
            self.run(os.chown, path, *owner, follow_symlinks=False)
        with contextlib.suppress(OSError, NotImplementedError):  # a nicety that not every file system has
            self.run(os.utime, path, ns=times, follow_symlinks=False)

    def remove(self, path: Path) -> bool:
        """Remove a name; False where there was none."""
        try:
            self.run(os.unlink, path)
        except FileNotFoundError:
            return False
        return True

    def dress(self, fd: int, like: os.stat_result, attributes: dict[str, bytes]) -> None:
        """Give an open file owner, mode, extended attributes and times.

        Attributes that the file system cannot hold are left out; an owner that we may not give is an error.
        """
        now = os.fstat(fd)
        if (now.st_uid, now.st_gid) != (like.st_uid, like.st_gid):
            self.run(os.fchown, fd, like.st_uid, like.st_gid)
        self.run(os.fchmod, fd, like.st_mode & 0o7777)
        for name, value in attributes.items():
            try:
                self.run(os.setxattr, fd, name, value)
            except OSError as error:
                if error.errno not in _NO_ATTRIBUTES:
                    raise
        self.run(os.utime, fd, ns=(like.st_atime_ns, like.st_mtime_ns))


def attributes_of(fd: int) -> dict[str, bytes]:
    """The extended attributes that belong to a file's user: `user.*` and access lists."""
    if not hasattr(os, "listxattr"):
        return {}
    try:
        names = os.listxattr(fd)
    except OSError:  # a file system without them
        return {}
    return {name: os.getxattr(fd, name) for name in names if name.startswith(("user.", "system.posix_acl"))}


def start_write_back(fd: int, offset: int, length: int) -> None:
    """sync_file_range(2), which does nothing but begin; nothing at all where there is none."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "sync_file_range"):
        at, size = ctypes.c_int64(offset), ctypes.c_int64(length)
        libc.sync_file_range(fd, at, size, ctypes.c_uint(_SYNC_FILE_RANGE_WRITE))


def rename_with_flags(source: Path, target: Path, flags: int) -> bool:
    """renameat2(2); False where kernel or file system do not know the flags. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    names = ctypes.c_char_p(os.fsencode(source)), ctypes.c_char_p(os.fsencode(target))
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], ctypes.c_uint(flags)) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_FLAGS:
        return False
    raise OSError(code, os.strerror(code), os.fspath(source), None, os.fspath(target))
