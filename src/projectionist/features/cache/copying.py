"""A copy that is proved: hashed while it is made, synced, and read back from the device."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xxhash

from projectionist.errors import CopyWrong, SourceChanged
from projectionist.kit.swaps import FileCalls, attributes_of

CHUNK = 4 << 20
"""Bytes read and written at once."""

Progress = Callable[[int], None]
"""Told the bytes done so far after every chunk; what it raises ends the copy."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A proved copy: its XXH3-128 in hexadecimal, and how its source was."""

    digest: str
    source: os.stat_result


def copy_proved(
    calls: FileCalls,
    source: Path,
    target: Path,
    progress: Progress,
    *,
    attributes_from: Path | None = None,
) -> Copied:
    """Copy a file to the new name `target`, with owner, mode, times and attributes, onto the device.

    Attributes of `attributes_from` come along where the source lacks them. The copy is left behind where anything
    fails: removing it is the caller's. Raises SourceChanged, CopyWrong, OSError, and whatever `progress` raises.
    """
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        before = os.fstat(reading)
        attributes = _attributes(attributes_from) | attributes_of(reading)
        writing = calls.create(target)
        try:
            digest, size = _pour(calls, reading, writing, progress)
            _require_same(source, before, os.fstat(reading), size)
            calls.dress(writing, before, attributes)
            calls.sync(writing)
        finally:
            os.close(writing)
        calls.sync_folder(target.parent)
        if os.lstat(target).st_size != size or digest_on_device(target, progress, done=size) != digest:
            raise CopyWrong(
                f"The copy of {source} on {target.parent} does not read back as it was written; the original was "
                "not touched: check that disk, its cable and the memory."
            )
        _require_same(source, before, os.fstat(reading), size)
    finally:
        os.close(reading)
    return Copied(digest, before)


def digest_on_device(path: Path, progress: Progress | None = None, *, done: int = 0) -> str:
    """The XXH3-128 of a file as the device has it, not the page cache, where the system allows. Raises OSError.

    `progress` is told `done` after every chunk, for the chance to end it.
    """
    buffer = mmap.mmap(-1, CHUNK)  # aligned as O_DIRECT asks
    try:
        try:
            return _digest(path, getattr(os, "O_DIRECT", 0), buffer, progress, done)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        return _digest(path, 0, buffer, progress, done)
    finally:
        buffer.close()


def _digest(path: Path, flag: int, buffer: mmap.mmap, progress: Progress | None, done: int) -> str:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flag)
    hashed = xxhash.xxh3_128()
    try:
        if not flag and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        offset = 0
        while count := os.preadv(fd, [buffer], offset):
            with memoryview(buffer) as view, view[:count] as part:
                hashed.update(part)
            offset += count
            if progress is not None:
                progress(done)
    finally:
        os.close(fd)
    return hashed.hexdigest()


def _pour(calls: FileCalls, reading: int, writing: int, progress: Progress) -> tuple[str, int]:
    hashed = xxhash.xxh3_128()
    buffer = bytearray(CHUNK)
    size = 0
    with memoryview(buffer) as view:
        while count := os.readv(reading, [view]):
            with view[:count] as part:
                hashed.update(part)
                calls.write(writing, part)
            size += count
            progress(size)
    return hashed.hexdigest(), size


def _require_same(source: Path, before: os.stat_result, after: os.stat_result, size: int) -> None:
    same = (before.st_size, before.st_mtime_ns) == (
        after.st_size,
        after.st_mtime_ns,
    ) and size == after.st_size
    if not same:
        raise SourceChanged(
            f"{source} was written to while it was copied; it was not touched: it is tried again when it rests."
        )


def _attributes(path: Path | None) -> dict[str, bytes]:
    if path is None:
        return {}
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return attributes_of(fd)
    finally:
        os.close(fd)
