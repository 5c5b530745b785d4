"""The keyframes of a film, by the quickest way that its container allows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from projectionist.frames.film import Film
from projectionist.frames.index import Times
from projectionist.frames.linear import scan
from projectionist.frames.source import SourceFile


@dataclass(frozen=True, slots=True)
class KeyframeList:
    """`times_ns`, shape (n,), int64: presentation times in nanoseconds on the player's timeline, rising.

    `last_ns` is the time of the last video frame, `method` how they were found: "mp4-index", "matroska-cues" or
    "linear" (the whole file was read), `bytes_read` what that took.
    """

    times_ns: Times
    last_ns: int
    method: str
    bytes_read: int


def read_keyframes(path: Path) -> KeyframeList:
    """List the keyframes of the film at `path`, from its index where that can be read. Raises FilmError."""
    with Film(SourceFile(path)) as film:
        if film.index is not None:
            return KeyframeList(
                film.index.times_ns, film.index.last_ns, film.index.method, film.source.bytes_read
            )
        if film.opened_lightly:
            film.reopen()
        scanned = scan(film)
        return KeyframeList(scanned.times_ns, scanned.last_ns, "linear", film.source.bytes_read)
