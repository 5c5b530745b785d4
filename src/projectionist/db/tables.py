"""The tables of the database's own: events between processes, what the settings page saved, and what is counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey


class EventRow(Base):
    """Something that happened, for every process to hear of. Its numbers are never given out twice."""

    __tablename__ = "event"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    topic: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]]
    permission: Mapped[str] = mapped_column(String(40))
    person: Mapped[int | None] = mapped_column(BigKey)


class SavedSettingRow(Base):
    """The value of a setting as text, as somebody typed it on the settings page."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class CountRow(Base):
    """How often somebody did something since `starts_at`; one row per person and length of time."""

    __tablename__ = "count"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    who: Mapped[str] = mapped_column(String(100), primary_key=True)
    span_s: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]
