"""The rows of tiers, places and caps, and what was written when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import func, select, union_all
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


def taken(session: Session, node: str) -> Mapping[str, int]:
    """The bytes on each fast root of a node, also of copies that are being made."""
    there = select(CopyRow.fast_root.label("root"), CopyRow.size).where(CopyRow.node == node)
    coming = select(JournalRow.fast_root.label("root"), JournalRow.size).where(
        JournalRow.node == node, JournalRow.kind == Kind.CACHE_IN
    )
    both = union_all(there, coming).subquery()
    rows = session.execute(select(both.c.root, func.sum(both.c.size)).group_by(both.c.root))
    return {root: int(size) for root, size in rows}


def written(session: Session, tier_id: int, day: date) -> int:
    """How much was written to a tier on a day."""
    row = session.get(WrittenRow, (tier_id, day))
    return 0 if row is None else row.size


def add_written(session: Session, tier_id: int, day: date, size: int) -> None:
    """So much more was written to a tier on a day."""
    row = session.get(WrittenRow, (tier_id, day))
    if row is None:
        session.add(WrittenRow(tier_id=tier_id, day=day, size=size))
    else:
        row.size += size


def caps(session: Session) -> Sequence[CapRow]:
    """Every cap."""
    return session.scalars(select(CapRow)).all()
