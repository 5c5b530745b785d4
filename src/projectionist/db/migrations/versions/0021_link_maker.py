"""Who made an invitation or a link, so that it is over when they may make it no more.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with (
        _numbers_go_on(),
        op.batch_alter_table("account_link", table_kwargs={"sqlite_autoincrement": True}) as links,
    ):
        links.add_column(sa.Column("maker_id", BigKey, nullable=True))
        links.create_foreign_key(
            "fk_account_link_maker_id", "user_account", ["maker_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_account_link_maker_id", "account_link", ["maker_id"])


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_index("ix_account_link_maker_id", "account_link")
    with (
        _numbers_go_on(),
        op.batch_alter_table("account_link", table_kwargs={"sqlite_autoincrement": True}) as links,
    ):
        links.drop_constraint("fk_account_link_maker_id", type_="foreignkey")
        links.drop_column("maker_id")


@contextmanager
def _numbers_go_on() -> Iterator[None]:
    """SQLite makes the table anew and would count on from the highest link that is left: letters know links by numbers,
    and that of a link which is gone must not come again.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        yield
        return
    last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'account_link'"))
    yield
    connection.execute(
        sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = 'account_link'"), {"last": last or 0}
    )
