"""Metrics: samples of them, and what processes report.

Revision ID: 0014
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import UtcDateTime

revision = "0014"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "metric_sample",
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("step", "at", name="pk_metric_sample"),
    )
    op.create_table(
        "metric_report",
        sa.Column("process", sa.String(120), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("families", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("process", name="pk_metric_report"),
    )
    op.create_index("ix_metric_report_at", "metric_report", ["at"])


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_table("metric_report")
    op.drop_table("metric_sample")
