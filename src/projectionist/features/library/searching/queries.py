"""What search keeps and looks up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, exists, insert, select
from sqlalchemy.orm import Session

from projectionist.features.library.bulk import Bulk
from projectionist.features.library.models import PROMINENCE, ItemRow, LibraryRow, TrigramRow, UnindexedRow

_RANKS = sorted(set(PROMINENCE.values()))
_TRIGRAM = cast(Table, TrigramRow.__table__)
_INDEXED = delete(UnindexedRow).where(
    UnindexedRow.item_id == bindparam("item_id_"),
    exists().where(ItemRow.id == UnindexedRow.item_id, ItemRow.folded == bindparam("folded_")),
)
_CANDIDATES = (
    select(ItemRow.id, ItemRow.folded, ItemRow.prominence, ItemRow.year, ItemRow.key)
    .join(LibraryRow, LibraryRow.id == ItemRow.library_id)
    .where(ItemRow.prominence.is_not(None), LibraryRow.enabled)
)


class Candidate(NamedTuple):
    """An item that may be meant."""

    id: int
    folded: str
    prominence: int
    year: int | None
    key: str


def unindexed(session: Session, size: int) -> Sequence[tuple[int, str]]:
    """The ids and folded titles of items that search does not know yet, or knows by another title."""
    rows = session.execute(
        select(ItemRow.id, ItemRow.folded)
        .join(UnindexedRow, UnindexedRow.item_id == ItemRow.id)
        .order_by(ItemRow.id)
        .limit(size)
    )
    return [(id_, folded) for id_, folded in rows]


def searched(session: Session, after: int, size: int) -> Sequence[tuple[int, str]]:
    """The ids and folded titles of all items that are searched, from above an id."""
    rows = session.execute(
        select(ItemRow.id, ItemRow.folded)
        .where(ItemRow.id > after, ItemRow.prominence.is_not(None))
        .order_by(ItemRow.id)
        .limit(size)
    )
    return [(id_, folded) for id_, folded in rows]


def segments(session: Session) -> Sequence[int]:
    """The numbers of the segments there are."""
    return session.scalars(select(TrigramRow.segment).distinct().order_by(TrigramRow.segment)).all()


def add_segment(session: Session, number: int, postings: Mapping[str, bytes]) -> None:
    """Write a segment."""
    rows = [(trigram, number, items) for trigram, items in sorted(postings.items())]
    Bulk.of(insert(_TRIGRAM), ("trigram", "segment", "items"), session.get_bind().dialect).write(
        session, rows
    )


def remove_segment(session: Session, segment: int) -> None:
    """Take a segment out."""
    session.execute(delete(TrigramRow).where(TrigramRow.segment == segment))


def set_indexed(session: Session, titles: Sequence[tuple[int, str]]) -> None:
    """Search knows these items by these folded titles. One that has another by now is left for the next time."""
    dialect = session.get_bind().dialect
    Bulk.of(_INDEXED, ("item_id_", "folded_"), dialect).write(session, titles)


def postings(session: Session, trigrams: Collection[str]) -> Sequence[bytes]:
    """The packed ids of the items that have one of these, once per trigram and segment."""
    return session.scalars(select(TrigramRow.items).where(TrigramRow.trigram.in_(trigrams))).all()


def beginning_with(session: Session, folded: str, size: int) -> Sequence[Candidate]:
    """Items whose title begins so, films and shows first, then in the order of the titles."""
    rows = session.execute(
        _CANDIDATES.where(
            ItemRow.prominence.in_(_RANKS),  # named one by one, for SQLite to begin at the title within each
            ItemRow.folded >= folded,
            ItemRow.folded < f"{folded}\U0010ffff",
        )
        .order_by(ItemRow.prominence, ItemRow.folded, ItemRow.id)
        .limit(size)
    )
    return [Candidate(*row) for row in rows]


def candidates(session: Session, ids: Collection[int]) -> Sequence[Candidate]:
    """Those of the items with these ids that are searched."""
    return [Candidate(*row) for row in session.execute(_CANDIDATES.where(ItemRow.id.in_(ids)))]
