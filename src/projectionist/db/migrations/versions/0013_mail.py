"""Mail: e-mail addresses of users, and mails that are to be sent.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("user_account") as users:
        users.add_column(sa.Column("email", sa.String(254), nullable=True))
        users.add_column(sa.Column("folded_email", sa.String(254), nullable=True))
        users.create_unique_constraint("uq_user_account_folded_email", ["folded_email"])
    op.add_column("account_link", sa.Column("address", sa.String(254), nullable=False, server_default=""))
    # The default is for what was there before. Letters name links by number, so that none is used twice.
    with op.batch_alter_table("account_link", table_kwargs={"sqlite_autoincrement": True}) as links:
        links.alter_column("address", server_default=None)
    op.create_table(
        "mail_letter",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_letter"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_letter_expires_at", "mail_letter", ["expires_at"])


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_table("mail_letter")
    with op.batch_alter_table("account_link") as links:
        links.drop_column("address")
        if op.get_bind().dialect.name == "sqlite":  # which has no name for a key whose numbers are used once
            links.create_primary_key("pk_account_link", ["id"])
    with op.batch_alter_table("user_account") as users:
        users.drop_constraint("uq_user_account_folded_email", type_="unique")
        users.drop_column("folded_email")
        users.drop_column("email")
