"""Reading a film file at chosen places, counting what is read."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from projectionist.errors import FilmChanged, FilmEmpty, FilmUnreadable, FilmVanished

_AVSEEK_SIZE = 0x10000
"""libavformat asks for the size by seeking with this `whence` (avio.h)."""

_TURNS = 5
"""With a limited rate, reads are cut so that there are this many a second."""


class SourceFile:
    """A film opened for positioned reads; also the file object that libavformat reads through.

    Kernel readahead is switched off (POSIX_FADV_RANDOM), since a film is read at a few places only: readahead
    tripled what a disk delivered. `bytes_read` counts what was asked of the kernel. `rate` limits it, in bytes
    per second. `on_read` is called after each read: a sign of life. Raises FilmVanished, FilmUnreadable or
    FilmEmpty on opening.
    """

    def __init__(
        self, path: Path, *, rate: int | None = None, on_read: Callable[[], None] = lambda: None
    ) -> None:
        self.path = path
        self.bytes_read = 0
        self._on_read = on_read
        self._rate = rate
        self._ready_at = 0.0
        self._position = 0
        self._failure: FilmUnreadable | None = None
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            raise FilmVanished(f"{path} is not there any more; nothing was made of it.") from None
        except OSError as error:
            raise FilmUnreadable(
                f"{path} cannot be opened ({error.strerror}); check its permissions and the disk it is on."
            ) from None
        self._opened = os.fstat(self._fd)
        self.size = self._opened.st_size
        if not stat.S_ISREG(self._opened.st_mode):
            self.close()
            raise FilmUnreadable(f"{path} is not a regular file; only files can be films.")
        if not self.size:
            self.close()
            raise FilmEmpty(f"{path} is empty; copy or download it again.")
        self.expect_jumps()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def mtime_ns(self) -> int:
        """The modification time at opening, in nanoseconds since the epoch."""
        return self._opened.st_mtime_ns

    def pread(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`; fewer only where the file ends. Raises FilmUnreadable."""
        parts: list[bytes] = []
        while count > 0:
            part = self._read_once(offset, count)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def expect_jumps(self) -> None:
        """Tell the kernel that reads jump about, so that it reads nothing ahead."""
        self._advise(0, 0, "POSIX_FADV_RANDOM")

    def expect_a_walk(self) -> None:
        """Tell the kernel that the whole file is about to be read in order."""
        self._advise(0, 0, "POSIX_FADV_SEQUENTIAL")

    def prefetch(self, offset: int, count: int) -> None:
        """Ask the kernel to fetch these bytes in the background."""
        if self._rate is None:
            self._advise(offset, count, "POSIX_FADV_WILLNEED")

    def check_unchanged(self) -> None:
        """Raise FilmChanged where the file was written to, or replaced, since it was opened.

        Raises FilmUnreadable where a read failed since.
        """
        if self._failure is not None:
            raise self._failure
        try:
            now = os.fstat(self._fd)
        except OSError as error:
            raise FilmUnreadable(
                f"{self.path} stopped answering ({error.strerror}); check its disk."
            ) from None
        if (now.st_size, now.st_mtime_ns) != (self._opened.st_size, self._opened.st_mtime_ns):
            raise FilmChanged(
                f"{self.path} was written to while it was read; its preview is made once it stays as it is."
            )
        try:
            named = os.stat(self.path)
        except FileNotFoundError:
            raise FilmVanished(
                f"{self.path} was removed while it was read; nothing was made of it."
            ) from None
        except OSError as error:
            raise FilmUnreadable(
                f"{self.path} stopped answering ({error.strerror}); check its disk."
            ) from None
        if (named.st_dev, named.st_ino) != (now.st_dev, now.st_ino):
            raise FilmChanged(f"{self.path} was replaced while it was read; run again for the new file.")

    # What libavformat calls through PyAV.

    def read(self, count: int) -> bytes:
        """Up to `count` bytes from the current position.

        A failure is kept for `check_unchanged` and ends the file: PyAV would print an exception and read on.
        """
        try:
            part = self._read_once(self._position, count)
        except FilmUnreadable as failure:
            self._failure = failure
            return b""
        self._position += len(part)
        return part

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; with AVSEEK_SIZE return the size instead."""
        if whence == _AVSEEK_SIZE:
            return self.size
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence & 3]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """The current position."""
        return self._position

    def _read_once(self, offset: int, count: int) -> bytes:
        if self._rate is not None:
            count = min(count, max(1, self._rate // _TURNS))
            self._wait_for_turn(count)
        try:
            part = os.pread(self._fd, count, offset)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.EOVERFLOW):
                return b""  # an offset beyond what the file system can address: past the end
            raise FilmUnreadable(
                f"{self.path} stopped answering at byte {offset} ({error.strerror}); check its disk or mount."
            ) from None
        self.bytes_read += len(part)
        self._on_read()
        return part

    def _wait_for_turn(self, count: int) -> None:
        now = time.monotonic()
        if self._ready_at > now:
            time.sleep(self._ready_at - now)
        self._ready_at = max(self._ready_at, now) + count / (self._rate or 1)

    def _advise(self, offset: int, count: int, advice: str) -> None:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._fd, offset, count, getattr(os, advice))
