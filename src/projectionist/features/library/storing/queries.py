"""What a sync writes, in as few statements as there are tables; and what it has to know before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeAlias, cast

from sqlalchemy import CursorResult, Dialect, Table, and_, case, delete, func, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.features.library.bulk import Bulk
from projectionist.features.library.models import (
    ExternalIdRow,
    HistoryRow,
    ItemRow,
    LibraryRow,
    OnDeckRow,
    PartRow,
    ServerAccountRow,
    UnindexedRow,
    VersionRow,
    WatchStateRow,
)

Row: TypeAlias = dict[str, Any]
Values: TypeAlias = tuple[Any, ...]

ITEM = cast(Table, ItemRow.__table__)
VERSION = cast(Table, VersionRow.__table__)
PART = cast(Table, PartRow.__table__)
EXTERNAL_ID = cast(Table, ExternalIdRow.__table__)
WATCH = cast(Table, WatchStateRow.__table__)
UNINDEXED = cast(Table, UnindexedRow.__table__)

ITEM_COLUMNS = tuple(column.name for column in ITEM.columns if column.name != "id")
VERSION_COLUMNS = tuple(VERSION.columns.keys())
PART_COLUMNS = tuple(column.name for column in PART.columns if column.name != "id")
EXTERNAL_ID_COLUMNS = tuple(EXTERNAL_ID.columns.keys())
WATCH_COLUMNS = tuple(WATCH.columns.keys())


class Stored(NamedTuple):
    """What is known of an item before its page is written."""

    id: int
    library_id: int
    mark: int
    parent_id: int | None
    grandparent_id: int | None
    folded: str


def stored_items(session: Session, server_id: int, keys: Collection[str]) -> dict[str, Stored]:
    """The items of a server with these keys, by key."""
    rows = session.execute(
        select(
            ItemRow.key,
            ItemRow.id,
            ItemRow.library_id,
            ItemRow.mark,
            ItemRow.parent_id,
            ItemRow.grandparent_id,
            ItemRow.folded,
        ).where(ItemRow.server_id == server_id, ItemRow.key.in_(keys))
    )
    return {row[0]: Stored(*row[1:]) for row in rows}


def item_ids(session: Session, server_id: int, keys: Collection[str]) -> dict[str, int]:
    """The ids of a server's items, by key; a key it has none for is absent."""
    if not keys:
        return {}
    rows = session.execute(
        select(ItemRow.key, ItemRow.id).where(ItemRow.server_id == server_id, ItemRow.key.in_(keys))
    )
    return dict(rows.tuples().all())


def put_items(session: Session, rows: Sequence[Values]) -> None:
    """Add items, or bring those up to date whose key is there; a row is the values of ITEM_COLUMNS."""
    _bulk(session, "item").write(session, rows)


def put_versions(session: Session, before: Collection[int], rows: Sequence[Values]) -> None:
    """Give items these versions (VERSION_COLUMNS) and no others; `before` are the ids of those not new."""
    if before:
        session.execute(delete(VersionRow).where(VersionRow.item_id.in_(before)))
    _bulk(session, "version").write(session, rows)


def put_parts(session: Session, before: Collection[int], rows: Sequence[Values]) -> None:
    """Give items these parts (PART_COLUMNS) and no others.

    A part that is still the same file keeps its id, hash and preview.
    """
    if before:
        kept = {(row[1], row[4]) for row in rows}
        there = session.execute(
            select(PartRow.id, PartRow.item_id, PartRow.key).where(PartRow.item_id.in_(before))
        )
        gone = [id_ for id_, item_id, key in there if (item_id, key) not in kept]
        if gone:
            session.execute(delete(PartRow).where(PartRow.id.in_(gone)))
    _bulk(session, "part").write(session, rows)


def put_external_ids(session: Session, before: Collection[int], rows: Sequence[Values]) -> None:
    """Give items these external ids (EXTERNAL_ID_COLUMNS) and no others."""
    if before:
        session.execute(delete(ExternalIdRow).where(ExternalIdRow.item_id.in_(before)))
    _bulk(session, "external_id").write(session, rows)


def put_watch_states(
    session: Session, account_id: int, before: Collection[int], rows: Sequence[Values]
) -> None:
    """Give items this watch state of one account (WATCH_COLUMNS), and none where no row says so."""
    if before:
        session.execute(
            delete(WatchStateRow).where(
                WatchStateRow.account_id == account_id, WatchStateRow.item_id.in_(before)
            )
        )
    _bulk(session, "watch_state").write(session, rows)


def put_unindexed(session: Session, ids: Collection[int]) -> None:
    """Search is to learn the present titles of these items."""
    _bulk(session, "unindexed").write(session, [(id_,) for id_ in ids])


def put_libraries(session: Session, server_id: int, rows: Sequence[Row], now: datetime) -> None:
    """Add and retitle the libraries of a server; mark those it does not list as missing since now."""
    if rows:
        session.execute(
            _upsert(
                _dialect(session),
                LibraryRow.__table__,
                ("server_id", "key"),
                only=("kind", "title", "locations", "position", "missing_since"),
            ),
            rows,
        )
    session.execute(
        update(LibraryRow)
        .where(
            LibraryRow.server_id == server_id,
            LibraryRow.key.not_in([row["key"] for row in rows]),
            LibraryRow.missing_since.is_(None),
        )
        .values(missing_since=now)
    )


def put_accounts(session: Session, rows: Sequence[Row]) -> None:
    """Add and rename the accounts of a server; none is taken away, since history names them."""
    if rows:
        session.execute(_upsert(_dialect(session), ServerAccountRow.__table__, ("server_id", "key")), rows)


def accounts(session: Session, server_id: int) -> Sequence[ServerAccountRow]:
    """The accounts of a server."""
    return session.scalars(
        select(ServerAccountRow).where(ServerAccountRow.server_id == server_id).order_by(ServerAccountRow.id)
    ).all()


def newest_watched(session: Session, server_id: int) -> datetime | None:
    """When the last thing was watched that the index knows of."""
    return session.scalar(
        select(func.max(HistoryRow.at))
        .join(ServerAccountRow, ServerAccountRow.id == HistoryRow.account_id)
        .where(ServerAccountRow.server_id == server_id)
    )


def put_history(session: Session, rows: Sequence[Row]) -> None:
    """Add lines of history; those that are there stay."""
    if rows:
        session.execute(
            _ignoring(_dialect(session), HistoryRow.__table__, ("item_id", "account_id", "at")), rows
        )


def watch_from_history(session: Session, pairs: Collection[tuple[int, int]]) -> None:
    """Bring the watch states of these (account, item) up to what the history says, which only adds to them."""
    counted = session.execute(
        select(HistoryRow.account_id, HistoryRow.item_id, func.count(), func.max(HistoryRow.at))
        .where(
            HistoryRow.account_id.in_({account_id for account_id, _ in pairs}),
            HistoryRow.item_id.in_({item_id for _, item_id in pairs}),
        )
        .group_by(HistoryRow.account_id, HistoryRow.item_id)
    )
    rows = [
        {"item_id": item_id, "account_id": account_id, "watched_count": count, "watched_at": at}
        for account_id, item_id, count, at in counted
        if (account_id, item_id) in pairs
    ]
    if rows:
        session.execute(_watched(_dialect(session)), rows)


def put_on_deck(session: Session, account_id: int, rows: Sequence[Row]) -> None:
    """Replace what an account watches next."""
    session.execute(delete(OnDeckRow).where(OnDeckRow.account_id == account_id))
    if rows:
        session.execute(_upsert(_dialect(session), OnDeckRow.__table__, ("account_id", "position")), rows)


def newest_item(session: Session, library_id: int) -> int:
    """The highest id of a library's items; 0 where it has none."""
    return session.scalar(select(func.max(ItemRow.id)).where(ItemRow.library_id == library_id)) or 0


def keys_of(
    session: Session, library_id: int, after: int, up_to: int, size: int
) -> Sequence[tuple[int, str]]:
    """The ids and keys of a library's items, of those above `after` and not above `up_to`, in order."""
    rows = session.execute(
        select(ItemRow.id, ItemRow.key)
        .where(ItemRow.library_id == library_id, ItemRow.id > after, ItemRow.id <= up_to)
        .order_by(ItemRow.id)
        .limit(size)
    )
    return [(id_, key) for id_, key in rows]


def remove_items(session: Session, library_id: int, ids: Collection[int]) -> int:
    """Take items out of the index, if they are still in this library; how many were."""
    removed: CursorResult[Any] = session.execute(  # type: ignore[assignment]  # a delete has a cursor
        delete(ItemRow).where(ItemRow.library_id == library_id, ItemRow.id.in_(ids))
    )
    return removed.rowcount


def counts_by_kind(session: Session, library_id: int) -> Mapping[str, int]:
    """How many items of each kind a library has in the index."""
    rows = session.execute(
        select(ItemRow.kind, func.count()).where(ItemRow.library_id == library_id).group_by(ItemRow.kind)
    )
    return dict(rows.tuples().all())


def libraries_of(session: Session, server_id: int) -> Sequence[LibraryRow]:
    """The libraries of a server, in its order."""
    return session.scalars(
        select(LibraryRow)
        .where(LibraryRow.server_id == server_id)
        .order_by(LibraryRow.position, LibraryRow.id)
    ).all()


def update_library(session: Session, library_id: int, **values: Any) -> None:
    """Set columns of a library."""
    session.execute(update(LibraryRow).where(LibraryRow.id == library_id).values(**values))


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _insert(dialect: str, table: Any) -> Any:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def _upsert(dialect: str, table: Table, key: tuple[str, ...], only: tuple[str, ...] = ()) -> Any:
    insert = _insert(dialect, table)
    names = only or [column.name for column in table.columns if column.name not in (*key, "id")]
    return insert.on_conflict_do_update(
        index_elements=list(key), set_={name: insert.excluded[name] for name in names}
    )


@cache
def _ignoring(dialect: str, table: Table, key: tuple[str, ...]) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing(index_elements=list(key))


@cache
def _watched(dialect: str) -> Any:
    """What was watched more often, or later, than was known."""
    insert = _insert(dialect, WATCH)
    count, at = insert.excluded.watched_count, insert.excluded.watched_at
    earlier = or_(WatchStateRow.watched_at.is_(None), WatchStateRow.watched_at < at)
    return insert.on_conflict_do_update(
        index_elements=["item_id", "account_id"],
        set_={
            "watched_count": case(
                (WatchStateRow.watched_count < count, count), else_=WatchStateRow.watched_count
            ),
            "watched_at": case((earlier, at), else_=WatchStateRow.watched_at),
        },
    )


def _put_items(dialect: str) -> Any:
    insert = _insert(dialect, ITEM)
    new = {name: insert.excluded[name] for name in ITEM_COLUMNS if name not in ("server_id", "key")}
    return insert.on_conflict_do_update(index_elements=["server_id", "key"], set_=new)


def _put_parts(dialect: str) -> Any:
    insert = _insert(dialect, PART)
    same = and_(PartRow.path == insert.excluded.path, PartRow.size == insert.excluded.size)
    new = {
        name: insert.excluded[name]
        for name in PART_COLUMNS
        if name not in ("item_id", "key", "hash", "has_preview")
    }
    new["hash"] = case((same, PartRow.hash), else_=null())
    new["has_preview"] = or_(insert.excluded.has_preview, and_(same, PartRow.has_preview))
    return insert.on_conflict_do_update(index_elements=["item_id", "key"], set_=new)


def _bulk(session: Session, name: str) -> Bulk:
    dialect = session.get_bind().dialect
    return _bulk_for(dialect.name, name, dialect)


@cache
def _bulk_for(dialect_name: str, name: str, dialect: Dialect) -> Bulk:
    statements: dict[str, tuple[Any, tuple[str, ...]]] = {
        "item": (_put_items(dialect_name), ITEM_COLUMNS),
        "part": (_put_parts(dialect_name), PART_COLUMNS),
        "version": (_upsert(dialect_name, VERSION, ("item_id", "position")), VERSION_COLUMNS),
        "watch_state": (_upsert(dialect_name, WATCH, ("item_id", "account_id")), WATCH_COLUMNS),
        "external_id": (_ignoring(dialect_name, EXTERNAL_ID, EXTERNAL_ID_COLUMNS), EXTERNAL_ID_COLUMNS),
        "unindexed": (_ignoring(dialect_name, UNINDEXED, ("item_id",)), ("item_id",)),
    }
    statement, columns = statements[name]
    return Bulk.of(statement, columns, dialect)
