"""What alembic runs for every migration: on the connection that `db/schema.py` hands it, in its transaction."""

from __future__ import annotations

from alembic import context

from projectionist.db.model import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
