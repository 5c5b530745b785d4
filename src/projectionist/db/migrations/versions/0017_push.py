"""Messages to browsers, and whose a delivery is.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "push_device",
        sa.Column("messenger_id", BigKey, nullable=False, autoincrement=False),
        sa.Column("endpoint_hash", sa.String(64), nullable=False),
        sa.Column("reached_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["messenger_id"], ["messenger.id"], name="fk_push_device_messenger_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("messenger_id", name="pk_push_device"),
        sa.UniqueConstraint("endpoint_hash", name="uq_push_device_endpoint_hash"),
    )
    op.create_table(
        "push_key",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("public_key", sa.String(100), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
        sa.PrimaryKeyConstraint("id", name="pk_push_key"),
    )
    with op.batch_alter_table("delivery") as rows:
        rows.add_column(sa.Column("user_id", BigKey, nullable=True))
        rows.add_column(sa.Column("rule", sa.String(40), nullable=False, server_default=""))
        rows.create_foreign_key(
            "fk_delivery_user_id", "user_account", ["user_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_delivery_user_id", "delivery", ["user_id"])
    op.execute(
        "UPDATE delivery SET user_id = "
        "(SELECT messenger.user_id FROM messenger WHERE messenger.id = delivery.messenger_id)"
    )
    with op.batch_alter_table("delivery") as rows:  # the default is for what was there before
        rows.alter_column("rule", server_default=None)


def downgrade() -> None:
    """Back to the revision before; browsers are told nothing any more, and neither is what was sent to them."""
    op.drop_table("push_device")
    op.drop_table("push_key")
    op.execute("DELETE FROM delivery WHERE messenger_id IN (SELECT id FROM messenger WHERE kind = 'browser')")
    op.execute("DELETE FROM messenger WHERE kind = 'browser'")
    op.drop_index("ix_delivery_user_id", "delivery")
    with op.batch_alter_table("delivery") as rows:
        rows.drop_constraint("fk_delivery_user_id", type_="foreignkey")
        rows.drop_column("rule")
        rows.drop_column("user_id")
