"""The JPEGs of one film in order, kept until the outputs made of them are written."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from projectionist.kit import files

_IN_MEMORY = 8 << 20
_CHUNK = 1 << 20


class Spool:
    """JPEGs as they come: in memory up to 8 MiB, then in an unnamed file that vanishes with the process.

    One spool serves every output that is made of the same bytes (both BIFs and the plain JPEGs). `folder` is
    where the unnamed file goes: that of the output, which has to take as much anyway; it is touched only once
    memory does not suffice. Raises TargetFull or TargetUnwritable.
    """

    def __init__(self, folder: Path, *, in_memory: int = _IN_MEMORY) -> None:
        self._folder = folder
        self._in_memory = in_memory
        self._file: BinaryIO = io.BytesIO()
        self._spilled = False
        self._starts = [0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the bytes; closing twice is harmless."""
        files.drop(self._file)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[bytes]:
        return (self.picture(number) for number in range(len(self)))

    @property
    def lengths(self) -> list[int]:
        """Byte counts of the pictures."""
        return [end - start for start, end in pairwise(self._starts)]

    def add(self, jpeg: bytes) -> None:
        """Append one picture."""
        if not self._spilled and self._starts[-1] + len(jpeg) > self._in_memory:
            self._spill()
        with files.explained(self._folder):
            self._file.seek(self._starts[-1])
            self._file.write(jpeg)
        self._starts.append(self._starts[-1] + len(jpeg))

    def picture(self, number: int) -> bytes:
        """Picture `number`, from 0. Raises IndexError."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._read(self._starts[number], self._starts[number + 1])

    def chunks(self, first: int) -> Iterator[bytes]:
        """The bytes of all pictures from `first` on, back to back, in pieces of at most 1 MiB."""
        at, end = self._starts[first], self._starts[-1]
        while at < end:
            yield self._read(at, min(at + _CHUNK, end))
            at = min(at + _CHUNK, end)

    def _read(self, start: int, end: int) -> bytes:
        with files.explained(self._folder):
            self._file.seek(start)
            return self._file.read(end - start)

    def _spill(self) -> None:
        held = self._file
        self._file = files.unnamed_file(self._folder)
        self._spilled = True
        if isinstance(held, io.BytesIO):
            with files.explained(self._folder), held.getbuffer() as content:
                self._file.write(content)
        held.close()
