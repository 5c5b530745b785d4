"""Files and folders that appear whole or not at all; the only module that removes, renames, links or moves.

An output is made under a hidden name in the folder it belongs to (or under no name where the file system
knows O_TMPFILE), synced, and then renamed over the old one. Whoever makes a temporary holds an flock on it, so
that `remove_stale_temporaries` can tell what a killed process left from what a living one is working on.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from projectionist.errors import TargetFull, TargetUnwritable
from projectionist.kit import temporaries

Check = Callable[[BinaryIO], None]
FolderCheck = Callable[[Path], None]

_LITTER = re.compile(r"\..*|@eaDir|#recycle|Thumbs\.db|desktop\.ini", re.IGNORECASE)

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_EXCHANGE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.EOPNOTSUPP, errno.EACCES, errno.EBADF)
_OCCUPIED = (errno.ENOTEMPTY, errno.EEXIST)
_TRIES = 8
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""linux/fs.h"""


class NewFile:
    """A file that becomes `target` only by `publish`; until then, or without it, nothing is visible.

    Write to `file`. Leaving the block without publishing leaves no trace. An existing target is replaced in
    one step and keeps its content until then. Every step raises TargetFull or TargetUnwritable.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        with explained(target):
            make_folder(target.parent)
            fd = temporaries.open_unnamed(target.parent)
            self._name: Path | None = None
            if fd is None:
                fd, self._name = temporaries.open_hidden(target.parent)
            else:
                temporaries.try_lock(fd)
        self.file: BinaryIO = os.fdopen(fd, "w+b")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop what is not published; closing twice is harmless."""
        drop(self.file)
        if self._name is not None:
            with contextlib.suppress(OSError):  # found again, and removed, by remove_stale_temporaries
                os.unlink(self._name)
            self._name = None

    def publish(self, check: Check | None = None) -> None:
        """Sync the file and put it in its place, unless `check`, given the file at its first byte, raises."""
        with explained(self.target):
            self.file.flush()
            if check is not None:
                self.file.seek(0)
                check(self.file)
            os.fsync(self.file.fileno())
            if self._name is None:
                self._name = _give_name(self.file.fileno(), self.target.parent)
            os.replace(self._name, self.target)
            self._name = None
            sync_folder(self.target.parent)


class NewFolder:
    """A folder of files that becomes `target` as a whole, and only by `publish`.

    `with_parent` says that the folder holding the target is part of the output (`<stem>.trickplay` holding
    `320 - 10x10`): it too never appears empty. An existing target is replaced only where every name in it
    matches `replaces`, so that nothing but previews is ever lost. Raises TargetFull or TargetUnwritable.
    """

    def __init__(self, target: Path, replaces: re.Pattern[str], *, with_parent: bool = False) -> None:
        self.target = target
        self._replaces = replaces
        home = target.parent.parent if with_parent else target.parent
        with explained(target):
            _refuse_foreign(target, replaces)
            make_folder(home)
            self._stage, self._lock = temporaries.open_stage(home, os.path.relpath(target, home))
            self._new = self._stage / "new"
            try:
                os.mkdir(self._new, temporaries.FOLDER_MODE)
            except OSError:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop what is not published; closing twice is harmless."""
        if self._lock < 0:
            return
        with contextlib.suppress(OSError):  # found again, and removed, by remove_stale_temporaries
            _settle(self._stage, self._lock)
        os.close(self._lock)
        self._lock = -1

    def write(self, name: str, content: bytes) -> None:
        """Put one synced file into the folder."""
        with explained(self.target), open(self._new / name, "xb", opener=temporaries.open_new) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def publish(self, check: FolderCheck | None = None) -> None:
        """Put the folder in its place, unless `check`, given its hidden path, raises."""
        with explained(self.target):
            if check is not None:
                check(self._new)
            sync_folder(self._new)
            _refuse_foreign(self.target, self._replaces)
            self._put_in_place()
            sync_folder(self.target.parent)
            sync_folder(self._stage.parent)
        self.close()

    def _put_in_place(self) -> None:
        parent = self.target.parent
        made = self._new
        if parent != self._stage.parent and not parent.exists():
            tree = self._stage / "tree"
            os.mkdir(tree, temporaries.FOLDER_MODE)
            made = tree / self.target.name
            os.rename(self._new, made)
            if _rename_unless_occupied(tree, parent):
                return
        for _ in range(_TRIES):
            if _rename_unless_occupied(made, self.target):
                return
            with contextlib.suppress(FileNotFoundError):  # the old folder has just been removed by another
                if not _exchange(made, self.target):
                    os.rename(self.target, self._stage / "old")
                    # Where the next one fails, or is never reached, _settle undoes the last one.
                    os.rename(made, self.target)
                return
        raise OSError(errno.EBUSY, "other processes keep replacing it")


def publish_file(target: Path, write: Callable[[BinaryIO], None], check: Check | None = None) -> None:
    """Make `target` whole or not at all from what `write` writes. Raises TargetFull, TargetUnwritable."""
    with NewFile(target) as new:
        with explained(target):
            write(new.file)
        new.publish(check)


def unnamed_file(folder: Path) -> BinaryIO:
    """A scratch file in `folder` that vanishes with the process. Raises TargetFull, TargetUnwritable."""
    with explained(folder):
        make_folder(folder)
        return os.fdopen(_open_scratch(folder), "w+b")


@contextlib.contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """A hidden folder in `home`, open to its owner alone, and gone afterwards.

    What a killed process leaves, `remove_stale_temporaries` finds. Raises TargetFull, TargetUnwritable.
    """
    with explained(home):
        stage, lock = temporaries.open_stage(home, "")
        os.mkdir(stage / "new", 0o700)
    try:
        yield stage / "new"
    finally:
        with explained(stage, "removed"):
            _clear_stage(stage)
        os.close(lock)


def drop(file: BinaryIO) -> None:
    """Close a file whose content is not wanted, be it that its last bytes no longer fit on the disk."""
    with contextlib.suppress(OSError):
        file.close()


@contextlib.contextmanager
def explained(target: Path, deed: str = "written") -> Iterator[None]:
    """Turn an OSError into the sentence for the person who chose `target`."""
    try:
        yield
    except OSError as error:
        raise _explain(error, target, deed) from error


def require_writable(target: Path) -> None:
    """Raise TargetUnwritable or TargetFull where `target` could not be written; makes nothing."""
    with explained(target):
        with contextlib.suppress(FileNotFoundError):
            os.lstat(target)
        folder = target.parent
        while not os.path.lexists(folder) and folder != folder.parent:
            folder = folder.parent
        os.close(_open_scratch(folder))


def is_litter(name: str) -> bool:
    """Whether a name is of the kind that file managers and NAS systems drop into any folder."""
    return _LITTER.fullmatch(name) is not None


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents where they are absent, each synced. Raises OSError."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, temporaries.FOLDER_MODE)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut, where the file system can do that. Raises OSError."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return  # a folder that may be written but not listed
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:  # NFS, SMB and FUSE refuse with one of these
            raise
    finally:
        os.close(fd)


def remove_file(path: Path, *, within: Path) -> bool:
    """Remove the file (or the link, not what it points to) at `path`, which lies below `within`.

    Returns False where there is none. Raises TargetUnwritable.
    """
    with explained(path, "removed"):
        _require_below(path, within)
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
        sync_folder(path.parent)
    return True


def remove_folder(path: Path, *, within: Path) -> bool:
    """Remove the folder at `path`, which lies below `within`, in one visible step; links are never followed.

    Returns False where there is none. Raises TargetUnwritable, also where `path` is a link.
    """
    with explained(path, "removed"):
        _require_below(path, within)
        try:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "it is no folder")
        except FileNotFoundError:
            return False
        stage, lock = temporaries.open_stage(path.parent, path.name)
        try:
            os.rename(path, stage / "gone")
            sync_folder(path.parent)
        except FileNotFoundError:  # another process was first
            return False
        finally:
            try:
                _clear_stage(stage)
            finally:
                os.close(lock)
    return True


def set_aside(path: Path, aside: Path) -> bool:
    """Rename `path` to `aside`, where nothing may be; False where there is none. Raises TargetUnwritable."""
    with explained(aside):
        if os.path.lexists(aside):
            raise FileExistsError(errno.EEXIST, "something is there already")
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            return False
        sync_folder(aside.parent)
    return True


def take_place(new: Path, target: Path, aside: Path) -> None:
    """Put the file `new` where `target` is, which is kept as `aside`; at no moment is `target` missing.

    On a file system without links it is, for a moment. Raises TargetUnwritable.
    """
    with explained(target):
        if os.path.lexists(target):
            try:
                os.link(target, aside)
            except PermissionError:
                os.rename(target, aside)
        os.replace(new, target)
        sync_folder(target.parent)


def remove_empty_folder(path: Path, *, within: Path) -> bool:
    """Remove the folder at `path`, which lies below `within`, if it is empty; says whether it did."""
    with explained(path, "removed"):
        _require_below(path, within)
        try:
            os.rmdir(path)
        except OSError as error:
            if error.errno in (*_OCCUPIED, errno.ENOENT, errno.ENOTDIR):
                return False
            raise
    return True


def remove_stale_temporaries(folder: Path) -> list[Path]:
    """Put right what a killed process left in `folder`, and return the hidden names that are gone.

    Temporaries of living processes stay, on this machine or, where locks travel, on another. A folder that
    was set aside to be replaced when the process died appears again. Subfolders are not visited. Raises
    TargetUnwritable.
    """
    try:
        with os.scandir(folder) as entries:
            ours = (entry for entry in entries if temporaries.NAME.fullmatch(entry.name))
            found = sorted(
                (entry.name, entry.is_dir(follow_symlinks=False)) for entry in ours if not entry.is_symlink()
            )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _explain(error, folder, "searched") from error
    gone = []
    for name, is_folder in found:
        with (
            explained(folder / name, "removed"),
            contextlib.suppress(PermissionError, FileNotFoundError),  # another user's, or gone by now
        ):
            if (_put_right if is_folder else _remove_abandoned)(folder / name):
                gone.append(folder / name)
    return gone


def _remove_abandoned(path: Path) -> bool:
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not temporaries.is_abandoned(fd) or not temporaries.is_named(fd, path):
            return False
        os.unlink(path)
    finally:
        os.close(fd)
    return True


def _put_right(stage: Path) -> bool:
    """Undo what was staged in `stage`, if its maker is gone; says whether it is cleared."""
    try:
        fd = os.open(stage / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        with contextlib.suppress(OSError):  # only an empty one is ours to remove
            os.rmdir(stage)
            return True
        return False
    try:
        return temporaries.is_abandoned(fd) and _settle(stage, fd)
    finally:
        os.close(fd)


def _settle(stage: Path, lock: int) -> bool:
    """Clear a stage, bringing back the old folder where a replacement was cut between its two renames.

    False, and nothing is removed, where the lock file does not tell the old folder's place.
    """
    if os.path.lexists(stage / "old"):
        place = Path(os.fsdecode(os.pread(lock, 4096, 0)))
        if not place.name or place.is_absolute() or ".." in place.parts:
            return False
        target = stage.parent / place
        if not os.path.lexists(target):
            os.rename(stage / "old", target)
            sync_folder(target.parent)
    _clear_stage(stage)
    return True


def _open_scratch(folder: Path) -> int:
    """A file without a name, everywhere."""
    fd = temporaries.open_unnamed(folder)
    if fd is None:
        fd, path = temporaries.open_hidden(folder)
        os.unlink(path)
    return fd


def _give_name(fd: int, folder: Path) -> Path:
    """Link an unnamed file to a hidden name (linkat cannot replace an existing one)."""
    name = temporaries.hidden_name()
    at = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.link(temporaries.OWN_FILES / str(fd), name, dst_dir_fd=at, follow_symlinks=True)
    finally:
        os.close(at)
    return folder / name


def _clear_stage(stage: Path) -> None:
    """Remove a stage, its lock last: until then it is known as ours."""
    with os.scandir(stage) as entries:
        folders = [entry.name for entry in entries if entry.name != "lock"]
    for name in folders:
        shutil.rmtree(stage / name)
    os.unlink(stage / "lock")
    with contextlib.suppress(FileNotFoundError):  # swept up by another process in this very moment
        os.rmdir(stage)


def _rename_unless_occupied(source: Path, target: Path) -> bool:
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno in _OCCUPIED:
            return False
        raise
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step with renameat2(2); False where kernel or file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    names = ctypes.c_char_p(os.fsencode(one)), ctypes.c_char_p(os.fsencode(other))
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], ctypes.c_uint(_RENAME_EXCHANGE)) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code))


def _refuse_foreign(target: Path, replaces: re.Pattern[str]) -> None:
    try:
        with os.scandir(target) as entries:
            names = [entry.name for entry in entries]
    except FileNotFoundError:
        return
    foreign = [name for name in names if not (replaces.fullmatch(name) or is_litter(name))]
    if foreign:
        raise TargetUnwritable(
            f"{target} holds {min(foreign)}, which is no preview; it is left as it is: move that elsewhere first."
        )


def _require_below(path: Path, within: Path) -> None:
    if path.name in ("", "..") or not path.parent.resolve().is_relative_to(within.resolve()):
        raise TargetUnwritable(f"{path} does not lie within {within}; it was not touched.")


def _explain(error: OSError, target: Path, deed: str) -> TargetUnwritable:
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return TargetFull(
            f"{target} cannot be {deed} ({reason}); what was there is kept: free space or raise the limit, "
            "and run again."
        )
    advice = "check the folder, its permissions and its disk"
    if error.errno == errno.EROFS:
        advice = "choose another output folder or mount this one writable"
    elif error.errno == errno.ENAMETOOLONG:
        advice = "choose an output folder with a shorter path, or shorten the film's name"
    return TargetUnwritable(f"{target} cannot be {deed} ({reason}); what was there is kept: {advice}.")
