"""Who made an invitation or a link, so that it is over when they may make it no more.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("account_link", table_kwargs={"sqlite_autoincrement": True}) as links:
        links.add_column(sa.Column("maker_id", BigKey, nullable=True))
        links.create_foreign_key(
            "fk_account_link_maker_id", "user_account", ["maker_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_account_link_maker_id", "account_link", ["maker_id"])


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_index("ix_account_link_maker_id", "account_link")
    with op.batch_alter_table("account_link", table_kwargs={"sqlite_autoincrement": True}) as links:
        links.drop_constraint("fk_account_link_maker_id", type_="foreignkey")
        links.drop_column("maker_id")
