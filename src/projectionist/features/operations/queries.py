"""What operations ask of the database."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def database_version(session: Session) -> str:
    """Which version the database engine is."""
    if session.get_bind().dialect.name == "sqlite":
        return str(session.scalar(select(func.sqlite_version())))
    return str(session.scalar(select(func.current_setting("server_version"))))
