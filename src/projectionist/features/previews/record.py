"""What a preview was made from and how: carried inside it, as the comment of its first picture."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from projectionist import __version__
from projectionist.frames.source import SourceFile

_TOOL = "projectionist"
_ENDS = 32 << 10


@dataclass(frozen=True, slots=True)
class Identity:
    """Which film: its bytes, its modification time and a BLAKE2b over its first and last 32 KiB."""

    size: int
    mtime_ns: int
    ends: str


def identity_of(source: SourceFile) -> Identity:
    """The identity of an opened film."""
    digest = hashlib.blake2b(source.pread(0, _ENDS), digest_size=16)
    digest.update(source.pread(max(0, source.size - _ENDS), _ENDS))
    return Identity(source.size, source.mtime_ns, digest.hexdigest())


def mark_of(folder: Path) -> str:
    """What tells a folder from others without naming it: previews travel, and paths are nobody's business."""
    return hashlib.blake2b(os.fsencode(folder), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that decides how a preview looks, and what came of it.

    `film` is the film's file name, `folder` the mark of the folder it was in, `thumbnails` how many there are;
    `damaged` says that some could not be read and neighbours stand in.
    """

    film: str
    source: Identity
    interval_ms: int
    width: int
    max_height: int | None
    quality: int
    mode: str
    skip_nonref: bool
    thumbnails: int = 0
    method: str = ""
    damaged: bool = False
    version: str = __version__
    folder: str = ""

    def as_comment(self) -> str:
        """The text that goes into the picture."""
        return json.dumps({"tool": _TOOL, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_comment(cls, comment: str | None) -> Self | None:
        """The record in a picture's comment, or None where there is none of ours."""
        try:
            fields: dict[str, Any] = json.loads(comment or "")
            if fields.pop("tool") != _TOOL:
                return None
            record = cls(**{**fields, "source": Identity(**fields["source"])})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return record if type(record.thumbnails) is int else None

    def difference(self, other: Record) -> str | None:
        """In words, what makes a preview with this record stale where `other` is wanted; None if nothing does."""
        ours, theirs = (asdict(replace(one, thumbnails=0, method="", damaged=False)) for one in (self, other))
        for name, words in _DIFFERENCES.items():
            if ours[name] != theirs[name]:
                return words if name == "source" else f"{words} {ours[name]}, not {theirs[name]}"
        return None


_DIFFERENCES = {
    "source": "the film has changed since",
    "interval_ms": "it was made with an interval in milliseconds of",
    "width": "it was made with a width of",
    "max_height": "it was made with a greatest height of",
    "quality": "it was made with quality",
    "mode": "it was made in mode",
    "skip_nonref": "it was made with skip-nonref set to",
    "version": "it was made by version",
}
