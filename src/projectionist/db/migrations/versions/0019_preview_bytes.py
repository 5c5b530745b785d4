"""What the previews of a library take on the disk, read from the index that counts them.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_index("ix_preview_library_id_state_bytes", "preview", ["library_id", "state", "bytes"])
    op.drop_index("ix_preview_library_id_state", "preview")


def downgrade() -> None:
    """Back to the revision before."""
    op.create_index("ix_preview_library_id_state", "preview", ["library_id", "state"])
    op.drop_index("ix_preview_library_id_state_bytes", "preview")
