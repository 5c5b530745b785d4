"""People, their sign-ins, counted attempts, and the setup."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "user_account",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("folded_name", sa.String(30), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("founder", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("password_changed_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("folded_name", name="uq_user_account_folded_name"),
        sa.UniqueConstraint("founder", name="uq_user_account_founder"),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column(
            "user_id",
            BigKey,
            sa.ForeignKey("user_account.id", ondelete="CASCADE", name="fk_sign_in_user_id"),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("remembered", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("browser", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_token_hash"),
    )
    op.create_index("ix_sign_in_user_id", "sign_in", ["user_id"])
    op.create_index("ix_sign_in_expires_at", "sign_in", ["expires_at"])
    op.create_table(
        "sign_in_attempt",
        sa.Column("address", sa.String(64), primary_key=True),
        sa.Column("span_s", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_table(
        "setup",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("link_hash", sa.String(64), nullable=True),
        sa.Column("cookie_hash", sa.String(64), nullable=True),
        sa.Column("founded_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("setup")
    op.drop_table("sign_in_attempt")
    op.drop_table("sign_in")
    op.drop_table("user_account")
