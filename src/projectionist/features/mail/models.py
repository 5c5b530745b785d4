"""The table of mails that are to be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey


class LetterRow(Base):
    """A mail that is to be sent: of what kind, to whom, and what it is about, by number.

    What it says is written only when it is sent, so that no link, and nothing else that opens anything, rests here.
    Jobs know it by its number, which is never used again.
    """

    __tablename__ = "mail_letter"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(254))
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)
    asked_by: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
