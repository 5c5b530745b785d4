"""Reading a file back from its device: whole, or segment by segment close behind whoever writes it."""

from __future__ import annotations

import errno
import mmap
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import xxhash

from projectionist.kit.swaps import FileCalls

T = TypeVar("T")

CHUNK = 4 << 20
"""Bytes read at once."""
SEGMENT = 32 << 20
"""So much is synced at once and then read back, while the next is written."""

_BEHIND = 1
"""Segments that may be waiting to be read back: what is written and not on the device yet has to end soon when
somebody ends the copy."""
_TICK_S = 0.2
_DIRECT = getattr(os, "O_DIRECT", 0)

Tick = Callable[[], None]
"""Called several times a second while something is waited for; what it raises ends the waiting."""


def awaited(future: Future[T], tick: Tick) -> T:
    """What came of it. Raises what it raised, and what `tick` raises."""
    while not wait((future,), _TICK_S).done:
        tick()
    return future.result()


def drop_pages(fd: int, begin: int, end: int) -> None:
    """Take a range that was synced out of the page cache: nobody else's pages have to go for it."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, begin, end - begin, os.POSIX_FADV_DONTNEED)


class DeviceReader:
    """Hashes a file from its beginning as the device has it, not the page cache, where the system allows.

    That is past the cache where the file system can do that, else with the cached pages dropped before. ZFS before
    2.3 says that it can and does not. All raise OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._direct = bool(_DIRECT)
        self._fd = self._open()
        self._buffer = mmap.mmap(-1, CHUNK)  # aligned as O_DIRECT asks
        self._hashed = xxhash.xxh3_128()
        self._at = 0

    def close(self) -> None:
        """Nothing more is read."""
        os.close(self._fd)
        self._buffer.close()

    def hash_until(self, end: int, tick: Tick) -> None:
        """Read on to `end`, which is a multiple of CHUNK or the end of the file; less where the file ends before."""
        begun = self._at
        if not self._direct:
            drop_pages(self._fd, begun, end)
        while self._at < end:
            count = min(self._read(end), end - self._at)
            if not count:
                return
            with memoryview(self._buffer) as view, view[:count] as part:
                self._hashed.update(part)
            self._at += count
            tick()

    def digest(self) -> str:
        """The XXH3-128, in hexadecimal, of what was read."""
        return self._hashed.hexdigest()

    def _read(self, end: int) -> int:
        try:
            return os.preadv(self._fd, [self._buffer], self._at)
        except OSError as error:
            if error.errno != errno.EINVAL or not self._direct:
                raise
        self._direct = False
        os.close(self._fd)
        self._fd = self._open()
        drop_pages(self._fd, self._at, end)
        return os.preadv(self._fd, [self._buffer], self._at)

    def _open(self) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        if self._direct:
            try:
                return os.open(self._path, flags | _DIRECT)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
            self._direct = False
        return os.open(self._path, flags)


class Proof:
    """Syncs what is written to a file and, where it `reads` too, reads it back, in a thread of its own."""

    def __init__(self, calls: FileCalls, writing: int, path: Path, tick: Tick, *, reads: bool) -> None:
        self._calls, self._writing, self._tick = calls, writing, tick
        self._reader = DeviceReader(path) if reads else None
        self._pool = ThreadPoolExecutor(1, "proof")
        self._waiting: deque[Future[None]] = deque()
        self._written = self._begun = 0
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._pool.shutdown(cancel_futures=True)
        if self._reader is not None:
            self._reader.close()

    def follow(self, written: int) -> None:
        """So much is written now; waits where the device lags too far behind. Raises OSError, and as `tick` does."""
        if written - self._written >= CHUNK:
            self._calls.begin_sync(self._writing, self._written, written - self._written)
            self._written = written
        if written - self._begun >= SEGMENT:
            self._begun = written - written % CHUNK
            self._waiting.append(self._pool.submit(self._prove, self._begun))
        while len(self._waiting) > _BEHIND:
            awaited(self._waiting.popleft(), self._tick)

    def digest(self, size: int) -> str | None:
        """What the device has of the whole file, which was synced; None where it is not read. Raises as `follow`."""
        while self._waiting:
            awaited(self._waiting.popleft(), self._tick)
        if self._reader is None:
            return None
        awaited(self._pool.submit(self._reader.hash_until, size, self._go_on), self._tick)
        return self._reader.digest()

    def _prove(self, end: int) -> None:
        self._calls.sync_data(self._writing)
        if self._reader is not None:
            self._reader.hash_until(end, self._go_on)
        drop_pages(self._writing, 0, end)

    def _go_on(self) -> None:
        """Called in the thread: a copy that has ended is read no further."""
        if self._ended:
            raise InterruptedError(errno.EINTR, "the copy has ended")
