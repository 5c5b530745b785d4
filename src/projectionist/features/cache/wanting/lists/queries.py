"""The rows of lists: the lists themselves, the keys of their services, and what each named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from projectionist.features.cache.models import ListedRow, ListKeyRow, ListRow


def lists(session: Session) -> Sequence[ListRow]:
    """Every list, by name."""
    return session.scalars(select(ListRow).order_by(ListRow.name, ListRow.id)).all()


def one(session: Session, list_id: int) -> ListRow | None:
    """One of them."""
    return session.get(ListRow, list_id)


def by_name(session: Session, name: str) -> ListRow | None:
    """The list of this name."""
    return session.scalars(select(ListRow).where(ListRow.name == name)).one_or_none()


def remove(session: Session, list_id: int) -> bool:
    """Whether there was such a list; now there is none."""
    row = session.get(ListRow, list_id)
    if row is not None:
        session.delete(row)
    return row is not None


def sealed_keys(session: Session) -> dict[str, str]:
    """The sealed keys, by service."""
    return {row.service: row.key for row in session.scalars(select(ListKeyRow))}


def put_key(session: Session, service: str, sealed: str) -> None:
    """Keep a sealed key."""
    session.merge(ListKeyRow(service=service, key=sealed))


def drop_key(session: Session, service: str) -> bool:
    """Whether a key was kept; now there is none."""
    row = session.get(ListKeyRow, service)
    if row is not None:
        session.delete(row)
    return row is not None


def replace_listed(session: Session, list_id: int, places: Sequence[tuple[int, int]]) -> None:
    """What a list names from now on: places and items."""
    session.execute(delete(ListedRow).where(ListedRow.list_id == list_id))
    session.add_all(ListedRow(list_id=list_id, item_id=item_id, place=place) for place, item_id in places)


def listed(session: Session) -> Sequence[Any]:
    """What the lists name that are on: the list's name, for whom, the item and its place; by list and place."""
    return session.execute(
        select(ListRow.name, ListRow.account_id, ListedRow.item_id, ListedRow.place)
        .join(ListRow, ListRow.id == ListedRow.list_id)
        .where(ListRow.on)
        .order_by(ListRow.name, ListedRow.place, ListedRow.item_id)
    ).all()


def how_many_named(session: Session) -> dict[int, int]:
    """How many items each list names."""
    found = session.execute(select(ListedRow.list_id, func.count()).group_by(ListedRow.list_id))
    return dict(found.tuples().all())
