"""One page of a server's listing into the index, in one short transaction; what is as it was is not written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.features.library.models import PROMINENCE
from projectionist.features.library.searching.folding import fold
from projectionist.features.library.storing import queries
from projectionist.features.library.storing.queries import Stored, Values
from projectionist.media.vocabulary import ListedItem

_MARKS = b"1"
"""Changes where an item would be stored otherwise than before, so that all are written anew."""

_LONGEST_TITLE = 1_000
_LONGEST_FOLDED = 300
"""An index of PostgreSQL takes 2,704 bytes, and two folded titles may stand in one; a letter takes up to 4 bytes."""
_LONGEST_SUMMARY = 50_000
_FOLDED = queries.ITEM_COLUMNS.index("folded")

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

    versions: list[Values] = field(default_factory=list)
    parts: list[Values] = field(default_factory=list)
    external_ids: list[Values] = field(default_factory=list)
    watch_states: list[Values] = field(default_factory=list)


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
    item_rows = [_item_row(item, shelf, marks[item.key], above) for item in changed]
    with database.write() as session:
        queries.put_items(session, item_rows)
        ids = {key: stored.id for key, stored in known.items()}
        new = [item.key for item in changed if item.key not in ids]
        ids |= queries.item_ids(session, shelf.server_id, new)
        _write_belongings(
            session, shelf, changed, ids, before=[ids[item.key] for item in changed if item.key in known]
        )
        queries.put_unindexed(session, _retitled(changed, item_rows, ids, known))
        then(session, written)
    return written


def _write_belongings(
    session: Session,
    shelf: Shelf,
    changed: Sequence[ListedItem],
    ids: Mapping[str, int],
    before: Sequence[int],
) -> None:
    rows = _Rows()
    for item in changed:
        _add_files(rows, item, ids[item.key], shelf)
    queries.put_versions(session, before, rows.versions)
    queries.put_parts(session, before, rows.parts)
    queries.put_external_ids(session, before, rows.external_ids)
    if shelf.owner_id is not None:
        queries.put_watch_states(session, shelf.owner_id, before, rows.watch_states)


def _retitled(
    changed: Sequence[ListedItem],
    item_rows: Sequence[Values],
    ids: Mapping[str, int],
    known: Mapping[str, Stored],
) -> list[int]:
    return [
        ids[item.key]
        for item, row in zip(changed, item_rows, strict=True)
        if item.kind in PROMINENCE and (item.key not in known or known[item.key].folded != row[_FOLDED])
    ]


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


def _item_row(item: ListedItem, shelf: Shelf, mark: int, above: dict[str, int]) -> Values:
    title, original_title, sort_title = _cut(item.title), _cut(item.original_title), _cut(item.sort_title)
    folded = fold(title)[:_LONGEST_FOLDED]
    if original_title and (original := fold(original_title)[:_LONGEST_FOLDED]) != folded:
        folded = f"{folded}\n{original}"
    return (
        shelf.server_id,
        shelf.library_id,
        item.key,
        item.kind.value,
        above.get(item.parent_key or ""),
        above.get(item.grandparent_key or ""),
        title,
        original_title,
        sort_title,
        fold(sort_title)[:_LONGEST_FOLDED] if sort_title else folded,
        folded,
        PROMINENCE.get(item.kind),
        item.year,
        item.number,
        item.duration_ms,
        max([version.height for version in item.versions], default=0),
        item.summary[:_LONGEST_SUMMARY],
        item.added_at,
        item.updated_at,
        item.released_on,
        item.rating,
        item.content_rating,
        item.studio,
        item.genres,
        item.poster,
        item.art,
        mark,
    )


def _cut(title: str) -> str:
    """No more of a title than a person would read."""
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _add_files(rows: _Rows, item: ListedItem, item_id: int, shelf: Shelf) -> None:
    for position, version in enumerate(item.versions):
        rows.versions.append(
            (
                item_id,
                position,
                version.key,
                version.width,
                version.height,
                version.video_codec,
                version.audio_codec,
                version.bitrate_kbps,
                version.duration_ms,
                version.optimized,
            )
        )
        for place, part in enumerate(version.parts):
            rows.parts.append(
                (
                    shelf.library_id,
                    item_id,
                    position,
                    place,
                    part.key,
                    part.path,
                    part.size,
                    part.duration_ms or version.duration_ms,
                    part.container,
                    None,
                    part.has_preview,
                )
            )
    for known in item.external_ids:
        rows.external_ids.append((item_id, known.source, known.value))
    if shelf.owner_id is not None and (item.watched_count or item.position_ms):
        rows.watch_states.append(
            (item_id, shelf.owner_id, item.watched_count, item.position_ms, item.watched_at)
        )
