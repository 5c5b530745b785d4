"""Rows of servers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from projectionist.features.servers.models import PathMappingRow, PlexDataRow, ServerRow


def servers(session: Session) -> Sequence[ServerRow]:
    """All servers, by name."""
    return session.scalars(select(ServerRow).order_by(ServerRow.name, ServerRow.id)).all()


def server_page(session: Session, offset: int, size: int) -> tuple[Sequence[ServerRow], int]:
    """A page of servers, and how many there are."""
    rows = session.scalars(
        select(ServerRow).order_by(ServerRow.name, ServerRow.id).offset(offset).limit(size)
    )
    return rows.all(), session.scalar(select(func.count()).select_from(ServerRow)) or 0


def server(session: Session, server_id: int) -> ServerRow | None:
    """One server."""
    return session.get(ServerRow, server_id)


def server_by_identity(session: Session, identity: str) -> ServerRow | None:
    """The server that calls itself this."""
    return session.scalars(select(ServerRow).where(ServerRow.identity == identity)).one_or_none()


def failing(session: Session) -> Sequence[ServerRow]:
    """Servers that do not answer, the one longest silent first."""
    return session.scalars(
        select(ServerRow).where(ServerRow.failing_since.is_not(None)).order_by(ServerRow.failing_since)
    ).all()


def remove(session: Session, server_id: int) -> int:
    """Take a server out, and what belongs to it."""
    result = session.execute(delete(ServerRow).where(ServerRow.id == server_id).returning(ServerRow.id))
    return len(result.all())


def mappings(session: Session, server_id: int, node: str | None = None) -> Sequence[PathMappingRow]:
    """The path mappings of a server, on one node or all."""
    wanted = select(PathMappingRow).where(PathMappingRow.server_id == server_id)
    if node is not None:
        wanted = wanted.where(PathMappingRow.node == node)
    return session.scalars(
        wanted.order_by(PathMappingRow.node, PathMappingRow.position, PathMappingRow.id)
    ).all()


def mapping(session: Session, mapping_id: int) -> PathMappingRow | None:
    """One path mapping."""
    return session.get(PathMappingRow, mapping_id)


def mapping_of(session: Session, server_id: int, node: str, server_prefix: str) -> PathMappingRow | None:
    """What a node knows about this prefix."""
    return session.scalars(
        select(PathMappingRow).where(
            PathMappingRow.server_id == server_id,
            PathMappingRow.node == node,
            PathMappingRow.server_prefix == server_prefix,
        )
    ).one_or_none()


def remove_mapping(session: Session, mapping_id: int) -> int:
    """Take a mapping out."""
    return len(
        session.execute(
            delete(PathMappingRow).where(PathMappingRow.id == mapping_id).returning(PathMappingRow.id)
        ).all()
    )


def plex_data(session: Session, server_id: int) -> Sequence[PlexDataRow]:
    """Where each node finds the data folder of a Plex server."""
    return session.scalars(
        select(PlexDataRow).where(PlexDataRow.server_id == server_id).order_by(PlexDataRow.node)
    ).all()


def plex_data_on(session: Session, server_id: int, node: str) -> PlexDataRow | None:
    """Where this node finds it."""
    return session.get(PlexDataRow, (server_id, node))
