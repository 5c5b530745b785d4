"""Jobs, their logs, queues, schedules, and the processes that work on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LIVE = "state IN ('queued', 'running', 'waiting')"


def upgrade() -> None:
    """Make the tables."""
    _jobs()
    op.create_table(
        "job_log",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("message", sa.String(4000), nullable=False),
    )
    op.create_index("ix_job_log_job_id", "job_log", ["job_id"])
    op.create_table(
        "job_queue",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
    )
    op.create_table(
        "job_schedule",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("when", sa.String(100), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.Column("next_at", UtcDateTime(), nullable=True),
    )
    op.create_table(
        "job_node",
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("host", sa.String(120), nullable=False),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("beats", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("left", sa.Boolean(), nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("workflow_id", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("queue", sa.String(60), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("refused_by", sa.JSON(), nullable=False),
        sa.Column("done", sa.Float(), nullable=False),
        sa.Column("total", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(40), nullable=False),
        sa.Column("now", sa.String(300), nullable=False),
        sa.Column("rate_per_s", sa.Float(), nullable=True),
        sa.Column("eta_s", sa.Float(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.String(1000), nullable=False),
        sa.Column("error_code", sa.String(60), nullable=False),
        sa.Column("node", sa.String(120), nullable=False),
        sa.Column("asked_by", sa.String(60), nullable=False),
        sa.Column("correlation_id", sa.String(64), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
    )
    live, keyed = sa.text(_LIVE), sa.text(f"key IS NOT NULL AND {_LIVE}")
    op.create_index(
        "uq_job_live_key", "job", ["kind", "key"], unique=True, sqlite_where=keyed, postgresql_where=keyed
    )
    op.create_index("ix_job_live", "job", ["id"], sqlite_where=live, postgresql_where=live)
    op.create_index("ix_job_state_created_at", "job", ["state", "created_at"])
    op.create_index("ix_job_queue_state", "job", ["queue", "state"])
    op.create_index("ix_job_ended_at", "job", ["ended_at"])


def downgrade() -> None:
    """Take the tables out."""
    for table in ("job_node", "job_schedule", "job_queue", "job_log", "job"):
        op.drop_table(table)
