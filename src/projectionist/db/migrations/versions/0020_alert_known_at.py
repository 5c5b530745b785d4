"""When a value was known last to a rule of alerts: after a gap time counts anew.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("alert_state", sa.Column("known_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Back to the revision before."""
    with op.batch_alter_table("alert_state") as rows:
        rows.drop_column("known_at")
