"""What the API of the library takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from projectionist.features.library.service import LibraryFacts
from projectionist.features.library.showing import Card, ItemDetail

KindName = Literal["movie", "show", "season", "episode", "artist", "album", "track", "video"]
ResolutionName = Literal["4k", "1080", "720", "sd"]
SortName = Literal[
    "title",
    "-title",
    "added_at",
    "-added_at",
    "year",
    "-year",
    "rating",
    "-rating",
    "duration",
    "-duration",
    "number",
]


class LibraryDocument(msgspec.Struct, frozen=True):
    """A library. `missing_since` is set while its server does not list it any more."""

    id: int
    server_id: int
    kind: str
    title: str
    locations: list[str]
    enabled: bool
    item_count: int
    synced_at: datetime | None
    complete_at: datetime | None
    missing_since: datetime | None
    last_error: str


class LibraryChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a library is synced, searched and shown."""

    enabled: bool


class SyncRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`full` reads all of it, whatever the server says has changed."""

    full: bool = False


class OrderedDocument(msgspec.Struct, frozen=True):
    """The job that was asked for; `created` is false where it was asked for already."""

    job_id: str
    created: bool


class ItemDocument(msgspec.Struct, frozen=True):
    """An item in a list. `line` says where it belongs: its show, or its year; `fraction` how far the owner is."""

    id: int
    library_id: int
    kind: KindName
    title: str
    line: str
    year: int | None
    number: int | None
    duration_ms: int
    height: int
    rating: float | None
    added_at: datetime | None
    watched: bool
    fraction: float


class PartDocument(msgspec.Struct, frozen=True):
    """A file, with its path as the server sees it, and its size in bytes."""

    id: int
    path: str
    size: int
    duration_ms: int
    container: str
    has_preview: bool


class VersionDocument(msgspec.Struct, frozen=True):
    """One encoding of an item."""

    width: int
    height: int
    video_codec: str
    audio_codec: str
    bitrate_kbps: int
    optimized: bool
    parts: list[PartDocument]


class ExternalIdDocument(msgspec.Struct, frozen=True):
    """What another catalogue calls an item."""

    source: str
    value: str


class ItemDetailDocument(msgspec.Struct, frozen=True):
    """Everything that is known of an item."""

    id: int
    server_id: int
    library_id: int
    kind: KindName
    title: str
    original_title: str
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
    genres: list[str]
    versions: list[VersionDocument]
    external_ids: list[ExternalIdDocument]


class SearchDocument(msgspec.Struct, frozen=True):
    """What a text may mean, best first."""

    items: list[ItemDocument]


def library_document(one: LibraryFacts) -> LibraryDocument:
    """A library, for the API."""
    return LibraryDocument(
        one.id,
        one.server_id,
        one.kind.value,
        one.title,
        [str(location) for location in one.locations],
        one.enabled,
        one.item_count,
        one.synced_at,
        one.complete_at,
        one.missing_since,
        one.last_error,
    )


def item_document(card: Card) -> ItemDocument:
    """An item in a list, for the API."""
    return ItemDocument(
        card.id,
        card.library_id,
        card.kind.value,
        card.title,
        card.line,
        card.year,
        card.number,
        card.duration_ms,
        card.height,
        card.rating,
        card.added_at,
        card.watched,
        card.fraction,
    )


def item_detail_document(one: ItemDetail) -> ItemDetailDocument:
    """An item, for the API."""
    versions = [
        VersionDocument(
            version.width,
            version.height,
            version.video_codec,
            version.audio_codec,
            version.bitrate_kbps,
            version.optimized,
            [
                PartDocument(
                    part.id, part.path, part.size, part.duration_ms, part.container, part.has_preview
                )
                for part in version.parts
            ],
        )
        for version in one.versions
    ]
    return ItemDetailDocument(
        id=one.id,
        server_id=one.server_id,
        library_id=one.library_id,
        kind=one.kind.value,
        title=one.title,
        original_title=one.original_title,
        number=one.number,
        year=one.year,
        summary=one.summary,
        duration_ms=one.duration_ms,
        added_at=one.added_at,
        updated_at=one.updated_at,
        released_on=one.released_on,
        rating=one.rating,
        content_rating=one.content_rating,
        studio=one.studio,
        genres=list(one.genres),
        versions=versions,
        external_ids=[ExternalIdDocument(source, value) for source, value in one.external_ids],
    )
