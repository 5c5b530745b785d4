"""What goes to the fast disks and what leaves them: a plan, made of what is known; nothing is looked at or moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from projectionist.features.cache.wanting.wants import Want


@dataclass(frozen=True, slots=True)
class Held:
    """A film that is on a fast disk; `path` is that of its original."""

    path: Path
    size: int
    tier_id: int
    cached_at: datetime
    item_id: int | None
    is_playing: bool


@dataclass(frozen=True, slots=True)
class PlannedCopy:
    """A file to copy, and the tier that has room for it."""

    want: Want
    tier_id: int


@dataclass(frozen=True, slots=True)
class PlannedReturn:
    """A file to move back, and the copy that needs its room; None where it leaves for its own sake."""

    path: Path
    tier_id: int
    size: int
    why: str
    makes_room_for: Path | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that stays on its fast disk, and why."""

    path: Path
    size: int
    tier_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is wanted and is not copied, and why."""

    path: Path
    size: int
    why: str


@dataclass(frozen=True, slots=True)
class CachePlan:
    """The copies, the most urgent first; the returns, the least wanted first; what stays; what must not come."""

    copies: tuple[PlannedCopy, ...]
    returns: tuple[PlannedReturn, ...]
    kept: tuple[Kept, ...]
    refused: tuple[Refused, ...]
