"""The tables of alerts: rules as somebody changed them, how they stand, who is told, and what was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey

HEARTBEAT_ID = 1
PUSH_KEY_ID = 1
BROWSER = "browser"
"""The kind of a messenger that is a browser, beside those of `MessengerKind`."""
TRYING, SENDING = "trying", "sending"
"""A delivery that a job took to send it, and one that the service took to send it itself."""


class AlertRuleRow(Base):
    """What somebody changed of a rule."""

    __tablename__ = "alert_rule"

    rule: Mapped[str] = mapped_column(String(40), primary_key=True)
    is_on: Mapped[bool]
    threshold: Mapped[float] = mapped_column(Float)
    lasting_s: Mapped[int] = mapped_column(Integer)
    cool_down_s: Mapped[int] = mapped_column(Integer)


class AlertStateRow(Base):
    """How a rule stands."""

    __tablename__ = "alert_state"

    rule: Mapped[str] = mapped_column(String(40), primary_key=True)
    known_at: Mapped[datetime | None]
    wrong_since: Mapped[datetime | None]
    alert_since: Mapped[datetime | None]
    well_since: Mapped[datetime | None]
    is_told: Mapped[bool]
    told_at: Mapped[datetime | None]
    value: Mapped[float | None] = mapped_column(Float)


class MessengerRow(Base):
    """Where somebody is told. The address is sealed, of a browser its whole subscription; `host` is what may be shown.

    Quiet hours are minutes of a day; `left_out` names the rules of which this one wants to hear nothing.
    """

    __tablename__ = "messenger"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(String(300))
    is_on: Mapped[bool]
    quiet_from: Mapped[int] = mapped_column(Integer)
    quiet_to: Mapped[int] = mapped_column(Integer)
    is_woken: Mapped[bool]
    left_out: Mapped[list[Any]]
    created_at: Mapped[datetime]


class PushDeviceRow(Base):
    """What is known besides of a messenger that is a browser.

    One subscription is of one person: its hash finds it again, whoever it belongs to. `reached_at` is when its push
    service took a message last.
    """

    __tablename__ = "push_device"

    messenger_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("messenger.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    endpoint_hash: Mapped[str] = mapped_column(String(64), unique=True)
    reached_at: Mapped[datetime | None]


class PushKeyRow(Base):
    """By what push services know this house; the private part is sealed."""

    __tablename__ = "push_key"
    __table_args__ = (CheckConstraint(f"id = {PUSH_KEY_ID}", name="single"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    public_key: Mapped[str] = mapped_column(String(100))
    private_key: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]


class DeliveryRow(Base):
    """A message to somebody: `waiting`, `trying`, `sending`, `sent` or `failed`.

    `rule` is what it tells of, as messengers leave it out. It is somebody's even where the messenger is gone.
    """

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    messenger_id: Mapped[int | None] = mapped_column(
        ForeignKey("messenger.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    messenger: Mapped[str] = mapped_column(String(60))
    rule: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(2000))
    level: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), index=True)
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(1000))


class HeartbeatRow(Base):
    """Where we tell again and again that we live; the address is sealed."""

    __tablename__ = "heartbeat"
    __table_args__ = (CheckConstraint(f"id = {HEARTBEAT_ID}", name="single"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    address: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(String(300))
    every_s: Mapped[int] = mapped_column(Integer)
    tried_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(1000))


class AnnouncementRow(Base):
    """What everybody here is told until it ends."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(String(1000))
    level: Mapped[str] = mapped_column(String(10))
    ends_at: Mapped[datetime | None] = mapped_column(index=True)
