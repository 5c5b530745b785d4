"""Media servers, and where their paths are on each node."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from projectionist.db.model import BigKey, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "server",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("identity", sa.String(200), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("verify_tls", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_ok_at", UtcDateTime(), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.UniqueConstraint("identity", name="uq_server_identity"),
    )
    op.create_table(
        "path_mapping",
        sa.Column("id", BigKey, primary_key=True),
        _server("path_mapping"),
        sa.Column("node", sa.String(200), nullable=False),
        sa.Column("server_prefix", sa.Text(), nullable=False),
        sa.Column("local_prefix", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("proven_at", UtcDateTime(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.UniqueConstraint(
            "server_id", "node", "server_prefix", name="uq_path_mapping_server_id_node_server_prefix"
        ),
    )
    op.create_index("ix_path_mapping_server_id", "path_mapping", ["server_id"])
    op.create_table(
        "plex_data",
        _server("plex_data", primary_key=True),
        sa.Column("node", sa.String(200), primary_key=True),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("proven_at", UtcDateTime(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("plex_data")
    op.drop_table("path_mapping")
    op.drop_table("server")


def _server(table: str, *, primary_key: bool = False) -> sa.Column[int]:
    reference = sa.ForeignKey("server.id", ondelete="CASCADE", name=f"fk_{table}_server_id")
    return sa.Column(
        "server_id", BigKey, reference, primary_key=primary_key, nullable=False, autoincrement=False
    )
