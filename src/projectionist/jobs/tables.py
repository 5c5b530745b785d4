"""The tables of jobs: what pages list, whoever does the work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey

LIVE = text("state IN ('queued', 'running', 'waiting')")
"""Not over; in words of SQL, so that both databases see that their partial indexes fit."""


class JobRow(Base):
    """A job. `workflow_id` is the durable workflow that carries it; every new try is a new one."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_live_key",
            "kind",
            "key",
            unique=True,
            sqlite_where=text(f"key IS NOT NULL AND {LIVE.text}"),
            postgresql_where=text(f"key IS NOT NULL AND {LIVE.text}"),
        ),
        Index("ix_job_live", "id", sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_job_state_created_at", "state", "created_at"),
        Index("ix_job_queue_state", "queue", "state"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    workflow_id: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(60))
    queue: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(300))
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(12))
    priority: Mapped[int]
    key: Mapped[str | None] = mapped_column(String(200))
    attempt: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    refused_by: Mapped[list[Any]] = mapped_column(default=list)
    done: Mapped[float] = mapped_column(Float, default=0.0)
    total: Mapped[float | None] = mapped_column(Float)
    unit: Mapped[str] = mapped_column(String(40), default="")
    now: Mapped[str] = mapped_column(String(300), default="")
    rate_per_s: Mapped[float | None] = mapped_column(Float)
    eta_s: Mapped[float | None] = mapped_column(Float)
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str] = mapped_column(String(1000), default="")
    error_code: Mapped[str] = mapped_column(String(60), default="")
    node: Mapped[str] = mapped_column(String(120), default="")
    asked_by: Mapped[str] = mapped_column(String(60), default="")
    correlation_id: Mapped[str] = mapped_column(String(64), default="")
    traceparent: Mapped[str | None] = mapped_column(String(55))
    cancelling: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)


class JobLogRow(Base):
    """A line of a job's log."""

    __tablename__ = "job_log"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    job_id: Mapped[str] = mapped_column(String(40), index=True)
    at: Mapped[datetime]
    level: Mapped[str] = mapped_column(String(10))
    message: Mapped[str] = mapped_column(String(4000))


class QueueRow(Base):
    """What people have set of a queue."""

    __tablename__ = "job_queue"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    paused: Mapped[bool] = mapped_column(default=False)
    concurrency: Mapped[int] = mapped_column(Integer)


class ScheduleRow(Base):
    """A job asked for again and again."""

    __tablename__ = "job_schedule"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    arguments: Mapped[dict[str, Any]]
    when: Mapped[str] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64))
    paused: Mapped[bool] = mapped_column(default=False)
    last_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]


class NodeRow(Base):
    """A process that works or serves; `beats` grows for as long as it lives, whatever its clock says."""

    __tablename__ = "job_node"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    host: Mapped[str] = mapped_column(String(120))
    queues: Mapped[list[Any]]
    version: Mapped[str] = mapped_column(String(40))
    beats: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    left: Mapped[bool] = mapped_column(default=False)
