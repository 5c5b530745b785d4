"""What somebody may want to watch soon: which file, how much, why, and which sources did not say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from projectionist.media.vocabulary import ServerPath

WHOLE = 100.0
"""The score of what is played and of what is pinned."""


class Source(StrEnum):
    """Where a wish comes from."""

    PLAYING = "playing"
    ON_DECK = "on_deck"
    NEXT = "next"
    WATCHLIST = "watchlist"
    RECENT = "recent"
    PIN = "pin"
    LIST = "list"
    PREDICTION = "prediction"


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A file of a library: as its server sees it, and where this node has it. `size` is in bytes."""

    part_id: int
    item_id: int
    library_id: int
    server_id: int
    part_key: str
    server_path: ServerPath
    path: Path
    size: int
    title: str


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a score: what it is for, its points, and why in words."""

    name: str
    points: float
    why: str


@dataclass(frozen=True, slots=True)
class Want:
    """A file that is worth having on a fast disk.

    `score` is from 0 to 100 and what its terms come to; it follows from `worth`, which orders the plan: the chance that
    somebody plays the file within days, for each byte of it, infinite for what is played or pinned. `pays` where that
    is worth a copy; what is there may stay without it. `accounts` are those of the servers for whose sake, by their
    id; empty where nobody in particular. `soon` orders the copies, the highest first. `above` are the season and the
    show of an episode, by their ids.
    """

    file: FilmFile
    score: float
    terms: tuple[Term, ...]
    sources: frozenset[Source]
    accounts: frozenset[int]
    soon: float
    above: frozenset[int] = frozenset()
    worth: float = 0.0
    pays: bool = True


@dataclass(frozen=True, slots=True)
class FailedSource:
    """A source that does not answer, since when, and why; what it named before still counts.

    `server` is what people call the server, or the list; `account` is whose, empty where it is asked for everybody;
    `kept` is how many items it named before.
    """

    source: Source
    server_id: int
    server: str
    account_id: int
    account: str
    since: datetime
    reason: str
    kept: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is wanted, best first. What a failed source named before is in `wants` too."""

    wants: tuple[Want, ...]
    failed: tuple[FailedSource, ...] = ()
