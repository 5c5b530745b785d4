"""What a household has and watches, read at once for whoever thinks ahead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.library.household import queries
from projectionist.features.library.titles import full_title
from projectionist.media.vocabulary import ExternalId, ItemKind, ServerPath


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person as a server knows them."""

    id: int
    server_id: int
    key: str
    name: str
    is_owner: bool


class Watchable(NamedTuple):
    """A film or an episode. `season_id`, `show_id`, `season` and `number` mean something for episodes only."""

    id: int
    server_id: int
    library_id: int
    kind: str
    season_id: int | None
    show_id: int | None
    season: int | None
    number: int | None
    duration_ms: int
    height: int
    added_at: datetime | None


class Seen(NamedTuple):
    """Somebody watched an item then."""

    item_id: int
    account_id: int
    at: datetime


class Progress(NamedTuple):
    """How far somebody is with an item, and how often they have seen its end."""

    item_id: int
    account_id: int
    watched_count: int
    position_ms: int
    watched_at: datetime | None


class Next(NamedTuple):
    """An item that an account watches next, as its server said; `rank` from 0, the best first."""

    account_id: int
    rank: int
    item_id: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Household:
    """Everybody, what something speaks for, and what was watched: the history with the newest line first."""

    viewers: Sequence[Viewer]
    watchables: Sequence[Watchable]
    history: Sequence[Seen]
    progress: Sequence[Progress]
    decks: Sequence[Next]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of an item, and what is known of the version that it belongs to; `version` is its place, from 0."""

    part_id: int
    item_id: int
    item_key: str
    library_id: int
    server_id: int
    part_key: str
    path: ServerPath
    size: int
    title: str
    version: int
    width: int
    height: int
    bitrate_kbps: int
    optimized: bool


def household(
    database: Database, *, new_since: datetime, watched_since: datetime, most: int, also: Collection[int]
) -> Household:
    """What there is to think of: what came after `new_since`, what was begun, the shows of these, and what is named.

    `also` are ids of items, seasons and shows. At most `most` lines of history, none before `watched_since`.
    """
    with database.read() as session:
        return Household(
            viewers=[
                Viewer(row.id, row.server_id, row.key, row.name, row.is_owner)
                for row in queries.accounts(session)
            ],
            watchables=_watchables(session, new_since, also),
            history=[Seen._make(row) for row in queries.history(session, watched_since, most)],
            progress=[Progress._make(row) for row in queries.states(session)],
            decks=[Next(row.account_id, row.position, row.item_id, row.at) for row in queries.decks(session)],
        )


def _watchables(session: Session, new_since: datetime, also: Collection[int]) -> list[Watchable]:
    """By their ids, each once."""
    found = [Watchable._make(row) for row in queries.watchables(session, new_since)]
    known = {one.id for one in found}
    more = {
        row[0]: Watchable._make(row) for row in queries.watchables_named(session, also) if row[0] not in known
    }
    return sorted([*found, *more.values()], key=lambda one: one.id) if more else found


def viewers(database: Database) -> Sequence[Viewer]:
    """Everybody, server by server."""
    with database.read() as session:
        rows = queries.accounts(session)
    return [Viewer(row.id, row.server_id, row.key, row.name, row.is_owner) for row in rows]


def files_of(database: Database, item_ids: Collection[int]) -> Mapping[int, Sequence[FileFacts]]:
    """The files of items, by item, version by version in the server's order."""
    found: dict[int, list[FileFacts]] = {}
    with database.read() as session:
        rows = queries.files(session, item_ids)
        items = queries.titles(session, {row[1] for row in rows})
        ids = {id_ for one in items.values() for id_ in (one.parent_id, one.grandparent_id)}
        above = queries.titles(session, {id_ for id_ in ids if id_ is not None})
    titles = {id_: full_title(one, above) for id_, one in items.items()}
    for row in rows:
        if row[1] in titles:
            found.setdefault(row[1], []).append(_facts(row, titles[row[1]]))
    return found


def item_title(database: Database, item_id: int) -> str:
    """What an item is called where it stands alone. Raises NotFound."""
    with database.read() as session:
        items = queries.titles(session, [item_id])
        ids = [id_ for one in items.values() for id_ in (one.parent_id, one.grandparent_id)]
        above = queries.titles(session, [id_ for id_ in ids if id_ is not None])
    if item_id not in items:
        raise NotFound("There is no such item; it may have been removed from its library.")
    return full_title(items[item_id], above)


def items_known_as(
    database: Database, server_id: int, ids: Collection[ExternalId]
) -> Mapping[ExternalId, Sequence[tuple[int, ItemKind]]]:
    """A server's items that other catalogues know by these ids, with their kinds; none by a title."""
    found: dict[ExternalId, list[tuple[int, ItemKind]]] = {}
    wanted = set(ids)
    with database.read() as session:
        rows = queries.known_as(session, server_id, {one.value for one in wanted})
    for source, value, item_id, kind in rows:
        if (known := ExternalId(source, value)) in wanted:
            found.setdefault(known, []).append((item_id, ItemKind(kind)))
    return found


def item_ids(database: Database, server_id: int, keys: Collection[str]) -> Mapping[str, int]:
    """The ids of a server's items, by its keys; a key that the index does not have is absent."""
    with database.read() as session:
        return queries.ids_by_key(session, server_id, keys)


def _facts(row: Sequence[Any], title: str) -> FileFacts:
    part_id, item_id, item_key, library_id, server_id, part_key, path, size, *version = row
    place, width, height, bitrate_kbps, optimized = version
    return FileFacts(
        part_id=part_id,
        item_id=item_id,
        item_key=item_key,
        library_id=library_id,
        server_id=server_id,
        part_key=part_key,
        path=ServerPath(path),
        size=size,
        title=title,
        version=place,
        width=width,
        height=height,
        bitrate_kbps=bitrate_kbps,
        optimized=optimized,
    )
