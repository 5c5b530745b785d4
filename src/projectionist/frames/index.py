"""What a container's own index tells: where the keyframes are, before any of them is read."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
"""Nanoseconds on the player's timeline, where the container's earliest timestamp is 0; shape (n,), rising."""


class KeyframeIndex(Protocol):
    """The keyframes of a film's video track, each with the place of its bytes.

    `method` names the index ("mp4-index", "matroska-cues"). `times_ns` are the presentation times, strictly
    rising; `start_ns` is the container's earliest timestamp, which is their zero. `last_ns` is the presentation time of the last video frame all of whose bytes lie in the file.
    `prefix` goes before the payload of every packet (Matroska header stripping; else empty).
    `truncated` says that the index names frames beyond the end of the file. `crop` is the container's own
    cropping: left, top, right, bottom in coded pixels.
    """

    method: str
    times_ns: Times
    start_ns: int
    last_ns: int
    prefix: bytes
    truncated: bool
    crop: tuple[int, int, int, int]

    def hint(self, number: int) -> tuple[int, int]:
        """Offset and byte count worth fetching ahead of `extent(number)`; reads nothing."""

    def extent(self, number: int) -> tuple[int, int]:
        """Absolute offset and byte count of keyframe `number`'s payload. Raises IndexUnusable."""
