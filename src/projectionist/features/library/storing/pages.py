"""One page of a server's listing into the index, in one short transaction; what is as it was is not written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.features.library.searching.folding import fold
from projectionist.features.library.storing import queries
from projectionist.features.library.storing.queries import Row, Stored
from projectionist.media.vocabulary import ItemKind, ListedItem

_MARKS = b"1"
"""Changes where an item would be stored otherwise than before, so that all are written anew."""

PROMINENCE = {
    ItemKind.MOVIE: 0,
    ItemKind.SHOW: 0,
    ItemKind.ARTIST: 0,
    ItemKind.VIDEO: 0,
    ItemKind.ALBUM: 1,
    ItemKind.EPISODE: 2,
    ItemKind.TRACK: 2,
}
"""Who comes first in search. A season is found by its show."""

_encode = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Written:
    """What a page did to the index."""

    added: int = 0
    changed: int = 0

    def __bool__(self) -> bool:
        """Whether anything was written."""
        return bool(self.added or self.changed)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the items of a page belong; `owner_id` is the account whose watch state the listing carries."""

    server_id: int
    library_id: int
    owner_id: int | None = None


@dataclass(slots=True)
class _Rows:
    """The rows of a page, table by table."""

    items: list[Row] = field(default_factory=list)
    versions: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    external_ids: list[Row] = field(default_factory=list)
    watch_states: list[Row] = field(default_factory=list)


def write_page(
    database: Database,
    shelf: Shelf,
    items: Sequence[ListedItem],
    then: Callable[[Session, Written], None],
) -> Written:
    """Bring the index up to a page. `then` is called in the same transaction, if anything was written."""
    items = list({item.key: item for item in items}.values())
    marks = {item.key: _mark(item) for item in items}
    with database.read() as session:
        known = queries.stored_items(session, shelf.server_id, list(marks))
        above = queries.item_ids(session, shelf.server_id, _parents(items))
    changed = [item for item in items if not _is_as_stored(item, shelf, marks, known, above)]
    written = Written(
        added=sum(item.key not in known for item in changed),
        changed=sum(item.key in known for item in changed),
    )
    if not changed:
        return written
    rows = _Rows(items=[_item_row(item, shelf, marks[item.key], above) for item in changed])
    with database.write() as session:
        queries.put_items(session, rows.items)
        ids = {key: stored.id for key, stored in known.items()}
        ids |= queries.item_ids(
            session, shelf.server_id, [item.key for item in changed if item.key not in ids]
        )
        for item in changed:
            _add_files(rows, item, ids[item.key], shelf)
        before = [ids[item.key] for item in changed if item.key in known]
        queries.put_versions(session, before, rows.versions)
        queries.put_parts(session, before, rows.parts)
        queries.put_external_ids(session, before, rows.external_ids)
        if shelf.owner_id is not None:
            queries.put_watch_states(session, shelf.owner_id, before, rows.watch_states)
        then(session, written)
    return written


def _mark(item: ListedItem) -> int:
    return int.from_bytes(blake2b(_encode(item), digest_size=8, key=_MARKS).digest(), "big", signed=True)


def _parents(items: Sequence[ListedItem]) -> set[str]:
    keys = {item.parent_key for item in items} | {item.grandparent_key for item in items}
    return {key for key in keys if key is not None}


def _is_as_stored(
    item: ListedItem, shelf: Shelf, marks: dict[str, int], known: dict[str, Stored], above: dict[str, int]
) -> bool:
    stored = known.get(item.key)
    return (
        stored is not None
        and stored.mark == marks[item.key]
        and stored.library_id == shelf.library_id
        and stored.parent_id == above.get(item.parent_key or "")
        and stored.grandparent_id == above.get(item.grandparent_key or "")
    )


def _item_row(item: ListedItem, shelf: Shelf, mark: int, above: dict[str, int]) -> Row:
    folded = fold(item.title)
    if item.original_title and (original := fold(item.original_title)) != folded:
        folded = f"{folded}\n{original}"
    return {
        "server_id": shelf.server_id,
        "library_id": shelf.library_id,
        "key": item.key,
        "kind": item.kind.value,
        "parent_id": above.get(item.parent_key or ""),
        "grandparent_id": above.get(item.grandparent_key or ""),
        "title": item.title,
        "original_title": item.original_title,
        "sort_title": item.sort_title,
        "sort_key": fold(item.sort_title) if item.sort_title else folded,
        "folded": folded,
        "prominence": PROMINENCE.get(item.kind),
        "year": item.year,
        "number": item.number,
        "duration_ms": item.duration_ms,
        "height": max((version.height for version in item.versions), default=0),
        "summary": item.summary,
        "added_at": item.added_at,
        "updated_at": item.updated_at,
        "released_on": item.released_on,
        "rating": item.rating,
        "content_rating": item.content_rating,
        "studio": item.studio,
        "genres": list(item.genres),
        "poster": item.poster,
        "art": item.art,
        "mark": mark,
        "indexed": item.kind not in PROMINENCE,
    }


def _add_files(rows: _Rows, item: ListedItem, item_id: int, shelf: Shelf) -> None:
    for position, version in enumerate(item.versions):
        rows.versions.append(
            {
                "item_id": item_id,
                "position": position,
                "key": version.key,
                "width": version.width,
                "height": version.height,
                "video_codec": version.video_codec,
                "audio_codec": version.audio_codec,
                "bitrate_kbps": version.bitrate_kbps,
                "duration_ms": version.duration_ms,
                "optimized": version.optimized,
            }
        )
        for place, part in enumerate(version.parts):
            rows.parts.append(
                {
                    "library_id": shelf.library_id,
                    "item_id": item_id,
                    "version": position,
                    "position": place,
                    "key": part.key,
                    "path": part.path,
                    "size": part.size,
                    "duration_ms": part.duration_ms or version.duration_ms,
                    "container": part.container,
                    "has_preview": part.has_preview,
                }
            )
    rows.external_ids.extend(
        {"item_id": item_id, "source": known.source, "value": known.value} for known in item.external_ids
    )
    if shelf.owner_id is not None and (item.watched_count or item.position_ms):
        rows.watch_states.append(_watch_row(item, item_id, shelf.owner_id))


def _watch_row(item: ListedItem, item_id: int, owner_id: int) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "account_id": owner_id,
        "watched_count": item.watched_count,
        "position_ms": item.position_ms,
        "watched_at": item.watched_at,
    }
