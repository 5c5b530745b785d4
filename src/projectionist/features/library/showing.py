"""Items as pages and the API show them: cards of the wall, one item with all that is known of it, what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, NotFound
from projectionist.features.library import queries
from projectionist.features.library.models import ItemRow
from projectionist.features.library.queries import RESOLUTIONS, SORTS, ItemFilter
from projectionist.features.library.searching.folding import fold
from projectionist.features.library.searching.ranking import find_ids
from projectionist.media.vocabulary import ItemKind, Page, ServerPath

LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Card:
    """An item on a wall or in a list. `line` says where it belongs: its show, or its year.

    `part_id` is its first file, None where it has none; `fraction` how far the owner is with it.
    """

    id: int
    library_id: int
    kind: ItemKind
    title: str
    line: str
    year: int | None
    number: int | None
    duration_ms: int
    height: int
    rating: float | None
    added_at: datetime | None
    has_poster: bool
    part_id: int | None
    watched: bool
    fraction: float


@dataclass(frozen=True, slots=True)
class PartDetail:
    """A file of a version."""

    id: int
    path: ServerPath
    size: int
    duration_ms: int
    container: str
    has_preview: bool


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """One encoding of an item."""

    position: int
    width: int
    height: int
    video_codec: str
    audio_codec: str
    bitrate_kbps: int
    optimized: bool
    parts: tuple[PartDetail, ...]


@dataclass(frozen=True, slots=True)
class WatcherDetail:
    """How far somebody is with an item."""

    name: str
    is_owner: bool
    watched_count: int
    position_ms: int
    watched_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """Everything the index has about an item; `above` leads up to it from its show or artist."""

    id: int
    server_id: int
    library_id: int
    library_title: str
    kind: ItemKind
    title: str
    original_title: str
    above: tuple[tuple[int, str], ...]
    number: int | None
    year: int | None
    summary: str
    duration_ms: int
    added_at: datetime | None
    updated_at: datetime | None
    released_on: date | None
    rating: float | None
    content_rating: str
    studio: str
    genres: tuple[str, ...]
    has_poster: bool
    has_art: bool
    versions: tuple[VersionDetail, ...]
    external_ids: tuple[tuple[str, str], ...]


def find_items(
    database: Database, wanted: ItemFilter, *, sort: str = "title", offset: int = 0, size: int = 50
) -> Page[Card]:
    """A page of the items that a filter lets through; libraries that are excluded are left out. Raises InputWrong."""
    if sort not in SORTS:
        raise InputWrong(f"Items cannot be sorted by {sort[:40]!r}; they can by {', '.join(SORTS)}.", "sort")
    if wanted.resolution and wanted.resolution not in RESOLUTIONS:
        raise InputWrong(f"There is no such resolution; there are {', '.join(RESOLUTIONS)}.", "resolution")
    wanted = replace(wanted, text=fold(wanted.text))
    with database.read() as session:
        rows, total = queries.find_items(session, wanted, sort, offset, min(size, LARGEST_PAGE))
        return Page(tuple(_cards(session, rows)), offset, total)


def search_items(database: Database, text: str, *, size: int = 20) -> tuple[Card, ...]:
    """What a text that somebody types may mean, best first; typing errors and accents do not matter."""
    ids = find_ids(database, text, min(size, LARGEST_PAGE))
    with database.read() as session:
        rows = queries.items_by_id(session, ids)
        return tuple(_cards(session, [rows[id_] for id_ in ids if id_ in rows]))


def item(database: Database, item_id: int) -> ItemDetail:
    """One item. Raises NotFound."""
    with database.read() as session:
        row = queries.item(session, item_id)
        library = queries.library(session, row.library_id) if row is not None else None
        if row is None or library is None:
            raise NotFound("There is no such item; its server may not have it any more.")
        above = queries.titles_above(session, [row])
        return _detail(session, row, library.title, above)


def children(database: Database, item_id: int, *, offset: int = 0, size: int = 100) -> Page[Card]:
    """The seasons of a show, the episodes of a season, and so on, in their order."""
    return find_items(database, ItemFilter(parent_id=item_id), sort="number", offset=offset, size=size)


def watchers(database: Database, item_id: int, *, everybody: bool) -> Sequence[WatcherDetail]:
    """Who watches an item; only the owner of the server where not `everybody` may be shown."""
    with database.read() as session:
        return [
            WatcherDetail(
                account.name, account.is_owner, state.watched_count, state.position_ms, state.watched_at
            )
            for state, account in queries.watchers(session, item_id, owners_only=not everybody)
        ]


def next_up(database: Database, size: int = 12) -> tuple[Card, ...]:
    """What the owner watches next, as the servers last said."""
    with database.read() as session:
        found = queries.on_deck(session, size)
        positions = {row.id: deck.position_ms for deck, row in found}
        cards = _cards(session, list({row.id: row for _, row in found}.values()))
    return tuple(replace(card, fraction=_fraction(positions[card.id], card.duration_ms)) for card in cards)


def recently_added(database: Database, size: int = 12) -> tuple[Card, ...]:
    """The films, episodes and albums that came last."""
    kinds = (ItemKind.MOVIE, ItemKind.EPISODE, ItemKind.ALBUM, ItemKind.VIDEO)
    with database.read() as session:
        return tuple(_cards(session, queries.recently_added(session, kinds, size)))


def decades(database: Database, library_id: int, kind: ItemKind) -> Sequence[int]:
    """The decades of a library's items, newest first, each by its first year."""
    with database.read() as session:
        return queries.decades(session, library_id, kind)


def kind_counts(database: Database, library_id: int) -> Mapping[ItemKind, int]:
    """How many items of each kind a library has."""
    with database.read() as session:
        return {ItemKind(kind): count for kind, count in queries.kinds_in(session, library_id).items()}


def picture_key(database: Database, item_id: int, which: str) -> tuple[int, str, str]:
    """The server of an item, its key for a poster or background (empty where none), and the title. Raises NotFound.

    An episode or season without a poster of its own has that of its season or show.
    """
    with database.read() as session:
        row = queries.item(session, item_id)
        if row is None:
            raise NotFound("There is no such item; its server may not have it any more.")
        above = queries.titles_above(session, [row])
    chain = [row, above.get(row.parent_id or 0), above.get(row.grandparent_id or 0)]
    key = next((found for one in chain if one is not None and (found := getattr(one, which))), "")
    return row.server_id, key, row.title


def _cards(session: Session, rows: Sequence[ItemRow]) -> list[Card]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    above = queries.titles_above(session, rows)
    parts = queries.first_parts(session, ids)
    states = queries.owner_states(session, ids)
    cards = []
    for row in rows:
        state = states.get(row.id)
        parent = above.get(row.parent_id or 0)
        grandparent = above.get(row.grandparent_id or 0)
        cards.append(
            Card(
                id=row.id,
                library_id=row.library_id,
                kind=ItemKind(row.kind),
                title=row.title,
                line=_line(row, parent, grandparent),
                year=row.year,
                number=row.number,
                duration_ms=row.duration_ms,
                height=row.height,
                rating=row.rating,
                added_at=row.added_at,
                has_poster=any(one is not None and one.poster for one in (row, parent, grandparent)),
                part_id=parts.get(row.id),
                watched=state is not None and state.watched_count > 0,
                fraction=_fraction(state.position_ms, row.duration_ms) if state is not None else 0.0,
            )
        )
    return cards


def _line(row: ItemRow, parent: ItemRow | None, grandparent: ItemRow | None) -> str:
    if row.kind == ItemKind.EPISODE and grandparent is not None and parent is not None:
        return f"{grandparent.title} · S{parent.number or 0:02}E{row.number or 0:02}"
    if (first := grandparent or parent) is not None:
        return first.title
    return str(row.year) if row.year else ""


def _fraction(position_ms: int, duration_ms: int) -> float:
    return min(1.0, position_ms / duration_ms) if duration_ms > 0 else 0.0


def _detail(session: Session, row: ItemRow, library_title: str, above: Mapping[int, ItemRow]) -> ItemDetail:
    parts = queries.parts(session, row.id)
    versions = tuple(
        VersionDetail(
            position=version.position,
            width=version.width,
            height=version.height,
            video_codec=version.video_codec,
            audio_codec=version.audio_codec,
            bitrate_kbps=version.bitrate_kbps,
            optimized=version.optimized,
            parts=tuple(
                PartDetail(
                    part.id,
                    ServerPath(part.path),
                    part.size,
                    part.duration_ms,
                    part.container,
                    part.has_preview,
                )
                for part in parts
                if part.version == version.position
            ),
        )
        for version in queries.versions(session, row.id)
    )
    chain = [above.get(row.grandparent_id or 0), above.get(row.parent_id or 0)]
    return ItemDetail(
        id=row.id,
        server_id=row.server_id,
        library_id=row.library_id,
        library_title=library_title,
        kind=ItemKind(row.kind),
        title=row.title,
        original_title=row.original_title,
        above=tuple((one.id, one.title) for one in chain if one is not None),
        number=row.number,
        year=row.year,
        summary=row.summary,
        duration_ms=row.duration_ms,
        added_at=row.added_at,
        updated_at=row.updated_at,
        released_on=row.released_on,
        rating=row.rating,
        content_rating=row.content_rating,
        studio=row.studio,
        genres=tuple(row.genres),
        has_poster=bool(row.poster) or any(one is not None and one.poster for one in chain),
        has_art=bool(row.art) or any(one is not None and one.art for one in chain),
        versions=versions,
        external_ids=tuple((one.source, one.value) for one in queries.external_ids(session, row.id)),
    )
