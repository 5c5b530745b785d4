"""What the cache remembers: tiers and places, wishes, moves under way and done, files on the fast disk and at rest."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey


class Layout(StrEnum):
    """How a path leads to its fast copy."""

    SYMLINK = "symlink"
    """A link at the path."""
    UNION = "union"
    """A union of the slow and the fast branch shows the fast one where the slow one is hidden."""


class Kind(StrEnum):
    """What a move does; the journal knows the first two only, of which the others are made."""

    CACHE_IN = "cache_in"
    MOVE_BACK = "move_back"
    REPAIR = "repair"
    """Mending what an audit or a scrub found."""
    TAKE_OVER = "take_over"
    """Making ours what another caching program set aside."""
    TAKE_BACK = "take_back"
    """Giving a file at rest a name again."""
    LET_GO = "let_go"
    """Removing a file for good whose rest is over."""


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
    fast copy's change time when it was last known to have that content, `original` the original's inode and change time
    then (empty where nobody knows).
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
    original: Mapped[str] = mapped_column(String(48), default="")


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
    """A file on the fast disk of a node, its original set aside; `played_at` is when a play of it ended last."""

    __tablename__ = "cache_copy"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    node: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime]
    played_at: Mapped[datetime | None]


class HolderRow(Base):
    """A film for whose sake a file is on the fast disk: itself, or its sidecar."""

    __tablename__ = "cache_holder"

    path: Mapped[str] = mapped_column(primary_key=True)
    film: Mapped[str] = mapped_column(primary_key=True)


class RestRow(Base):
    """A file that nothing shows any more, kept under a hidden name until `until`; `path` is where it was.

    `at` is when it came to rest; None where nobody knows.
    """

    __tablename__ = "cache_rest"
    __table_args__ = (Index("ix_cache_rest_until", "until"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    path: Mapped[str]
    resting: Mapped[str] = mapped_column(unique=True)
    root: Mapped[str]
    reason: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime | None]
    until: Mapped[datetime]


class OriginRow(Base):
    """Of which item a path on the fast disk, or at rest, is a file, and on which file system it lies.

    `listed` is where the item's files were when it was cached, `mount` where the file system is mounted below the
    place's root; empty where it is the root's own.
    """

    __tablename__ = "cache_origin"

    path: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[int | None] = mapped_column(BigInteger)
    listed: Mapped[list[Any]] = mapped_column(default=list)
    mount: Mapped[str] = mapped_column(default="")


class TierRow(Base):
    """A fast tier of a node: a folder on a fast drive. Lower `position` is filled first.

    The rules are kept as they were typed, and mean nothing where empty: `quota` is what the cache may take, `usage`
    what the drive may be filled to, `min_free` what stays free, `drive_size` stands for what the drive says of
    itself, `daily_writes` is how much may be written in a day. `host_root` is where the host sees `root`, empty where
    that is the same. `too_hot_c` is the temperature at which no more is copied to it; 0 for never.
    """

    __tablename__ = "cache_tier"
    __table_args__ = (UniqueConstraint("node", "root"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    node: Mapped[str] = mapped_column(String(200))
    root: Mapped[str]
    host_root: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    quota: Mapped[str] = mapped_column(String(40), default="")
    usage: Mapped[str] = mapped_column(String(40), default="")
    min_free: Mapped[str] = mapped_column(String(40), default="")
    drive_size: Mapped[str] = mapped_column(String(40), default="")
    daily_writes: Mapped[str] = mapped_column(String(40), default="")
    too_hot_c: Mapped[int] = mapped_column(default=0)
    copies: Mapped[int] = mapped_column(default=1)


class PlaceRow(Base):
    """A folder of a library on a slow disk of a node, whose files may be cached.

    `slow_root` is where the originals are, `view_root` where players see them: the same for a layout of links, the
    union's mount for a union. `host_root` is where the host sees `view_root`, `arr_owned` whether an *arr keeps its
    files there.
    """

    __tablename__ = "cache_place"
    __table_args__ = (UniqueConstraint("node", "library_id", "slow_root"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("library.id", ondelete="CASCADE"))
    node: Mapped[str] = mapped_column(String(200))
    layout: Mapped[str] = mapped_column(String(16))
    slow_root: Mapped[str]
    view_root: Mapped[str]
    host_root: Mapped[str] = mapped_column(default="")
    sidecars: Mapped[str] = mapped_column(String(16), default="subtitles")
    arr_owned: Mapped[bool] = mapped_column(default=False)


class PlaceTierRow(Base):
    """The fast tiers that serve a place, in order."""

    __tablename__ = "cache_place_tier"

    place_id: Mapped[int] = mapped_column(ForeignKey("cache_place.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tier_id: Mapped[int] = mapped_column(ForeignKey("cache_tier.id", ondelete="CASCADE"), index=True)


class CapRow(Base):
    """What a library, a person or an item may take at most, as it was typed, or that it takes nothing.

    `scope` is `library` (`key` its id), `account` (the id of the server's account) or `item` (empty: any one item;
    else the item's id).
    """

    __tablename__ = "cache_cap"

    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    most: Mapped[str] = mapped_column(String(40), default="")
    excluded: Mapped[bool] = mapped_column(default=False)


class WrittenRow(Base):
    """How many bytes were written to a tier on a day (UTC)."""

    __tablename__ = "cache_written"

    tier_id: Mapped[int] = mapped_column(ForeignKey("cache_tier.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, default=0)


class SeenRow(Base):
    """A server has read a file through this tier with its own eyes."""

    __tablename__ = "cache_seen"

    server_id: Mapped[int] = mapped_column(ForeignKey("server.id", ondelete="CASCADE"), primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("cache_tier.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime]


class PinRow(Base):
    """An item that somebody wants on the fast disk for good: a film, an episode, a season, a show.

    `version` is which of several: highest, lowest, 4k, 1080p, 720p, first.
    """

    __tablename__ = "cache_pin"

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[str] = mapped_column(String(16))
    asked_by: Mapped[str]
    at: Mapped[datetime]


class SourceChoiceRow(Base):
    """Whether a source of wishes counts for an account of a server; `account_id` 0 is everybody without a choice."""

    __tablename__ = "cache_source_choice"

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    account_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    counts: Mapped[bool]


class AnswerRow(Base):
    """When a source last answered for an account, and since when and why it does not; `account_id` 0: for all."""

    __tablename__ = "cache_answer"

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    server_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    answered_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")


class WantRow(Base):
    """An item that a source named when it last answered; kept while the source fails. `place` is its rank there."""

    __tablename__ = "cache_want"

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    server_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(
        ForeignKey("item.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    first_at: Mapped[datetime]


class ListRow(Base):
    """A list kept elsewhere whose films and shows are wished for; `account_id` 0: for everybody.

    `where` names whose or which list it is, `content` is that of an exported file. Of its first `most` entries those in
    the library count; with `fill` it is walked on until so many are. `owned` is how many were found when it was asked
    for last, at `asked_at`.
    """

    __tablename__ = "cache_list"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    service: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(32))
    where: Mapped[str] = mapped_column(String(300), default="")
    content: Mapped[str] = mapped_column(Text, default="")
    most: Mapped[int]
    fill: Mapped[bool]
    account_id: Mapped[int] = mapped_column(BigInteger, default=0)
    on: Mapped[bool] = mapped_column(default=True)
    owned: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")


class ListKeyRow(Base):
    """The key by which a service of lists knows its user, sealed."""

    __tablename__ = "cache_list_key"

    service: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(Text)


class ListedRow(Base):
    """An item that a list named when it last answered; kept while it fails. `place` counts from 1."""

    __tablename__ = "cache_listed"

    list_id: Mapped[int] = mapped_column(ForeignKey("cache_list.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(
        ForeignKey("item.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int]


class TasteRow(Base):
    """How tall the version was, in pixels, that somebody's player asked for last where there were several."""

    __tablename__ = "cache_taste"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("server_account.id", ondelete="CASCADE"), primary_key=True
    )
    height: Mapped[int]
    at: Mapped[datetime]


class MoveRow(Base):
    """A move that ended: what, why, how. `undoes` is the move that it took back, `rest_id` what it put to rest."""

    __tablename__ = "cache_move"
    __table_args__ = (Index("ix_cache_move_at", "at"), Index("ix_cache_move_path", "path"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(16))
    path: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id", ondelete="SET NULL"))
    tier: Mapped[str] = mapped_column(default="")
    node: Mapped[str] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(20))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    took_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    why: Mapped[str] = mapped_column(Text, default="")
    asked_by: Mapped[str]
    undoes: Mapped[int | None] = mapped_column(BigInteger)
    rest_id: Mapped[int | None] = mapped_column(BigInteger)


class FindingRow(Base):
    """What an audit or a scrub found, until it is mended or found no more."""

    __tablename__ = "cache_finding"
    __table_args__ = (UniqueConstraint("kind", "path"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    path: Mapped[str]
    node: Mapped[str] = mapped_column(String(200))
    evidence: Mapped[str] = mapped_column(Text)
    repair: Mapped[str] = mapped_column(String(40), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[datetime]


class ScrubRow(Base):
    """When a fast copy was last read from its device and had the digest that it shall have."""

    __tablename__ = "cache_scrub"

    path: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
