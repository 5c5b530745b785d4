"""Dropping a file from the page cache, and knowing whether that worked and whether reads then show."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path


def drop(path: Path) -> None:
    """Ask the kernel to forget the file's pages; only clean ones go, so it is synced first."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def fill(path: Path) -> None:
    """Read the file through, so that its pages are there."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 22):
            pass


def resident_bytes(path: Path) -> int:
    """How much of the file is in the page cache, by mincore(2). Raises OSError."""
    size = path.stat().st_size
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, mmap.MAP_PRIVATE) as mapped:
        start = (ctypes.c_char * size).from_buffer(mapped)
        pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(size), pages)
        del start
        if failed:
            raise OSError(ctypes.get_errno(), "mincore failed")
    return sum(page & 1 for page in pages) * mmap.PAGESIZE


def shows_device_reads(path: Path) -> bool:
    """Whether reading dropped pages of this file counts as device reads of the process; leaves the file dropped."""
    drop(path)
    before = _read_bytes()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
        asked = len(os.pread(descriptor, 1 << 16, path.stat().st_size // 2))
    finally:
        os.close(descriptor)
    after = _read_bytes()
    drop(path)
    return before is not None and after is not None and after - before >= asked


def _read_bytes() -> int | None:
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next(int(line.partition(":")[2]) for line in lines if line.startswith("read_bytes"))
