"""Jobs know the trace of who asked for them.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("job", sa.Column("traceparent", sa.String(55), nullable=True))


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_column("job", "traceparent")
