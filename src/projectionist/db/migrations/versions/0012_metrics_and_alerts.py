"""Metrics and alerts: samples, reports of processes; rules, who is told, what was sent, announcements.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0012"
down_revision = "0011"
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
    _add_rules()
    _add_messengers()
    _add_announcements()


def _add_rules() -> None:
    op.create_table(
        "alert_rule",
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("lasting_s", sa.Integer(), nullable=False),
        sa.Column("cool_down_s", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_alert_rule"),
    )
    op.create_table(
        "alert_state",
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("wrong_since", UtcDateTime(), nullable=True),
        sa.Column("alert_since", UtcDateTime(), nullable=True),
        sa.Column("well_since", UtcDateTime(), nullable=True),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("rule", name="pk_alert_state"),
    )


def _add_messengers() -> None:
    op.create_table(
        "messenger",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("user_id", BigKey, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("host", sa.String(300), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.Column("is_woken", sa.Boolean(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_messenger_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_messenger"),
        sa.UniqueConstraint("user_id", "name", name="uq_messenger_user_id_name"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("messenger_id", BigKey, nullable=True),
        sa.Column("messenger", sa.String(60), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["messenger_id"], ["messenger.id"], name="fk_delivery_messenger_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    for column in ("at", "messenger_id", "state"):
        op.create_index(f"ix_delivery_{column}", "delivery", [column])


def _add_announcements() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("host", sa.String(300), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("heard_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(1000), nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
        sa.PrimaryKeyConstraint("id", name="pk_heartbeat"),
    )
    op.create_table(
        "announcement",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_announcement"),
    )
    op.create_index("ix_announcement_ends_at", "announcement", ["ends_at"])


def downgrade() -> None:
    """Back to the revision before."""
    for table in ("announcement", "heartbeat", "delivery", "messenger", "alert_state", "alert_rule"):
        op.drop_table(table)
    op.drop_table("metric_report")
    op.drop_table("metric_sample")
