"""Every query on metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.db.model import UtcDateTime
from projectionist.features.metrics.models import MetricReportRow, MetricSampleRow


def put_sample(session: Session, step: str, at: datetime, measures: Mapping[str, Any]) -> None:
    """Keep a sample, in place of one of the same step and time."""
    _put(session, MetricSampleRow, {"step": step, "at": at, "measures": dict(measures)}, ("step", "at"))


def put_report(session: Session, process: str, at: datetime, families: Sequence[Any]) -> None:
    """Keep how a process stands, in place of how it stood."""
    _put(session, MetricReportRow, {"process": process, "at": at, "families": list(families)}, ("process",))


def samples(session: Session, step: str, since: datetime, before: datetime) -> Sequence[MetricSampleRow]:
    """Samples of a step, the oldest first."""
    return session.scalars(
        select(MetricSampleRow)
        .where(MetricSampleRow.step == step, MetricSampleRow.at >= since, MetricSampleRow.at < before)
        .order_by(MetricSampleRow.at)
    ).all()


def last_sample(session: Session, step: str) -> datetime | None:
    """When the newest sample of a step begins."""
    return session.scalar(select(func.max(MetricSampleRow.at)).where(MetricSampleRow.step == step))


def remove_samples(session: Session, step: str, before: datetime, after: datetime) -> None:
    """Remove what is older than `before`; and what is later than `after`, which a wrong clock has written."""
    session.execute(
        delete(MetricSampleRow).where(
            MetricSampleRow.step == step, or_(MetricSampleRow.at < before, MetricSampleRow.at > after)
        )
    )


def reports(session: Session, since: datetime, but: str) -> Sequence[MetricReportRow]:
    """How other processes stood that have reported lately."""
    return session.scalars(
        select(MetricReportRow)
        .where(MetricReportRow.at >= since, MetricReportRow.process != but)
        .order_by(MetricReportRow.process)
    ).all()


def remove_report(session: Session, process: str) -> None:
    """A process ends, or tells of itself by itself."""
    session.execute(delete(MetricReportRow).where(MetricReportRow.process == process))


def remove_reports_before(session: Session, moment: datetime) -> None:
    """Remove what processes reported that are no more."""
    session.execute(delete(MetricReportRow).where(MetricReportRow.at < moment))


def live_jobs(session: Session) -> Sequence[tuple[str, str, int]]:
    """How many jobs of each kind are in each state that is not over."""
    found = session.execute(
        text(
            "SELECT kind, state, count(*) FROM job WHERE state IN ('queued', 'running', 'waiting') "
            "GROUP BY kind, state ORDER BY kind, state"
        )
    )
    return [(str(kind), str(state), int(count)) for kind, state, count in found]


def due_jobs(session: Session, now: datetime) -> int:
    """How many jobs could run now and do not: those for later, and those of paused queues, are left out."""
    found = session.execute(
        text(
            "SELECT count(*) FROM job WHERE state IN ('queued', 'waiting') "
            "AND (not_before IS NULL OR not_before <= :now) "
            "AND queue NOT IN (SELECT name FROM job_queue WHERE paused)"
        ).bindparams(bindparam("now", now, type_=UtcDateTime()))
    )
    return int(found.scalar_one())


def _put(session: Session, row: type[Any], values: dict[str, Any], key: tuple[str, ...]) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(row).values(**values)
    replaced = {name: fresh.excluded[name] for name in values if name not in key}
    session.execute(fresh.on_conflict_do_update(index_elements=list(key), set_=replaced))
