"""The cache: moves under way, files on the fast disk, and files at rest.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "cache_journal",
        sa.Column("id", BigKey, nullable=False),
        *_spot(),
        sa.Column("token", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("film", "node")),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cache_journal"),
        sa.UniqueConstraint("path", name="uq_cache_journal_path"),
    )
    op.create_table(
        "cache_copy",
        sa.Column("id", BigKey, nullable=False),
        *_spot(),
        sa.Column("node", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("played_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cache_copy"),
        sa.UniqueConstraint("path", name="uq_cache_copy_path"),
    )
    op.create_table(
        "cache_holder",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("film", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("path", "film", name="pk_cache_holder"),
    )
    op.create_table(
        "cache_rest",
        sa.Column("id", BigKey, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("path", "resting", "root")),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cache_rest"),
        sa.UniqueConstraint("resting", name="uq_cache_rest_resting"),
    )
    op.create_index("ix_cache_rest_until", "cache_rest", ["until"])


def _spot() -> list[sa.Column[Any]]:
    return [
        sa.Column("layout", sa.String(16), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("path", "fast", "fast_root", "slow_root", "link")
        ),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("fast_ctime_ns", sa.BigInteger(), nullable=False),
    ]


def downgrade() -> None:
    """Back to the revision before."""
    for table in ("cache_rest", "cache_holder", "cache_copy", "cache_journal"):
        op.drop_table(table)
