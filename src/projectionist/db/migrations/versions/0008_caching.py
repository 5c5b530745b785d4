"""The cache: tiers and places, what is wanted, and what was moved and found.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = (
    "cache_tier",
    "cache_place",
    "cache_place_tier",
    "cache_cap",
    "cache_written",
    "cache_seen",
    "cache_pin",
    "cache_source_choice",
    "cache_answer",
    "cache_want",
    "cache_taste",
    "cache_list",
    "cache_list_key",
    "cache_listed",
    "cache_move",
    "cache_finding",
    "cache_scrub",
    "cache_origin",
)
_MARKED = ("cache_journal", "cache_copy")


def upgrade() -> None:
    """To this revision."""
    _tiers()
    _limits()
    _wishes()
    _lists()
    _moves()
    for table in _MARKED:
        op.add_column(table, sa.Column("original", sa.String(48), nullable=False, server_default=""))
        with op.batch_alter_table(table) as rows:  # the default is for what was there before
            rows.alter_column("original", server_default=None)


def _tiers() -> None:
    op.create_table(
        "cache_tier",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("node", sa.String(200), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("host_root", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("quota", sa.String(40), nullable=False),
        sa.Column("usage", sa.String(40), nullable=False),
        sa.Column("min_free", sa.String(40), nullable=False),
        sa.Column("drive_size", sa.String(40), nullable=False),
        sa.Column("daily_writes", sa.String(40), nullable=False),
        sa.Column("too_hot_c", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cache_tier"),
        sa.UniqueConstraint("name", name="uq_cache_tier_name"),
        sa.UniqueConstraint("node", "root", name="uq_cache_tier_node_root"),
    )
    op.create_table(
        "cache_place",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("library_id", BigKey, nullable=False),
        sa.Column("node", sa.String(200), nullable=False),
        sa.Column("layout", sa.String(16), nullable=False),
        sa.Column("slow_root", sa.String(), nullable=False),
        sa.Column("view_root", sa.String(), nullable=False),
        sa.Column("host_root", sa.String(), nullable=False),
        sa.Column("sidecars", sa.String(16), nullable=False),
        sa.Column("arr_owned", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["library_id"], ["library.id"], name="fk_cache_place_library_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cache_place"),
        sa.UniqueConstraint(
            "node", "library_id", "slow_root", name="uq_cache_place_node_library_id_slow_root"
        ),
    )
    op.create_table(
        "cache_place_tier",
        sa.Column("place_id", BigKey, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("tier_id", BigKey, nullable=False),
        sa.ForeignKeyConstraint(
            ["place_id"], ["cache_place.id"], name="fk_cache_place_tier_place_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tier_id"], ["cache_tier.id"], name="fk_cache_place_tier_tier_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("place_id", "position", name="pk_cache_place_tier"),
    )
    op.create_index("ix_cache_place_tier_tier_id", "cache_place_tier", ["tier_id"])


def _limits() -> None:
    op.create_table(
        "cache_cap",
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("most", sa.String(40), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_cache_cap"),
    )
    op.create_table(
        "cache_written",
        sa.Column("tier_id", BigKey, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tier_id"], ["cache_tier.id"], name="fk_cache_written_tier_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tier_id", "day", name="pk_cache_written"),
    )
    op.create_table(
        "cache_seen",
        sa.Column("server_id", BigKey, nullable=False),
        sa.Column("tier_id", BigKey, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["server.id"], name="fk_cache_seen_server_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tier_id"], ["cache_tier.id"], name="fk_cache_seen_tier_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("server_id", "tier_id", name="pk_cache_seen"),
    )


def _wishes() -> None:
    op.create_table(
        "cache_pin",
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_cache_pin_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", name="pk_cache_pin"),
    )
    op.create_table(
        "cache_source_choice",
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("account_id", BigKey, nullable=False, autoincrement=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("source", "account_id", name="pk_cache_source_choice"),
    )
    op.create_table(
        "cache_answer",
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("server_id", BigKey, nullable=False, autoincrement=False),
        sa.Column("account_id", BigKey, nullable=False, autoincrement=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "server_id", "account_id", name="pk_cache_answer"),
    )
    op.create_table(
        "cache_want",
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("server_id", BigKey, nullable=False, autoincrement=False),
        sa.Column("account_id", BigKey, nullable=False, autoincrement=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_cache_want_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source", "server_id", "account_id", "item_id", name="pk_cache_want"),
    )
    op.create_index("ix_cache_want_item_id", "cache_want", ["item_id"])
    op.create_table(
        "cache_taste",
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["server_account.id"], name="fk_cache_taste_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_cache_taste"),
    )


def _lists() -> None:
    op.create_table(
        "cache_list",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("service", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("where", sa.String(300), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("fill", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("owned", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cache_list"),
        sa.UniqueConstraint("name", name="uq_cache_list_name"),
    )
    op.create_table(
        "cache_list_key",
        sa.Column("service", sa.String(16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("service", name="pk_cache_list_key"),
    )
    op.create_table(
        "cache_listed",
        sa.Column("list_id", BigKey, nullable=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["cache_list.id"], name="fk_cache_listed_list_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_cache_listed_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("list_id", "item_id", name="pk_cache_listed"),
    )
    op.create_index("ix_cache_listed_item_id", "cache_listed", ["item_id"])


def _moves() -> None:
    op.create_table(
        "cache_move",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("item_id", BigKey, nullable=True),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("node", sa.String(200), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("rest_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_cache_move_item_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_cache_move"),
    )
    op.create_index("ix_cache_move_at", "cache_move", ["at"])
    op.create_index("ix_cache_move_path", "cache_move", ["path"])
    op.create_table(
        "cache_finding",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("node", sa.String(200), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("repair", sa.String(40), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cache_finding"),
        sa.UniqueConstraint("kind", "path", name="uq_cache_finding_kind_path"),
    )
    op.create_table(
        "cache_scrub",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_cache_scrub"),
    )
    op.create_table(
        "cache_origin",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("listed", sa.JSON(), nullable=False),
        sa.Column("mount", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_cache_origin"),
    )


def downgrade() -> None:
    """Back to the revision before."""
    for table in _MARKED:
        op.drop_column(table, "original")
    for table in reversed(_TABLES):
        op.drop_table(table)
