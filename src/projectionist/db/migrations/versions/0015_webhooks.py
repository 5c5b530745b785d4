"""Webhooks: who may tell us something, and what they told last.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "webhook_sender",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("former_hash", sa.String(64), nullable=False),
        sa.Column("former_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("renewed_at", UtcDateTime(), nullable=True),
        sa.Column("heard_at", UtcDateTime(), nullable=True),
        sa.Column("last_event", sa.String(60), nullable=False),
        sa.Column("heard_count", sa.Integer(), nullable=False),
        sa.Column("refused_at", UtcDateTime(), nullable=True),
        sa.Column("refused_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_sender"),
        sa.UniqueConstraint("name", name="uq_webhook_sender_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("sender_id", BigKey, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("event", sa.String(60), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.ForeignKeyConstraint(
            ["sender_id"],
            ["webhook_sender.id"],
            name="fk_webhook_delivery_sender_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_delivery"),
    )
    op.create_index("ix_webhook_delivery_sender_id_id", "webhook_delivery", ["sender_id", "id"])


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_table("webhook_delivery")
    op.drop_table("webhook_sender")
