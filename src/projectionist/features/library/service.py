"""The library index, for pages and for other features."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotFound
from projectionist.features.audit_log.service import Act, record
from projectionist.features.library import queries
from projectionist.features.library.household.reading import (
    FileFacts,
    Household,
    Next,
    Progress,
    Seen,
    Viewer,
    Watchable,
    files_of,
    household,
    item_ids,
    item_title,
    items_known_as,
    viewers,
)
from projectionist.features.library.models import ItemRow, LibraryRow, PartRow
from projectionist.features.library.neighbours import Servers
from projectionist.features.library.ordering import SYNC, order_sync, sync_order
from projectionist.features.library.queries import RESOLUTIONS, SORTS, ItemFilter
from projectionist.features.library.showing import (
    Card,
    ItemDetail,
    PartDetail,
    VersionDetail,
    WatcherDetail,
    children,
    decades,
    find_items,
    item,
    kind_counts,
    next_up,
    recently_added,
    search_items,
    watchers,
)
from projectionist.features.library.titles import full_title
from projectionist.media.vocabulary import LibraryKind, LocalPath, ServerPath

__all__ = [
    "RESOLUTIONS",
    "SORTS",
    "SYNC",
    "Card",
    "FileFacts",
    "Household",
    "ItemDetail",
    "ItemFilter",
    "Next",
    "PartDetail",
    "Progress",
    "Seen",
    "Servers",
    "VersionDetail",
    "Viewer",
    "Watchable",
    "WatcherDetail",
    "children",
    "decades",
    "files_of",
    "find_items",
    "household",
    "item",
    "item_ids",
    "item_title",
    "items_known_as",
    "kind_counts",
    "next_up",
    "order_sync",
    "recently_added",
    "search_items",
    "sync_order",
    "viewers",
    "watchers",
]
"""What this feature promises to the others, with what is defined below."""


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """A library of the index. `missing_since` is set while its server does not list it any more."""

    id: int
    server_id: int
    key: str
    kind: LibraryKind
    title: str
    locations: tuple[ServerPath, ...]
    enabled: bool
    item_count: int
    synced_at: datetime | None
    complete_at: datetime | None
    missing_since: datetime | None
    doubted: int
    last_error: str


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A file of an item. `part_hash` is empty where it is not known; `title` names the item for people."""

    id: int
    library_id: int
    item_id: int
    server_id: int
    item_key: str
    part_key: str
    title: str
    path: ServerPath
    size: int
    duration_ms: int
    part_hash: str
    has_preview: bool
    added_at: datetime | None


def libraries(database: Database) -> Sequence[LibraryFacts]:
    """Every library, server by server."""
    with database.read() as session:
        return [library_facts(row) for row in queries.libraries(session)]


def library(database: Database, library_id: int) -> LibraryFacts:
    """One library. Raises NotFound."""
    with database.read() as session:
        row = queries.library(session, library_id)
    if row is None:
        raise NotFound("There is no such library; it may have been removed with its server.")
    return library_facts(row)


def trouble_of(one: LibraryFacts) -> str:
    """What somebody should know about a library, in a sentence; empty where all is well."""
    if one.missing_since is not None:
        return "Its server does not list it any more; what is known of it is kept until you remove it."
    if trouble := one.last_error:
        return f"The last sync did not work: {trouble}"
    if one.doubted:
        return (
            f"{one.doubted} of its items are no longer listed. They are kept until a complete sync, an hour later or "
            "more, finds the same: look whether a disk of the server is away."
        )
    return ""


def stale_because(database: Database, one: LibraryFacts) -> str:
    """Why what is shown of a library may not be what its server has now; empty where nothing says so."""
    with database.read() as session:
        return queries.silence(session, one.server_id) or one.last_error


def whereabouts(
    servers: Servers, server_id: int, versions: Sequence[VersionDetail]
) -> Mapping[int, LocalPath | None]:
    """Where this node has each part's file, by part id; None where no path mapping covers it."""
    return {
        part.id: servers.local_path(server_id, part.path) for version in versions for part in version.parts
    }


def set_enabled(database: Database, library_id: int, *, enabled: bool) -> LibraryFacts:
    """Exclude a library from sync, search and pages, or take it in again; nothing is removed. Raises NotFound."""
    was = library(database, library_id)
    with database.durable() as session:
        queries.set_enabled(session, library_id, enabled)
        before, after = {"enabled": was.enabled}, {"enabled": enabled}
        record(session, Act.LIBRARY_CHANGED, was.title, before=before, after=after)
    return library(database, library_id)


def forget_library(database: Database, library_id: int) -> None:
    """Take a library that its server does not list any more out of the index. Raises NotFound, Conflict.

    Media and previews stay where they are.
    """
    known = library(database, library_id)
    if known.missing_since is None:
        raise Conflict(
            "The server still lists this library, so the next sync would bring it back; exclude it instead."
        )
    with database.durable() as session:
        queries.remove_library(session, library_id)
        was = {"server_id": known.server_id, "key": known.key, "items": known.item_count}
        record(session, Act.LIBRARY_FORGOTTEN, known.title, before=was)


def list_parts(
    database: Database, library_id: int, *, after: int = 0, size: int = 500
) -> Sequence[PartFacts]:
    """The parts of a library whose ids are above `after`, in the order of their ids; at most `size`."""
    with database.read() as session:
        rows = queries.parts_of_library(session, library_id, after, size)
        above = queries.titles_above(session, [item for _, item in rows])
    return [_part_facts(part, item, above) for part, item in rows]


def parts_at(database: Database, server_id: int, paths: Collection[ServerPath]) -> Sequence[PartFacts]:
    """The parts whose files a server has at these paths."""
    with database.read() as session:
        rows = queries.parts_at(session, server_id, paths)
        above = queries.titles_above(session, [item for _, item in rows])
    return [_part_facts(part, item, above) for part, item in rows]


def parts_of(database: Database, server_id: int, keys: Collection[str]) -> Sequence[PartFacts]:
    """The parts of a server's items, by the items' keys."""
    with database.read() as session:
        rows = queries.parts_of_items(session, server_id, keys)
        above = queries.titles_above(session, [item for _, item in rows])
    return [_part_facts(part, item, above) for part, item in rows]


def server_key(database: Database, item_id: int) -> tuple[int, str] | None:
    """The server of an item, and what it calls it; None where the index has it no more."""
    with database.read() as session:
        row = queries.item(session, item_id)
    return None if row is None else (row.server_id, row.key)


def parts_without_hash(
    database: Database, library_id: int, *, after: int = 0, size: int = 500
) -> Sequence[PartFacts]:
    """Those of them whose hash is not known."""
    with database.read() as session:
        rows = queries.parts_without_hash(session, library_id, after, size)
        above = queries.titles_above(session, [item for _, item in rows])
    return [_part_facts(part, item, above) for part, item in rows]


def count_parts(database: Database, library_id: int) -> int:
    """How many parts a library has."""
    with database.read() as session:
        return queries.count_parts(session, library_id)


def set_part_hashes(database: Database, hashes: Mapping[int, str]) -> None:
    """Keep what a server names its folders for these parts by, by part id; ids that are gone are passed over."""
    if hashes:
        with database.write() as session:
            queries.set_part_hashes(session, hashes)


def set_part_previews(database: Database, previews: Mapping[int, bool]) -> None:
    """Keep whether these parts have a preview, by part id."""
    if previews:
        with database.write() as session:
            queries.set_part_previews(session, previews)


def library_facts(row: LibraryRow) -> LibraryFacts:
    """A row as others see it."""
    return LibraryFacts(
        id=row.id,
        server_id=row.server_id,
        key=row.key,
        kind=LibraryKind(row.kind),
        title=row.title,
        locations=tuple(ServerPath(location) for location in row.locations),
        enabled=row.enabled,
        item_count=row.item_count,
        synced_at=row.synced_at,
        complete_at=row.complete_at,
        missing_since=row.missing_since,
        doubted=row.doubted,
        last_error=row.last_error,
    )


def _part_facts(part: PartRow, item: ItemRow, above: Mapping[int, ItemRow]) -> PartFacts:
    return PartFacts(
        id=part.id,
        library_id=part.library_id,
        item_id=item.id,
        server_id=item.server_id,
        item_key=item.key,
        part_key=part.key,
        title=full_title(item, above),
        path=ServerPath(part.path),
        size=part.size,
        duration_ms=part.duration_ms,
        part_hash=part.hash or "",
        has_preview=part.has_preview,
        added_at=item.added_at,
    )
