"""The language in which somebody wants pages and mails.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("user_account", sa.Column("language", sa.String(20), nullable=False, server_default=""))
    with op.batch_alter_table("user_account") as rows:
        rows.alter_column("language", server_default=None)


def downgrade() -> None:
    """Back to the revision before."""
    with op.batch_alter_table("user_account") as rows:
        rows.drop_column("language")
