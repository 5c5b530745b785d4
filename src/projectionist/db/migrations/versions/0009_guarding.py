"""Guarding: counts, failures to sign in, known browsers, the audit log; and when a file at rest came to rest.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision; attempts of the last hour are counted anew."""
    op.drop_table("sign_in_attempt")
    op.create_table(
        "count",
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("who", sa.String(100), nullable=False),
        sa.Column("span_s", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "who", "span_s", name="pk_count"),
    )
    op.create_index("ix_count_starts_at", "count", ["starts_at"])
    op.create_table(
        "sign_in_failure",
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("who", name="pk_sign_in_failure"),
    )
    op.create_index("ix_sign_in_failure_last_at", "sign_in_failure", ["last_at"])
    op.create_table(
        "known_browser",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", BigKey, nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_known_browser_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", "user_id", name="pk_known_browser"),
    )
    op.create_index("ix_known_browser_user_id", "known_browser", ["user_id"])
    _audit_log()
    op.add_column("cache_rest", sa.Column("at", UtcDateTime(), nullable=True))


def _audit_log() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", BigKey, nullable=False, autoincrement=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("who_id", BigKey, nullable=True),
        sa.Column("who", sa.String(100), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("about", sa.String(200), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.create_index("ix_audit_entry_act", "audit_entry", ["act"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("last_id", BigKey, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_column("cache_rest", "at")
    for table in ("audit_head", "audit_entry", "known_browser", "sign_in_failure", "count"):
        op.drop_table(table)
    op.create_table(
        "sign_in_attempt",
        sa.Column("address", sa.String(64), primary_key=True),
        sa.Column("span_s", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
