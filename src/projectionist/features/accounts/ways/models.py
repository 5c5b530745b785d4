"""The tables of further ways in: who is known elsewhere as whom, and what was begun there and is not over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey


class IdentityRow(Base):
    """Who somebody of this house is to another service: `subject` names them there, for ever; `name` may change.

    `issuer` is the service, so that the same number elsewhere is somebody else.
    """

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("kind", "issuer", "subject"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100), default="")
    linked_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class HandshakeRow(Base):
    """Something that a browser began at another service; `user_id` is who wants to link what comes of it, if anybody.

    Only a hash of what the browser shows is kept, and `sealed` is what the service was told, which no browser sees.
    """

    __tablename__ = "handshake"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[str] = mapped_column(Text)
    remember: Mapped[bool]
    wanted: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    looked_at: Mapped[datetime | None]
