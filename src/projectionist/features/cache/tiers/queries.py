"""The rows of tiers, places and caps, and what was written when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.features.cache.models import (
    CapRow,
    CopyRow,
    JournalRow,
    Kind,
    PlaceRow,
    PlaceTierRow,
    TierRow,
    WrittenRow,
)


def tiers(session: Session, node: str) -> Sequence[TierRow]:
    """The tiers of a node, the first to be filled first."""
    return session.scalars(
        select(TierRow).where(TierRow.node == node).order_by(TierRow.position, TierRow.id)
    ).all()


def places(session: Session, node: str) -> Sequence[PlaceRow]:
    """The places of a node."""
    return session.scalars(select(PlaceRow).where(PlaceRow.node == node).order_by(PlaceRow.id)).all()


def tiers_of_places(session: Session, node: str) -> Sequence[tuple[int, int]]:
    """Places of a node with the tiers that serve them, in order; by their ids."""
    rows = session.execute(
        select(PlaceTierRow.place_id, PlaceTierRow.tier_id)
        .join(PlaceRow, PlaceRow.id == PlaceTierRow.place_id)
        .where(PlaceRow.node == node)
        .order_by(PlaceTierRow.place_id, PlaceTierRow.position)
    )
    return [(place, tier) for place, tier in rows]


def there(session: Session, node: str) -> Mapping[str, int]:
    """The bytes of copies on each fast root of a node."""
    rows = session.execute(
        select(CopyRow.fast_root, func.sum(CopyRow.size))
        .where(CopyRow.node == node)
        .group_by(CopyRow.fast_root)
    )
    return {root: int(size) for root, size in rows}


def coming(session: Session, node: str) -> Mapping[str, int]:
    """The bytes of copies that are being made, by fast root."""
    rows = session.execute(
        select(JournalRow.fast_root, func.sum(JournalRow.size))
        .where(JournalRow.node == node, JournalRow.kind == Kind.CACHE_IN)
        .group_by(JournalRow.fast_root)
    )
    return {root: int(size) for root, size in rows}


def written(session: Session, tier_id: int, day: date) -> int:
    """How much was written to a tier on a day."""
    row = session.get(WrittenRow, (tier_id, day))
    return 0 if row is None else row.size


def add_written(session: Session, tier_id: int, day: date, size: int) -> None:
    """So much more was written to a tier, added where it is kept: several processes may write at a time."""
    made = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = made(WrittenRow).values(tier_id=tier_id, day=day, size=size)
    more = {"size": WrittenRow.size + row.excluded.size}
    session.execute(row.on_conflict_do_update(index_elements=["tier_id", "day"], set_=more))


def caps(session: Session) -> Sequence[CapRow]:
    """Every cap."""
    return session.scalars(select(CapRow)).all()


def cap(session: Session, scope: str, key: str, most: str, *, excluded: bool) -> None:
    """Set a cap, or take it away where it says nothing."""
    session.execute(delete(CapRow).where(CapRow.scope == scope, CapRow.key == key))
    if most or excluded:
        session.add(CapRow(scope=scope, key=key, most=most, excluded=excluded))


def tier_named(session: Session, name: str, but: int | None) -> bool:
    """Whether another tier, of any node, has this name."""
    found = session.scalar(select(TierRow.id).where(TierRow.name == name))
    return found is not None and found != but


def place_at(session: Session, node: str, library_id: int, slow_root: str, but: int | None) -> bool:
    """Whether another place of a node is this folder of this library."""
    found = session.scalar(
        select(PlaceRow.id).where(
            PlaceRow.node == node, PlaceRow.library_id == library_id, PlaceRow.slow_root == slow_root
        )
    )
    return found is not None and found != but


def is_library(session: Session, library_id: int) -> bool:
    """Whether there is such a library."""
    library = PlaceRow.metadata.tables["library"]
    return session.scalar(select(library.c.id).where(library.c.id == library_id)) is not None


def serve(session: Session, place_id: int, tier_ids: Sequence[int]) -> None:
    """Which tiers serve a place, in order."""
    session.execute(delete(PlaceTierRow).where(PlaceTierRow.place_id == place_id))
    session.add_all(
        PlaceTierRow(place_id=place_id, position=position, tier_id=tier_id)
        for position, tier_id in enumerate(tier_ids)
    )


def files_on(session: Session, node: str, root: str) -> bool:
    """Whether files of ours are on a fast root of a node, or on their way there."""
    return any(
        session.scalar(select(table.id).where(table.node == node, table.fast_root == root).limit(1))
        is not None
        for table in (CopyRow, JournalRow)
    )


def files_of(session: Session, node: str, root: str) -> bool:
    """Whether files of a slow root of a node are on a fast one, or on their way."""
    return any(
        session.scalar(select(table.id).where(table.node == node, table.slow_root == root).limit(1))
        is not None
        for table in (CopyRow, JournalRow)
    )
