"""The tables of the library index: what each server holds, who watched it, and what finds it again."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey
from projectionist.media.vocabulary import ItemKind

BYTEWISE = String().with_variant(String(collation="C"), "postgresql")
"""Text that both databases put in the same order."""

PROMINENCE = {
    ItemKind.MOVIE: 0,
    ItemKind.SHOW: 0,
    ItemKind.ARTIST: 0,
    ItemKind.VIDEO: 0,
    ItemKind.ALBUM: 1,
    ItemKind.EPISODE: 2,
    ItemKind.TRACK: 2,
}
"""Who comes first in search. A season is found by its show."""

_CLUSTERED = {"sqlite_with_rowid": False}
"""SQLite keeps the rows in their key itself, instead of beside it."""


class LibraryRow(Base):
    """A library of a server. `missing_since` is set while a server that answers does not list it.

    `changed_to` is the newest change seen in it, by the server's clock; `complete_at` when it was last read from
    end to end. `doubted` is how many items were absent in a complete reading, where that were too many to
    believe at once, and `doubted_at` when that was first seen.
    """

    __tablename__ = "library"
    __table_args__ = (UniqueConstraint("server_id", "key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.id", ondelete="CASCADE"))
    key: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str]
    locations: Mapped[list[Any]] = mapped_column(default=list)
    position: Mapped[int] = mapped_column(default=0)
    enabled: Mapped[bool] = mapped_column(default=True)
    item_count: Mapped[int] = mapped_column(default=0)
    synced_at: Mapped[datetime | None]
    complete_at: Mapped[datetime | None]
    changed_to: Mapped[datetime | None]
    missing_since: Mapped[datetime | None]
    doubted: Mapped[int] = mapped_column(default=0)
    doubted_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")


def _where_set(column: str) -> Index:
    there = text(f"{column} IS NOT NULL")
    return Index(f"ix_item_{column}", column, sqlite_where=there, postgresql_where=there)


class ItemRow(Base):
    """An item. Its key is unique on its server, so that one moved to another library stays the same item.

    `folded` is what search compares; `prominence` puts films and shows before episodes, and is null for what is
    not searched; `mark` tells whether the server lists it as it is stored.
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("server_id", "key"),
        Index("ix_item_library_id_kind_sort_key", "library_id", "kind", "sort_key"),
        Index("ix_item_library_id_kind_added_at", "library_id", "kind", "added_at"),
        Index("ix_item_prominence_folded", "prominence", "folded"),
        _where_set("parent_id"),
        _where_set("grandparent_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.id", ondelete="CASCADE"))
    library_id: Mapped[int] = mapped_column(ForeignKey("library.id", ondelete="CASCADE"))
    key: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("item.id", ondelete="SET NULL"))
    grandparent_id: Mapped[int | None] = mapped_column(ForeignKey("item.id", ondelete="SET NULL"))
    title: Mapped[str]
    original_title: Mapped[str] = mapped_column(default="")
    sort_title: Mapped[str] = mapped_column(default="")
    sort_key: Mapped[str] = mapped_column(BYTEWISE, default="")
    folded: Mapped[str] = mapped_column(BYTEWISE, default="")
    prominence: Mapped[int | None]
    year: Mapped[int | None]
    number: Mapped[int | None]
    duration_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    height: Mapped[int] = mapped_column(default=0)
    summary: Mapped[str] = mapped_column(Text, default="")
    added_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    released_on: Mapped[date | None] = mapped_column(Date)
    rating: Mapped[float | None]
    content_rating: Mapped[str] = mapped_column(default="")
    studio: Mapped[str] = mapped_column(default="")
    genres: Mapped[list[Any]] = mapped_column(default=list)
    poster: Mapped[str] = mapped_column(default="")
    art: Mapped[str] = mapped_column(default="")
    mark: Mapped[int] = mapped_column(BigInteger, default=0)


class VersionRow(Base):
    """One encoding of an item, in the server's order."""

    __tablename__ = "version"
    __table_args__ = _CLUSTERED

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str]
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    video_codec: Mapped[str] = mapped_column(default="")
    audio_codec: Mapped[str] = mapped_column(default="")
    bitrate_kbps: Mapped[int] = mapped_column(default=0)
    duration_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    optimized: Mapped[bool] = mapped_column(default=False)


class PartRow(Base):
    """One file of a version. `hash` is what its server names its own folder for it by; null until asked for."""

    __tablename__ = "part"
    __table_args__ = (
        UniqueConstraint("item_id", "key"),
        Index("ix_part_library_id_id", "library_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("library.id", ondelete="CASCADE"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"))
    version: Mapped[int]
    position: Mapped[int]
    key: Mapped[str]
    path: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    duration_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    container: Mapped[str] = mapped_column(default="")
    hash: Mapped[str | None]
    has_preview: Mapped[bool] = mapped_column(default=False)


class ExternalIdRow(Base):
    """What another catalogue calls an item."""

    __tablename__ = "external_id"
    __table_args__ = (Index("ix_external_id_source_value", "source", "value"), _CLUSTERED)

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)


class ServerAccountRow(Base):
    """A person as a server knows them."""

    __tablename__ = "server_account"
    __table_args__ = (UniqueConstraint("server_id", "key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.id", ondelete="CASCADE"))
    key: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    is_owner: Mapped[bool] = mapped_column(default=False)


class WatchStateRow(Base):
    """How far somebody is with an item; no row says that they never began."""

    __tablename__ = "watch_state"
    __table_args__ = _CLUSTERED

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("server_account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    watched_count: Mapped[int] = mapped_column(default=0)
    position_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    watched_at: Mapped[datetime | None]


class HistoryRow(Base):
    """Somebody watched an item then."""

    __tablename__ = "history"
    __table_args__ = (Index("ix_history_account_id_at", "account_id", "at"), _CLUSTERED)

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("server_account.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(primary_key=True)


class OnDeckRow(Base):
    """What somebody watches next, best first, as their server last said."""

    __tablename__ = "on_deck"
    __table_args__ = _CLUSTERED

    account_id: Mapped[int] = mapped_column(
        ForeignKey("server_account.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), index=True)
    position_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[datetime | None]


class UnindexedRow(Base):
    """An item that search does not know yet, or knows by another title."""

    __tablename__ = "unindexed"

    item_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("item.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class TrigramRow(Base):
    """The items whose folded title has these three characters, as packed ids, in one segment of the index.

    A segment is written whole and never changed; what it names that has been renamed since is found out when
    the titles themselves are compared.
    """

    __tablename__ = "trigram"
    __table_args__ = (Index("ix_trigram_segment", "segment"),)

    trigram: Mapped[str] = mapped_column(String(3), primary_key=True)
    segment: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    items: Mapped[bytes] = mapped_column(LargeBinary)
