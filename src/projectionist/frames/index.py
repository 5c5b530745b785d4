"""What a container's own index tells: where the keyframes are, before any of them is read."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
"""Nanoseconds on the player's timeline, where the container's earliest timestamp is 0; shape (n,), rising."""


class ByteSource(Protocol):
    """What a container reader needs of a film: its size, and reads at a place of its choice; `SourceFile` has it."""

    size: int

    def pread(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`; fewer only where the file ends. Raises FilmUnreadable."""


class KeyframeIndex(Protocol):
    """The keyframes of a film's video track, each with the place of its bytes."""

    @property
    def method(self) -> str:
        """The kind of index: "mp4-index" or "matroska-cues"."""

    @property
    def times_ns(self) -> Times:
        """The presentation times of the keyframes, at least one, strictly rising."""

    @property
    def start_ns(self) -> int:
        """The container's earliest timestamp, in nanoseconds: the zero of `times_ns`."""

    @property
    def last_ns(self) -> int:
        """The presentation time of the last video frame all of whose bytes lie in the file."""

    @property
    def prefix(self) -> bytes:
        """What goes before the payload of every packet (Matroska header stripping; else empty)."""

    @property
    def truncated(self) -> bool:
        """Whether the index names frames beyond the end of the file."""

    @property
    def crop(self) -> tuple[int, int, int, int]:
        """The container's own cropping: left, top, right, bottom in coded pixels."""

    def hint(self, number: int) -> tuple[int, int]:
        """Offset and byte count worth fetching ahead of `extent(number)`; reads nothing."""

    def extent(self, number: int) -> tuple[int, int]:
        """Absolute offset and byte count of keyframe `number`'s payload. Raises IndexUnusable."""
