"""The tables of webhooks: who may tell us something, and what they told last."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey


class WebhookSenderRow(Base):
    """A program that may tell us something. Of its secret only the hash is kept.

    `former_hash` is that of the secret before, which is taken until `former_until`. `refused_count` counts who came
    with another secret.
    """

    __tablename__ = "webhook_sender"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    secret_hash: Mapped[str] = mapped_column(String(64))
    former_hash: Mapped[str] = mapped_column(String(64))
    former_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(100))
    renewed_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    last_event: Mapped[str] = mapped_column(String(60))
    heard_count: Mapped[int] = mapped_column(Integer)
    refused_at: Mapped[datetime | None]
    refused_count: Mapped[int] = mapped_column(Integer)


class WebhookDeliveryRow(Base):
    """Something that a sender told, and what came of it; never what it sent."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (Index("ix_webhook_delivery_sender_id_id", "sender_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sender_id: Mapped[int] = mapped_column(ForeignKey("webhook_sender.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(300))
