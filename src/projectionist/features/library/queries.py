"""What pages and other features look up in the index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from projectionist.features.library.models import (
    ExternalIdRow,
    ItemRow,
    LibraryRow,
    OnDeckRow,
    PartRow,
    ServerAccountRow,
    VersionRow,
    WatchStateRow,
)
from projectionist.media.vocabulary import ItemKind

_PART = cast(Table, PartRow.__table__)
_THIS_PART = _PART.c.id == bindparam("part_id")
_SET_HASH = update(_PART).where(_THIS_PART).values(hash=bindparam("new"))
_SET_PREVIEW = update(_PART).where(_THIS_PART).values(has_preview=bindparam("new"))

_SORTS: Mapping[str, tuple[Any, ...]] = {
    "title": (ItemRow.sort_key.asc(),),
    "-title": (ItemRow.sort_key.desc(),),
    "added_at": (ItemRow.added_at.asc().nulls_last(),),
    "-added_at": (ItemRow.added_at.desc().nulls_last(),),
    "year": (ItemRow.year.asc().nulls_last(), ItemRow.sort_key),
    "-year": (ItemRow.year.desc().nulls_last(), ItemRow.sort_key),
    "rating": (ItemRow.rating.asc().nulls_last(), ItemRow.sort_key),
    "-rating": (ItemRow.rating.desc().nulls_last(), ItemRow.sort_key),
    "duration": (ItemRow.duration_ms.asc(), ItemRow.sort_key),
    "-duration": (ItemRow.duration_ms.desc(), ItemRow.sort_key),
    "number": (ItemRow.number.asc().nulls_last(), ItemRow.sort_key),
}
SORTS = tuple(_SORTS)
_NEWEST_FIRST = (ItemRow.added_at.desc().nulls_last(), ItemRow.id.desc())
_MOST_SELECTS = 100
"""In one statement; SQLite takes 500."""

RESOLUTIONS: Mapping[str, tuple[int, int]] = {
    "4k": (1441, 1_000_000),
    "1080": (721, 1440),
    "720": (577, 720),
    "sd": (1, 576),
}
"""Heights in pixels, from and to; a film wider than its height says is what its shelf calls it all the same."""


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items; empty means all. `decade` is its first year, `resolution` a name of RESOLUTIONS."""

    library_id: int | None = None
    kinds: tuple[ItemKind, ...] = ()
    parent_id: int | None = None
    text: str = ""
    year: int | None = None
    decade: int | None = None
    resolution: str = ""
    unwatched: bool = False
    no_preview: bool = False


def libraries(session: Session) -> Sequence[LibraryRow]:
    """Every library, server by server, in the servers' order."""
    return session.scalars(
        select(LibraryRow).order_by(LibraryRow.server_id, LibraryRow.position, LibraryRow.id)
    ).all()


def library(session: Session, library_id: int) -> LibraryRow | None:
    """One library."""
    return session.get(LibraryRow, library_id)


def silence(session: Session, server_id: int) -> str:
    """Why a server does not answer now; empty while it does."""
    found = session.execute(
        text("SELECT last_error FROM server WHERE id = :id AND failing_since IS NOT NULL"), {"id": server_id}
    )
    return str(found.scalar_one_or_none() or "")


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


def parts_at(session: Session, server_id: int, paths: Collection[str]) -> Sequence[Any]:
    """The parts at these paths of a server, with their items."""
    shelves = select(LibraryRow.id).where(LibraryRow.server_id == server_id)
    return session.execute(
        select(PartRow, ItemRow)
        .join(ItemRow, ItemRow.id == PartRow.item_id)
        .where(PartRow.library_id.in_(shelves), PartRow.path.in_(paths))
        .order_by(PartRow.id)
    ).all()


def parts_of_items(session: Session, server_id: int, keys: Collection[str]) -> Sequence[Any]:
    """The parts of a server's items with these keys, with the items."""
    return session.execute(
        select(PartRow, ItemRow)
        .join(ItemRow, ItemRow.id == PartRow.item_id)
        .where(ItemRow.server_id == server_id, ItemRow.key.in_(keys))
        .order_by(PartRow.id)
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
    return items_by_id(session, {id_ for id_ in ids if id_ is not None})


def set_part_hashes(session: Session, hashes: Mapping[int, str]) -> None:
    """Keep hashes by part id."""
    rows = [{"part_id": id_, "new": hash_} for id_, hash_ in sorted(hashes.items())]
    session.execute(_SET_HASH, rows)


def set_part_previews(session: Session, previews: Mapping[int, bool]) -> None:
    """Keep by part id whether there is a preview."""
    rows = [{"part_id": id_, "new": there} for id_, there in sorted(previews.items())]
    session.execute(_SET_PREVIEW, rows)


def set_enabled(session: Session, library_id: int, enabled: bool) -> None:
    """Whether a library is synced, searched and shown."""
    session.execute(update(LibraryRow).where(LibraryRow.id == library_id).values(enabled=enabled))


def remove_library(session: Session, library_id: int) -> None:
    """Take a library out of the index, with all it has there."""
    session.execute(delete(LibraryRow).where(LibraryRow.id == library_id))


def find_items(
    session: Session, wanted: ItemFilter, sort: str, offset: int, size: int
) -> tuple[Sequence[ItemRow], int]:
    """A page of items of libraries that are not excluded, and how many there are in all."""
    conditions = _conditions(wanted)
    base = select(ItemRow).join(LibraryRow, LibraryRow.id == ItemRow.library_id)
    total = session.scalar(
        select(func.count())
        .select_from(ItemRow)
        .join(LibraryRow, LibraryRow.id == ItemRow.library_id)
        .where(*conditions)
    )
    rows = session.scalars(
        base.where(*conditions).order_by(*_SORTS[sort], ItemRow.id).offset(offset).limit(size)
    ).all()
    return rows, total or 0


def recently_added(session: Session, kinds: Collection[ItemKind], size: int) -> Sequence[ItemRow]:
    """The items of these kinds that came last, of libraries that are not excluded, newest first.

    Each library gives its newest of each kind by its index: a large library costs as little as a small one.
    """
    enabled = session.scalars(select(LibraryRow.id).where(LibraryRow.enabled)).all()
    each = [_newest(library, kind, size) for library in enabled for kind in kinds]
    newest: list[int] = []
    for start in range(0, len(each), _MOST_SELECTS):
        newest += session.scalars(union_all(*each[start : start + _MOST_SELECTS])).all()
    if not newest:
        return ()
    return session.scalars(
        select(ItemRow).where(ItemRow.id.in_(newest)).order_by(*_NEWEST_FIRST).limit(size)
    ).all()


def _newest(library: int, kind: ItemKind, size: int) -> Select[tuple[int]]:
    found = select(ItemRow.id).where(ItemRow.library_id == library, ItemRow.kind == kind)
    return select(found.order_by(*_NEWEST_FIRST).limit(size).subquery().c.id)


def items_by_id(session: Session, ids: Collection[int]) -> Mapping[int, ItemRow]:
    """Items by id; an id that is gone is absent."""
    if not ids:
        return {}
    return {row.id: row for row in session.scalars(select(ItemRow).where(ItemRow.id.in_(ids)))}


def decades(session: Session, library_id: int, kind: ItemKind) -> Sequence[int]:
    """The decades of a library's items, newest first."""
    decade = ItemRow.year - ItemRow.year % 10
    found = session.scalars(
        select(decade)
        .where(ItemRow.library_id == library_id, ItemRow.kind == kind, ItemRow.year.is_not(None))
        .distinct()
        .order_by(decade.desc())
    )
    return [first for first in found if first is not None]


def kinds_in(session: Session, library_id: int) -> Mapping[str, int]:
    """How many items of each kind a library has."""
    rows = session.execute(
        select(ItemRow.kind, func.count()).where(ItemRow.library_id == library_id).group_by(ItemRow.kind)
    )
    return dict(rows.tuples().all())


def first_parts(session: Session, item_ids: Collection[int]) -> Mapping[int, int]:
    """The id of the first part of each item, by item."""
    rows = session.execute(
        select(PartRow.item_id, func.min(PartRow.id))
        .where(PartRow.item_id.in_(item_ids))
        .group_by(PartRow.item_id)
    )
    return dict(rows.tuples().all())


def owner_states(session: Session, item_ids: Collection[int]) -> Mapping[int, WatchStateRow]:
    """How far the owner of the server is with each item, by item."""
    rows = session.scalars(
        select(WatchStateRow)
        .join(ServerAccountRow, ServerAccountRow.id == WatchStateRow.account_id)
        .where(WatchStateRow.item_id.in_(item_ids), ServerAccountRow.is_owner)
    )
    return {row.item_id: row for row in rows}


def watchers(
    session: Session, item_id: int, *, owners_only: bool
) -> Sequence[tuple[WatchStateRow, ServerAccountRow]]:
    """Who has begun or watched an item, the last first."""
    statement = (
        select(WatchStateRow, ServerAccountRow)
        .join(ServerAccountRow, ServerAccountRow.id == WatchStateRow.account_id)
        .where(WatchStateRow.item_id == item_id)
        .order_by(WatchStateRow.watched_at.desc().nulls_last(), ServerAccountRow.id)
    )
    if owners_only:
        statement = statement.where(ServerAccountRow.is_owner)
    return [(state, account) for state, account in session.execute(statement)]


def versions(session: Session, item_id: int) -> Sequence[VersionRow]:
    """The versions of an item, in the server's order."""
    return session.scalars(
        select(VersionRow).where(VersionRow.item_id == item_id).order_by(VersionRow.position)
    ).all()


def parts(session: Session, item_id: int) -> Sequence[PartRow]:
    """The parts of an item, version by version."""
    return session.scalars(
        select(PartRow).where(PartRow.item_id == item_id).order_by(PartRow.version, PartRow.position)
    ).all()


def external_ids(session: Session, item_id: int) -> Sequence[ExternalIdRow]:
    """What other catalogues call an item."""
    return session.scalars(
        select(ExternalIdRow)
        .where(ExternalIdRow.item_id == item_id)
        .order_by(ExternalIdRow.source, ExternalIdRow.value)
    ).all()


def on_deck(session: Session, size: int) -> Sequence[tuple[OnDeckRow, ItemRow]]:
    """What the owners watch next, best first."""
    rows = session.execute(
        select(OnDeckRow, ItemRow)
        .join(ItemRow, ItemRow.id == OnDeckRow.item_id)
        .join(LibraryRow, LibraryRow.id == ItemRow.library_id)
        .join(ServerAccountRow, ServerAccountRow.id == OnDeckRow.account_id)
        .where(LibraryRow.enabled, ServerAccountRow.is_owner)
        .order_by(OnDeckRow.position, OnDeckRow.account_id)
        .limit(size)
    )
    return [(deck, row) for deck, row in rows]


def items_by_key(session: Session, server_id: int, keys: Collection[str]) -> Mapping[str, ItemRow]:
    """A server's items, by key; a key it has none for is absent."""
    rows = session.scalars(select(ItemRow).where(ItemRow.server_id == server_id, ItemRow.key.in_(keys)))
    return {row.key: row for row in rows}


def _conditions(wanted: ItemFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [LibraryRow.enabled.is_(True)]
    if wanted.library_id is not None:
        found.append(ItemRow.library_id == wanted.library_id)
    if wanted.kinds:
        found.append(ItemRow.kind.in_(wanted.kinds))
    if wanted.parent_id is not None:
        found.append(ItemRow.parent_id == wanted.parent_id)
    if wanted.text:
        found.append(ItemRow.folded.contains(wanted.text, autoescape=True))
    if wanted.year is not None:
        found.append(ItemRow.year == wanted.year)
    if wanted.decade is not None:
        found.append(ItemRow.year.between(wanted.decade, wanted.decade + 9))
    if wanted.resolution:
        found.append(ItemRow.height.between(*RESOLUTIONS[wanted.resolution]))
    if wanted.unwatched:
        found.append(~_is_watched())
    if wanted.no_preview:
        found.append(exists().where(PartRow.item_id == ItemRow.id, ~PartRow.has_preview))
    return found


def _is_watched() -> ColumnElement[bool]:
    return exists().where(
        WatchStateRow.item_id == ItemRow.id,
        WatchStateRow.watched_count > 0,
        ServerAccountRow.id == WatchStateRow.account_id,
        ServerAccountRow.is_owner,
    )
