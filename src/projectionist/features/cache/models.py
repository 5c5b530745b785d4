"""What the cache remembers: moves under way, files on the fast disk, and files that rest before they go."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey


class Layout(StrEnum):
    """How a path leads to its fast copy."""

    SYMLINK = "symlink"
    """A link at the path."""
    UNION = "union"
    """A union of the slow and the fast branch shows the fast one where the slow one is hidden."""


class Kind(StrEnum):
    """What a move does."""

    CACHE_IN = "cache_in"
    MOVE_BACK = "move_back"


class Step(StrEnum):
    """What is about to be done; written before it is."""

    COPYING = "copying"
    PUBLISHING = "publishing"
    SWAPPING = "swapping"
    WITNESSING = "witnessing"
    REMOVING = "removing"
    RESTING = "resting"


class SpotColumns:
    """Where a file is and how it was: its path, its fast copy, and what tells the original from another file.

    `link` is the text of the link, `digest` the XXH3-128 of the content (empty until it is known), `fast_ctime_ns` the
    fast copy's change time when it was last known to have that content.
    """

    layout: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(unique=True)
    fast: Mapped[str]
    fast_root: Mapped[str]
    slow_root: Mapped[str]
    link: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(32), default="")
    fast_ctime_ns: Mapped[int] = mapped_column(BigInteger, default=0)


class JournalRow(SpotColumns, Base):
    """A move under way; one for each path. `token` makes the names of its temporary files, `film` holds the copy."""

    __tablename__ = "cache_journal"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    step: Mapped[str] = mapped_column(String(16))
    film: Mapped[str]
    node: Mapped[str]
    at: Mapped[datetime]


class CopyRow(SpotColumns, Base):
    """A file that is on the fast disk, its original set aside."""

    __tablename__ = "cache_copy"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime]


class HolderRow(Base):
    """A film for whose sake a file is on the fast disk: itself, or its sidecar."""

    __tablename__ = "cache_holder"

    path: Mapped[str] = mapped_column(primary_key=True)
    film: Mapped[str] = mapped_column(primary_key=True)


class RestRow(Base):
    """A file that nothing shows any more, kept under a hidden name until `until`; `path` is where it was."""

    __tablename__ = "cache_rest"
    __table_args__ = (Index("ix_cache_rest_until", "until"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    path: Mapped[str]
    resting: Mapped[str] = mapped_column(unique=True)
    root: Mapped[str]
    reason: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[datetime]
