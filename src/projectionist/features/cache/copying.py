"""A copy that is proved: hashed while it is made, synced, and read back from the device.

Three hands work at once: a thread reads the source a few chunks ahead, the caller's hashes and writes, and a third
syncs what was written and reads it back, so that a copy takes about as long as its slower disk needs.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import xxhash

from projectionist.errors import CopyWrong, SourceChanged
from projectionist.features.cache.proving import CHUNK, DeviceReader, Proof, Tick, awaited
from projectionist.kit.metrics import REGISTRY
from projectionist.kit.swaps import FileCalls, attributes_of

_AHEAD = 3
"""Chunks that are read before they are asked for."""

MOVED = REGISTRY.counter(
    "projectionist_cache_moved_bytes_total", "Bytes of files copied to fast disks and back."
)

Progress = Callable[[int], None]
"""Told the bytes done so far, after every chunk and several times a second; what it raises ends the copy."""


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
    read_back: bool = True,
) -> Copied:
    """Copy a file to the new name `target`, with owner, mode, times and attributes, onto the device.

    Attributes of `attributes_from` come along where the source lacks them. Without `read_back` the digest is that of
    what was written, and nobody has looked what the device made of it. The copy is left behind where anything fails:
    removing it is the caller's. Raises SourceChanged, CopyWrong, OSError, and whatever `progress` raises.
    """
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        before = os.fstat(reading)
        attributes = _attributes(attributes_from) | attributes_of(reading)
        writing = calls.create(target)
        pour = _Pour(calls, reading, writing, progress)
        try:
            with Proof(calls, writing, target, pour.tick, reads=read_back) as proof:
                digest = pour.all(proof)
                _require_same(source, before, os.fstat(reading), pour.size)
                calls.sync_source(reading)  # it may be fresh from its download, and is to outlive the copy
                calls.dress(writing, before, attributes)
                calls.sync(writing)
                calls.sync_folder(target.parent)
                proved = proof.digest(pour.size)
        finally:
            os.close(writing)
        if os.lstat(target).st_size != pour.size or proved not in (digest, None):
            raise CopyWrong(
                f"The copy of {source} on {target.parent} does not read back as it was written; the original was "
                "not touched: check that disk, its cable and the memory."
            )
        _require_same(source, before, os.fstat(reading), pour.size)
    finally:
        os.close(reading)
    return Copied(digest, before)


def digest_on_device(path: Path, progress: Progress | None = None, *, done: int = 0) -> str:
    """The XXH3-128 of a file as the device has it, not the page cache, where the system allows. Raises OSError.

    `progress` is told `done` after every chunk, for the chance to end it.
    """
    size = os.lstat(path).st_size
    with contextlib.closing(DeviceReader(path)) as reader:
        reader.hash_until(size, lambda: None if progress is None else progress(done))
        return reader.digest()


class _Pour:
    """The bytes of one open file into another, hashed on their way."""

    def __init__(self, calls: FileCalls, reading: int, writing: int, progress: Progress) -> None:
        self._calls, self._reading, self._writing, self._progress = calls, reading, writing, progress
        self.size = 0

    def tick(self) -> None:
        """Say again how far it is."""
        self._progress(self.size)

    def all(self, proof: Proof) -> str:
        """Until the source ends; `proof` follows. Returns the digest of what was read."""
        hashed = xxhash.xxh3_128()
        with contextlib.closing(_read_ahead(self._reading, self.tick)) as chunks:
            for chunk in chunks:
                hashed.update(chunk)
                self._calls.write(self._writing, chunk)
                self.size += len(chunk)
                MOVED.add(by=len(chunk))
                self.tick()
                proof.follow(self.size)
        return hashed.hexdigest()


def _read_ahead(fd: int, tick: Tick) -> Generator[memoryview]:
    """The content of a file, in chunks that are good until the next one is asked for. Raises OSError, and as `tick`."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    with ThreadPoolExecutor(1, "read-ahead") as pool:
        reads: deque[tuple[memoryview, Future[int]]] = deque()

        def ask(buffer: memoryview) -> None:
            reads.append((buffer, pool.submit(os.readv, fd, [buffer])))

        for _ in range(_AHEAD):
            ask(memoryview(bytearray(CHUNK)))
        while True:
            buffer, read = reads.popleft()
            count = awaited(read, tick)
            if not count:
                return
            yield buffer[:count]
            ask(buffer)


def _require_same(source: Path, before: os.stat_result, after: os.stat_result, size: int) -> None:
    same = (before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,  # who sets the other time back is seen by this one
    )
    if not same or size != after.st_size:
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
