"""The previews of a library: what is wanted, what is there, and who makes what.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "preview_film",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("same_as", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_preview_film"),
        sa.UniqueConstraint("key", name="uq_preview_film_key"),
    )
    op.create_index("ix_preview_film_same_as", "preview_film", ["same_as"])
    op.create_table(
        "preview_claim",
        sa.Column("film_id", BigKey, nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("film_id", name="pk_preview_claim"),
        sa.ForeignKeyConstraint(
            ["film_id"], ["preview_film.id"], name="fk_preview_claim_film_id", ondelete="CASCADE"
        ),
    )
    _create_preview()
    _create_choices()
    op.create_table(
        "preview_work",
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("film_seconds", sa.Float(), nullable=False),
        sa.Column("work_seconds", sa.Float(), nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "node", name="pk_preview_work"),
    )


def _create_preview() -> None:
    op.create_table(
        "preview",
        sa.Column("part_id", BigKey, nullable=False, autoincrement=False),
        sa.Column("library_id", BigKey, nullable=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("server_id", BigKey, nullable=False),
        sa.Column("film_id", BigKey, nullable=True),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("title", "item_key", "part_key", "server_path", "part_hash")
        ),
        sa.Column("film_size", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *(sa.Column(name, UtcDateTime(), nullable=True) for name in ("retry_at", "checked_at", "made_at")),
        sa.Column("mark", sa.String(32), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("interval_ms", "width", "quality", "frames")
        ),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("part_id", name="pk_preview"),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"], [f"{table}.id"], name=f"fk_preview_{table}_id", ondelete="CASCADE"
            )
            for table in ("part", "library", "item", "server")
        ),
        sa.ForeignKeyConstraint(
            ["film_id"], ["preview_film.id"], name="fk_preview_film_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_preview_library_id_state", "preview", ["library_id", "state"])
    op.create_index("ix_preview_server_id_part_hash", "preview", ["server_id", "part_hash"])
    op.create_index("ix_preview_item_id", "preview", ["item_id"])
    op.create_index("ix_preview_film_id", "preview", ["film_id"])


def _choices(*, nullable: bool) -> list[sa.Column[object]]:
    kinds: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
        ("enabled", sa.Boolean()),
        ("places", sa.String()),
        ("interval_ms", sa.Integer()),
        ("width", sa.Integer()),
        ("quality", sa.Integer()),
        ("mode", sa.String(16)),
        ("folder", sa.String()),
        ("left_out", sa.String()),
    )
    return [sa.Column(name, kind, nullable=nullable) for name, kind in kinds]


def _create_choices() -> None:
    op.create_table(
        "preview_default",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        *_choices(nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_preview_default"),
        sa.CheckConstraint("id = 1", name="ck_preview_default_one_row"),
    )
    op.create_table(
        "preview_choice",
        sa.Column("library_id", BigKey, nullable=False, autoincrement=False),
        *_choices(nullable=True),
        sa.PrimaryKeyConstraint("library_id", name="pk_preview_choice"),
        sa.ForeignKeyConstraint(
            ["library_id"], ["library.id"], name="fk_preview_choice_library_id", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Back to the revision before."""
    for table in (
        "preview_work",
        "preview_choice",
        "preview_default",
        "preview",
        "preview_claim",
        "preview_film",
    ):
        op.drop_table(table)
