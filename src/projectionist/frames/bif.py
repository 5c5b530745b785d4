"""BIF, the Base Index Frame archive of Roku, Plex and Emby: written whole, read with suspicion.

Layout, little-endian, from Roku's "BIF File Specification": 8 bytes magic, u32 version (0), u32 count, u32
timestamp multiplier in ms (0 means 1000), 44 reserved zeros; then per picture u32 timestamp and u32 absolute
offset, an end entry of timestamp 0xFFFFFFFF and the offset one past the last byte, and the JPEGs in order.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt

from projectionist.errors import PreviewInvalid
from projectionist.frames import faults, jpeg
from projectionist.frames.spool import Spool
from projectionist.kit import files

_MAGIC = b"\x89BIF\r\n\x1a\n"
_HEADER = struct.Struct("<8sIII44s")
_END = 0xFFFFFFFF
_MOST_PICTURES = 1 << 20
"""A picture a second for twelve days; a count beyond this is a lie or an attack."""
_LARGEST_PICTURE = 64 << 20


class Bif:
    """An open BIF; `read_bif` makes one.

    `count` pictures, shown from `times_ms` on (int64 milliseconds, shape (count,), rising). `multiplier_ms` is
    the header's timestamp multiplier, `timestamps` the table's, in its units. Close it, or use it as a context.
    """

    version: int
    count: int
    multiplier_ms: int

    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self.path = path
        self._file = file
        self.size = size
        header = file.read(_HEADER.size)
        if header[:8] != _MAGIC[: len(header[:8])] or not header:
            raise PreviewInvalid(f"{path} does not begin as a BIF does; it is something else.")
        if len(header) < _HEADER.size:
            raise PreviewInvalid(
                f"{path} ends at byte {size} inside the 64 bytes of its header: it is truncated."
            )
        self.version, self.count, self.multiplier_ms = struct.unpack_from("<III", header, 8)
        self.multiplier_ms = self.multiplier_ms or 1000
        self.reserved = header[20:]
        self._check_count()
        table = np.frombuffer(file.read(8 * (self.count + 1)), dtype="<u4")
        if table.size < 2 * (self.count + 1):
            raise PreviewInvalid(f"{path} became shorter while it was read; make it again.")
        self.timestamps = table[0:-2:2].astype(np.int64)
        self.offsets = table[1::2].astype(np.int64)
        self.end_mark = int(table[-2])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._file.close()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[bytes]:
        return (self.picture(number) for number in range(self.count))

    @property
    def times_ms(self) -> npt.NDArray[np.int64]:
        """Milliseconds from the start of the film, shape (count,)."""
        return self.timestamps * self.multiplier_ms

    @property
    def interval_ms(self) -> int:
        """Milliseconds from picture to picture: the usual step of the timestamps times the multiplier."""
        steps = np.diff(self.timestamps)
        return int(np.median(steps)) * self.multiplier_ms if steps.size else self.multiplier_ms

    @property
    def comment(self) -> str | None:
        """The record in the first picture, or None. Raises PreviewInvalid."""
        return jpeg.comment_of(self.picture(0)) if self.count else None

    def picture(self, number: int) -> bytes:
        """The JPEG `number`, from 0. Raises IndexError beyond the count, PreviewInvalid where it is unreadable."""
        if not 0 <= number < self.count:
            raise IndexError(number)
        start, end = int(self.offsets[number]), int(self.offsets[number + 1])
        if end - start > _LARGEST_PICTURE:
            raise PreviewInvalid(
                f"{self.path}: picture {number} claims {end - start} bytes, more than any preview."
            )
        try:
            self._file.seek(start)
            picture = self._file.read(end - start)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if len(picture) < end - start:
            raise PreviewInvalid(f"{self.path} ends inside picture {number}: it is truncated.")
        return picture

    def faults(self) -> Iterator[str]:
        """What is wrong with header and table, one clause each, the gravest kinds first."""
        if self.version != 0:
            yield f"its header claims version {self.version}, and only version 0 is known"
        if self.end_mark != _END:
            yield f"its table does not end with the end mark but with {self.end_mark:#010x}"
        yield from self._offset_faults()
        for late in np.flatnonzero(np.diff(self.timestamps) <= 0).tolist():
            yield (
                f"entry {late + 1} of the table has the timestamp {self.timestamps[late + 1]}, which does not come "
                f"after {self.timestamps[late]}"
            )

    def _offset_faults(self) -> Iterator[str]:
        table_end = _HEADER.size + 8 * (self.count + 1)
        if self.offsets[0] < table_end:
            yield f"entry 0 of the table points to byte {self.offsets[0]}, inside the table that ends at {table_end}"
        for number in np.flatnonzero(self.offsets > self.size).tolist():
            yield (
                f"{self._entry(number)} points to byte {self.offsets[number]}, beyond the end of the file at "
                f"{self.size}: the file is truncated"
            )
        for number in np.flatnonzero(np.diff(self.offsets) <= 0).tolist():
            yield (
                f"{self._entry(number + 1)} points to byte {self.offsets[number + 1]}, not behind the start of "
                f"picture {number} at {self.offsets[number]}"
            )
        if self.offsets[-1] < self.size:
            yield f"its last picture ends at byte {self.offsets[-1]}, but the file goes on to {self.size}"

    def _entry(self, number: int) -> str:
        return f"entry {number} of the table" if number < self.count else "the end entry of the table"

    def _check_count(self) -> None:
        table_end = _HEADER.size + 8 * (self.count + 1)
        if self.count > _MOST_PICTURES:
            raise PreviewInvalid(
                f"{self.path} claims {self.count} pictures, more than any film needs; its header is broken."
            )
        if table_end > self.size:
            raise PreviewInvalid(
                f"{self.path} claims {self.count} pictures, whose table would end at byte {table_end}, but the file "
                f"ends at {self.size}: it is truncated."
            )


def write_bif(target: Path, pictures: Spool, interval_ms: int, comment: str) -> None:
    """Publish the spooled pictures as a BIF, picture k standing for k times `interval_ms` milliseconds.

    `comment` is put into the first picture. The file appears whole or not at all. Raises PreviewInvalid where
    there is no picture or the file would outgrow the format, TargetFull and TargetUnwritable.
    """
    if not len(pictures):
        raise PreviewInvalid(f"{target} would be a BIF without any picture; nothing was written.")
    if not 0 < interval_ms <= _END:
        raise ValueError(f"an interval of {interval_ms} ms")
    first = jpeg.with_comment(pictures.picture(0), comment)
    head = _head(target, [len(first), *pictures.lengths[1:]], interval_ms)
    files.publish_file(
        target,
        partial(_write, head=head, first=first, pictures=pictures),
        partial(_check, target, len(pictures)),
    )


def read_bif(path: Path) -> Bif:
    """Open a BIF of any maker, its header and table checked. Raises PreviewInvalid with the first fault."""
    bif = _open(path)
    fault = next(bif.faults(), None)
    if fault is not None:
        bif.close()
        raise PreviewInvalid(f"{path} is broken: {fault}.")
    return bif


def problems(path: Path, *, deep: bool = False) -> list[str]:
    """Everything that is wrong with a BIF, a sentence each; empty where it is whole.

    Walks the markers of every picture; `deep` decodes every picture too.
    """
    try:
        bif = _open(path)
    except PreviewInvalid as error:
        return [error.message]
    with bif:
        return faults.listed(_all_faults(bif, deep))


def _all_faults(bif: Bif, deep: bool) -> Iterator[str]:
    yield from (f"{fault}." for fault in bif.faults())
    if any(bif.reserved):
        yield "The reserved bytes 20 to 63 of its header are not zero."
    if not bif.count:
        yield "It holds no picture."
    size: tuple[int, int] | None = None
    for number, (start, end) in enumerate(pairwise(bif.offsets.tolist())):
        if end <= start or end > bif.size:
            continue
        try:
            picture = bif.picture(number)
            jpeg.check(picture)
            size = size or jpeg.dimensions(picture)
            if jpeg.dimensions(picture) != size:
                yield f"Picture {number} has another size than the pictures before it."
            if deep:
                jpeg.decode(picture)
        except PreviewInvalid as error:
            yield f"Picture {number} at byte {start}: {error.message}"


def _open(path: Path) -> Bif:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unreadable(path, error) from error
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise PreviewInvalid(f"{path} is no regular file, and so no BIF.")
    file = os.fdopen(fd, "rb")
    try:
        return Bif(path, file, status.st_size)
    except OSError as error:
        file.close()
        raise _unreadable(path, error) from error
    except PreviewInvalid:
        file.close()
        raise


def _unreadable(path: Path, error: OSError) -> PreviewInvalid:
    return PreviewInvalid(
        f"{path} cannot be read ({error.strerror or error}); check that it is there and readable."
    )


def _head(target: Path, lengths: list[int], interval_ms: int) -> bytes:
    """Header and table for pictures of these byte counts."""
    count = len(lengths)
    start = _HEADER.size + 8 * (count + 1)
    offsets = start + np.concatenate(([0], np.cumsum(np.array(lengths, dtype=np.int64))))
    if offsets[-1] > _END or count > _MOST_PICTURES:
        raise PreviewInvalid(
            f"{target} would have {count} pictures in {offsets[-1]} bytes, and a BIF cannot go beyond {_MOST_PICTURES} "
            "pictures or 4 GiB; choose a longer interval or a smaller width."
        )
    table = np.empty((count + 1, 2), dtype="<u4")
    table[:, 0] = np.arange(count + 1)
    table[-1, 0] = _END
    table[:, 1] = offsets
    return _HEADER.pack(_MAGIC, 0, count, interval_ms, bytes(44)) + table.tobytes()


def _write(file: BinaryIO, *, head: bytes, first: bytes, pictures: Spool) -> None:
    file.write(head)
    file.write(first)
    file.writelines(pictures.chunks(1))


def _check(target: Path, count: int, file: BinaryIO) -> None:
    """Read the table back from the finished file."""
    bif = Bif(target, file, os.fstat(file.fileno()).st_size)
    fault = next(bif.faults(), None)
    if fault is not None or bif.count != count:
        raise PreviewInvalid(
            f"{target} did not come out whole ({fault or 'pictures are missing'}); run again."
        )
