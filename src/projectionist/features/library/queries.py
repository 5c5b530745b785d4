"""What pages and other features look up in the index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from projectionist.features.library.models import (
    ItemRow,
    LibraryRow,
    PartRow,
)

_PART = cast(Table, PartRow.__table__)
_THIS_PART = _PART.c.id == bindparam("part_id")
_SET_HASH = update(_PART).where(_THIS_PART).values(hash=bindparam("new"))
_SET_PREVIEW = update(_PART).where(_THIS_PART).values(has_preview=bindparam("new"))


def libraries(session: Session) -> Sequence[LibraryRow]:
    """Every library, server by server, in the servers' order."""
    return session.scalars(
        select(LibraryRow).order_by(LibraryRow.server_id, LibraryRow.position, LibraryRow.id)
    ).all()


def library(session: Session, library_id: int) -> LibraryRow | None:
    """One library."""
    return session.get(LibraryRow, library_id)


def item(session: Session, item_id: int) -> ItemRow | None:
    """One item."""
    return session.get(ItemRow, item_id)


def parts_of_library(session: Session, library_id: int, after: int, size: int) -> Sequence[Any]:
    """Parts with their items, from above an id, in the order of their ids."""
    return session.execute(
        select(PartRow, ItemRow)
        .join(ItemRow, ItemRow.id == PartRow.item_id)
        .where(PartRow.library_id == library_id, PartRow.id > after)
        .order_by(PartRow.id)
        .limit(size)
    ).all()


def count_parts(session: Session, library_id: int) -> int:
    """How many parts a library has."""
    return session.scalar(select(func.count()).where(PartRow.library_id == library_id)) or 0


def parts_without_hash(session: Session, library_id: int, after: int, size: int) -> Sequence[Any]:
    """Parts with their items whose hash was never asked for, or not found."""
    return session.execute(
        select(PartRow, ItemRow)
        .join(ItemRow, ItemRow.id == PartRow.item_id)
        .where(PartRow.library_id == library_id, PartRow.hash.is_(None), PartRow.id > after)
        .order_by(PartRow.id)
        .limit(size)
    ).all()


def titles_above(session: Session, items: Collection[ItemRow]) -> Mapping[int, ItemRow]:
    """The seasons and shows, albums and artists, of these items, by id."""
    ids = {item.parent_id for item in items} | {item.grandparent_id for item in items}
    rows = session.scalars(select(ItemRow).where(ItemRow.id.in_(ids - {None})))
    return {row.id: row for row in rows}


def set_part_hashes(session: Session, hashes: Mapping[int, str]) -> None:
    """Keep hashes by part id."""
    rows = [{"part_id": id_, "new": hash_} for id_, hash_ in sorted(hashes.items())]
    session.execute(_SET_HASH, rows)


def set_part_previews(session: Session, previews: Mapping[int, bool]) -> None:
    """Keep by part id whether there is a preview."""
    rows = [{"part_id": id_, "new": there} for id_, there in sorted(previews.items())]
    session.execute(_SET_PREVIEW, rows)
