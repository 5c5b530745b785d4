"""What is there to watch and who watched it, in few columns: a hundred thousand rows are to be read at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased, load_only

from projectionist.features.library.models import (
    ExternalIdRow,
    HistoryRow,
    ItemRow,
    LibraryRow,
    OnDeckRow,
    PartRow,
    ServerAccountRow,
    VersionRow,
    WatchStateRow,
)
from projectionist.media.vocabulary import ItemKind

_WATCHED = (ItemKind.MOVIE, ItemKind.EPISODE, ItemKind.VIDEO)
_AT_ONCE = 500
_TITLE = load_only(
    *(ItemRow.kind, ItemRow.title, ItemRow.year, ItemRow.number, ItemRow.parent_id, ItemRow.grandparent_id)
)


def accounts(session: Session) -> Sequence[ServerAccountRow]:
    """Everybody, server by server."""
    return session.scalars(
        select(ServerAccountRow).order_by(ServerAccountRow.server_id, ServerAccountRow.id)
    ).all()


def watchables(session: Session, new_since: datetime) -> Sequence[Any]:
    """The films and episodes that something speaks for by itself: new, begun, on deck, or of a show that is."""
    begun = aliased(ItemRow)
    watched = (
        select(HistoryRow.item_id).union(select(WatchStateRow.item_id), select(OnDeckRow.item_id)).subquery()
    )
    is_begun = or_(begun.id.in_(select(watched.c.item_id)), begun.added_at >= new_since)
    shows = select(begun.grandparent_id).where(begun.grandparent_id.is_not(None), is_begun)
    return _watchables(
        session,
        or_(
            ItemRow.added_at >= new_since,
            ItemRow.id.in_(select(watched.c.item_id)),
            ItemRow.grandparent_id.in_(shows),
        ),
    )


def watchables_named(session: Session, ids: Collection[int]) -> list[Any]:
    """The films and episodes that these items are or hold, and those of the same shows."""
    found: list[Any] = []
    for few in _some(ids):
        named = aliased(ItemRow)
        shows = select(named.grandparent_id).where(named.grandparent_id.is_not(None), named.id.in_(few))
        found += _watchables(
            session,
            or_(
                ItemRow.id.in_(few),
                ItemRow.parent_id.in_(few),
                ItemRow.grandparent_id.in_(few),
                ItemRow.grandparent_id.in_(shows),
            ),
        )
    return found


def _watchables(session: Session, speaks: ColumnElement[bool]) -> Sequence[Any]:
    season = aliased(ItemRow)
    return session.execute(
        select(
            ItemRow.id,
            ItemRow.server_id,
            ItemRow.library_id,
            ItemRow.kind,
            ItemRow.parent_id,
            ItemRow.grandparent_id,
            season.number,
            ItemRow.number,
            ItemRow.duration_ms,
            ItemRow.height,
            ItemRow.added_at,
        )
        .join(LibraryRow, LibraryRow.id == ItemRow.library_id)
        .outerjoin(season, season.id == ItemRow.parent_id)
        .where(LibraryRow.enabled, ItemRow.kind.in_(_WATCHED), speaks)
        .order_by(ItemRow.id)
    ).all()


def history(session: Session, since: datetime, most: int) -> Sequence[Any]:
    """What was watched by whom, the newest first: the item, the account, and when."""
    return session.execute(
        select(HistoryRow.item_id, HistoryRow.account_id, HistoryRow.at)
        .where(HistoryRow.at >= since)
        .order_by(HistoryRow.at.desc(), HistoryRow.item_id, HistoryRow.account_id)
        .limit(most)
    ).all()


def states(session: Session) -> Sequence[Any]:
    """How far everybody is: the item, the account, how often to the end, the position, and when."""
    return session.execute(
        select(
            WatchStateRow.item_id,
            WatchStateRow.account_id,
            WatchStateRow.watched_count,
            WatchStateRow.position_ms,
            WatchStateRow.watched_at,
        )
    ).all()


def decks(session: Session) -> Sequence[OnDeckRow]:
    """What is watched next, account by account, best first."""
    return session.scalars(select(OnDeckRow).order_by(OnDeckRow.account_id, OnDeckRow.position)).all()


def files(session: Session, item_ids: Collection[int]) -> list[Any]:
    """The files of items in the servers' order, with what is known of their versions and items."""
    found: list[Any] = []
    of_version = (VersionRow.item_id == PartRow.item_id) & (VersionRow.position == PartRow.version)
    for few in _some(item_ids):
        found += session.execute(
            select(
                PartRow.id,
                PartRow.item_id,
                ItemRow.key,
                PartRow.library_id,
                ItemRow.server_id,
                PartRow.key,
                PartRow.path,
                PartRow.size,
                VersionRow.position,
                VersionRow.width,
                VersionRow.height,
                VersionRow.bitrate_kbps,
                VersionRow.optimized,
            )
            .join(ItemRow, ItemRow.id == PartRow.item_id)
            .join(VersionRow, of_version)
            .where(PartRow.item_id.in_(few))
            .order_by(PartRow.item_id, PartRow.version, PartRow.position)
        ).all()
    return found


def titles(session: Session, ids: Iterable[int]) -> dict[int, ItemRow]:
    """Items by their ids, with no more of each than its title is made of."""
    found: dict[int, ItemRow] = {}
    for few in _some(set(ids)):
        rows = session.scalars(select(ItemRow).where(ItemRow.id.in_(few)).options(_TITLE))
        found |= {row.id: row for row in rows}
    return found


def known_as(session: Session, server_id: int, values: Collection[str]) -> list[Any]:
    """A server's items that other catalogues know by one of these words: source, word, item and its kind."""
    found: list[Any] = []
    for few in _some(values):
        found += session.execute(
            select(ExternalIdRow.source, ExternalIdRow.value, ItemRow.id, ItemRow.kind)
            .join(ItemRow, ItemRow.id == ExternalIdRow.item_id)
            .join(LibraryRow, LibraryRow.id == ItemRow.library_id)
            .where(ItemRow.server_id == server_id, LibraryRow.enabled, ExternalIdRow.value.in_(few))
            .order_by(ItemRow.id)
        ).all()
    return found


def ids_by_key(session: Session, server_id: int, keys: Collection[str]) -> dict[str, int]:
    """The ids of a server's items, by key."""
    found: dict[str, int] = {}
    for few in _some(keys):
        rows = session.execute(
            select(ItemRow.key, ItemRow.id).where(ItemRow.server_id == server_id, ItemRow.key.in_(few))
        )
        found |= dict(rows.tuples().all())
    return found


def _some(values: Iterable[Any]) -> Iterator[list[Any]]:
    """A few at a time, in order: a statement takes only so many."""
    rest = iter(sorted(values))
    while few := list(islice(rest, _AT_ONCE)):
        yield few
