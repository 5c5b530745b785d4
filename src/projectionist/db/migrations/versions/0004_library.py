"""The library index: libraries, items, versions, parts, external ids, who watched what, and search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BYTEWISE = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """To this revision."""
    _create_library()
    _create_item()
    _create_version()
    _create_part()
    _create_external_id()
    _create_server_account()
    _create_watch_state()
    _create_history()
    _create_on_deck()
    _create_unindexed()
    _create_trigram()


def downgrade() -> None:
    """Back to the revision before."""
    for table in (
        "trigram",
        "unindexed",
        "on_deck",
        "history",
        "watch_state",
        "server_account",
        "external_id",
        "part",
        "version",
        "item",
        "library",
    ):
        op.drop_table(table)


def _create_library() -> None:
    op.create_table(
        "library",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("server_id", BigKey, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("locations", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("synced_at", UtcDateTime(), nullable=True),
        sa.Column("complete_at", UtcDateTime(), nullable=True),
        sa.Column("changed_to", UtcDateTime(), nullable=True),
        sa.Column("missing_since", UtcDateTime(), nullable=True),
        sa.Column("doubted", sa.Integer(), nullable=False),
        sa.Column("doubted_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["server.id"], name="fk_library_server_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_library"),
        sa.UniqueConstraint("server_id", "key", name="uq_library_server_id_key"),
    )


def _create_item() -> None:
    op.create_table(
        "item",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("server_id", BigKey, nullable=False),
        sa.Column("library_id", BigKey, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("parent_id", BigKey, nullable=True),
        sa.Column("grandparent_id", BigKey, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("original_title", sa.String(), nullable=False),
        sa.Column("sort_title", sa.String(), nullable=False),
        sa.Column("sort_key", BYTEWISE, nullable=False),
        sa.Column("folded", BYTEWISE, nullable=False),
        sa.Column("prominence", sa.Integer(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=True),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("rating", sa.Float(), nullable=True),
        sa.Column("content_rating", sa.String(), nullable=False),
        sa.Column("studio", sa.String(), nullable=False),
        sa.Column("genres", sa.JSON(), nullable=False),
        sa.Column("poster", sa.String(), nullable=False),
        sa.Column("art", sa.String(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grandparent_id"], ["item.id"], name="fk_item_grandparent_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["library_id"], ["library.id"], name="fk_item_library_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["item.id"], name="fk_item_parent_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name="fk_item_server_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_item"),
        sa.UniqueConstraint("server_id", "key", name="uq_item_server_id_key"),
    )
    op.create_index(
        "ix_item_grandparent_id",
        "item",
        ["grandparent_id"],
        sqlite_where=sa.text("grandparent_id IS NOT NULL"),
        postgresql_where=sa.text("grandparent_id IS NOT NULL"),
    )
    op.create_index("ix_item_library_id_kind_added_at", "item", ["library_id", "kind", "added_at"])
    op.create_index("ix_item_library_id_kind_sort_key", "item", ["library_id", "kind", "sort_key"])
    op.create_index(
        "ix_item_parent_id",
        "item",
        ["parent_id"],
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index("ix_item_prominence_folded", "item", ["prominence", "folded"])


def _create_version() -> None:
    op.create_table(
        "version",
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("video_codec", sa.String(), nullable=False),
        sa.Column("audio_codec", sa.String(), nullable=False),
        sa.Column("bitrate_kbps", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("optimized", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_version_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "position", name="pk_version"),
        sqlite_with_rowid=False,
    )


def _create_part() -> None:
    op.create_table(
        "part",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("library_id", BigKey, nullable=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("container", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=True),
        sa.Column("has_preview", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_part_item_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["library_id"], ["library.id"], name="fk_part_library_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_part"),
        sa.UniqueConstraint("item_id", "key", name="uq_part_item_id_key"),
    )
    op.create_index("ix_part_library_id_id", "part", ["library_id", "id"])


def _create_external_id() -> None:
    op.create_table(
        "external_id",
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_external_id_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "source", "value", name="pk_external_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_external_id_source_value", "external_id", ["source", "value"])


def _create_server_account() -> None:
    op.create_table(
        "server_account",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("server_id", BigKey, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_owner", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["server.id"], name="fk_server_account_server_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_server_account"),
        sa.UniqueConstraint("server_id", "key", name="uq_server_account_server_id_key"),
    )


def _create_watch_state() -> None:
    op.create_table(
        "watch_state",
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("watched_count", sa.Integer(), nullable=False),
        sa.Column("position_ms", sa.BigInteger(), nullable=False),
        sa.Column("watched_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["server_account.id"], name="fk_watch_state_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_watch_state_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "account_id", name="pk_watch_state"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_watch_state_account_id", "watch_state", ["account_id"])


def _create_history() -> None:
    op.create_table(
        "history",
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["server_account.id"], name="fk_history_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_history_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "account_id", "at", name="pk_history"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_history_account_id_at", "history", ["account_id", "at"])


def _create_on_deck() -> None:
    op.create_table(
        "on_deck",
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("position_ms", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["server_account.id"], name="fk_on_deck_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_on_deck_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "position", name="pk_on_deck"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_on_deck_item_id", "on_deck", ["item_id"])


def _create_unindexed() -> None:
    op.create_table(
        "unindexed",
        sa.Column("item_id", BigKey, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_unindexed_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", name="pk_unindexed"),
    )


def _create_trigram() -> None:
    op.create_table(
        "trigram",
        sa.Column("trigram", sa.String(length=3), nullable=False),
        sa.Column("segment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("items", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trigram", "segment", name="pk_trigram"),
    )
    op.create_index("ix_trigram_segment", "trigram", ["segment"])
