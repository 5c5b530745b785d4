"""What is known of the previews of a library: one row per part, one per file on disk, and what is wanted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey


class PreviewState(StrEnum):
    """Where the preview of a part stands."""

    UNKNOWN = "unknown"
    """Nobody has looked yet."""
    MISSING = "missing"
    WAITING = "waiting"
    """Something outside has to happen first; the reason says what."""
    QUEUED = "queued"
    MAKING = "making"
    FRESH = "fresh"
    STALE = "stale"
    """There, but of another film, made otherwise than wanted, or broken."""
    FAILED = "failed"
    EXCLUDED = "excluded"


class Film(Base):
    """A video file as the disk has it, however many servers list it: what is decoded once.

    `key` stands for the real path, `same_as` for device, inode, size and modification time, so that a second
    hard link is known.
    """

    __tablename__ = "preview_film"
    __table_args__ = (Index("ix_preview_film_same_as", "same_as"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    path: Mapped[str]
    same_as: Mapped[str] = mapped_column(String(100))


class Claim(Base):
    """Somebody makes the previews of a film; counts until `until`, and is renewed for as long as they live."""

    __tablename__ = "preview_claim"

    film_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("preview_film.id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[str] = mapped_column(String(32))
    job_id: Mapped[str]
    node: Mapped[str]
    until: Mapped[datetime]


class Preview(Base):
    """The preview of one part, in every place it is wanted.

    `mark` stands for what was wanted and of which film when it was last found fresh or failed; `targets` are the
    places, each `{"place", "format", "path", "size", "mtime_ns"}`, so that a look at names and sizes tells
    whether all is as it was. `seconds` is what the last making took, `bytes` what it left.
    """

    __tablename__ = "preview"
    __table_args__ = (
        Index("ix_preview_library_id_state_bytes", "library_id", "state", "bytes"),
        Index("ix_preview_server_id_part_hash", "server_id", "part_hash"),
    )

    part_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("part.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    library_id: Mapped[int] = mapped_column(BigKey, ForeignKey("library.id", ondelete="CASCADE"))
    item_id: Mapped[int] = mapped_column(BigKey, ForeignKey("item.id", ondelete="CASCADE"), index=True)
    server_id: Mapped[int] = mapped_column(BigKey, ForeignKey("server.id", ondelete="CASCADE"))
    film_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("preview_film.id", ondelete="SET NULL"), index=True
    )
    title: Mapped[str]
    item_key: Mapped[str]
    part_key: Mapped[str]
    server_path: Mapped[str]
    part_hash: Mapped[str] = mapped_column(default="")
    film_size: Mapped[int] = mapped_column(BigInteger, default=0)
    duration_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[str] = mapped_column(String(16), default=PreviewState.UNKNOWN)
    reason: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(String(40), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    made_at: Mapped[datetime | None]
    mark: Mapped[str] = mapped_column(String(32), default="")
    interval_ms: Mapped[int] = mapped_column(default=0)
    width: Mapped[int] = mapped_column(default=0)
    quality: Mapped[int] = mapped_column(default=0)
    frames: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    targets: Mapped[list[Any]] = mapped_column(default=list)


class DefaultChoice(Base):
    """What is wanted of every library that says nothing else; one row."""

    __tablename__ = "preview_default"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enabled: Mapped[bool]
    places: Mapped[str]
    interval_ms: Mapped[int]
    width: Mapped[int]
    quality: Mapped[int]
    mode: Mapped[str] = mapped_column(String(16))
    folder: Mapped[str]
    left_out: Mapped[str]


class LibraryChoice(Base):
    """What is wanted of one library; None leaves it to the default."""

    __tablename__ = "preview_choice"

    library_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("library.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    enabled: Mapped[bool | None]
    places: Mapped[str | None]
    interval_ms: Mapped[int | None]
    width: Mapped[int | None]
    quality: Mapped[int | None]
    mode: Mapped[str | None] = mapped_column(String(16))
    folder: Mapped[str | None]
    left_out: Mapped[str | None]


class Work(Base):
    """What one node made in one hour, for rates: films made and failed, seconds of film and of work, bytes read."""

    __tablename__ = "preview_work"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(primary_key=True)
    made: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    film_seconds: Mapped[float] = mapped_column(default=0.0)
    work_seconds: Mapped[float] = mapped_column(default=0.0)
    bytes_read: Mapped[int] = mapped_column(BigInteger, default=0)
