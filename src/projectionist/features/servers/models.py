"""The tables of servers: how each is reached, and where its paths are on each node."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey


class ServerRow(Base):
    """A media server or a folder of films. `token` is sealed; `failing_since` is set while it does not answer."""

    __tablename__ = "server"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(Text)
    identity: Mapped[str] = mapped_column(String(200), unique=True)
    version: Mapped[str] = mapped_column(String(100), default="")
    token: Mapped[str] = mapped_column(Text, default="")
    verify_tls: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_ok_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")
    failing_since: Mapped[datetime | None]


class PathMappingRow(Base):
    """What a server calls `server_prefix` is `local_prefix` on this node; the longest that fits counts."""

    __tablename__ = "path_mapping"
    __table_args__ = (UniqueConstraint("server_id", "node", "server_prefix"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.id", ondelete="CASCADE"), index=True)
    node: Mapped[str] = mapped_column(String(200))
    server_prefix: Mapped[str] = mapped_column(Text)
    local_prefix: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(default=0)
    proven_at: Mapped[datetime | None]
    proof: Mapped[str] = mapped_column(Text, default="")


class PlexDataRow(Base):
    """Where a node finds the data folder of a Plex server, and what proved that previews can be written there."""

    __tablename__ = "plex_data"

    server_id: Mapped[int] = mapped_column(ForeignKey("server.id", ondelete="CASCADE"), primary_key=True)
    node: Mapped[str] = mapped_column(String(200), primary_key=True)
    folder: Mapped[str] = mapped_column(Text)
    proven_at: Mapped[datetime | None]
    proof: Mapped[str] = mapped_column(Text, default="")
