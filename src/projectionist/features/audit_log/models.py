"""The tables of the audit log: its entries, and where its chain ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey

HEAD_ID = 1


class AuditEntryRow(Base):
    """An act: `previous` is the hash of the entry before it, and `hash` is over everything else, `previous` too."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    act: Mapped[str] = mapped_column(String(40), index=True)
    who_id: Mapped[int | None] = mapped_column(BigKey)
    who: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(64))
    about: Mapped[str] = mapped_column(String(200))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Base):
    """The newest entry; without it, entries cut off at the end would not be missed."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint(f"id = {HEAD_ID}", name="single"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(BigKey)
    hash: Mapped[str] = mapped_column(String(64))
