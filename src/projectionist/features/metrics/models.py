"""The tables of metrics: what was sampled, coarser and coarser, and what other processes report."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base


class MetricSampleRow(Base):
    """What was measured in the step of time that begins `at`: by name how often, the sum, and the highest."""

    __tablename__ = "metric_sample"

    step: Mapped[str] = mapped_column(String(10), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    measures: Mapped[dict[str, Any]]


class MetricReportRow(Base):
    """How the metrics of a process stood that nobody asks by itself; one row each, replaced every time."""

    __tablename__ = "metric_report"

    process: Mapped[str] = mapped_column(String(120), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    families: Mapped[list[Any]]
