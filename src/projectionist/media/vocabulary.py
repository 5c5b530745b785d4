"""Libraries, items, versions, parts, and who plays what: the words every part of the house uses.

Times of day are aware datetimes in UTC; lengths and positions are milliseconds. What a library lists by the hundred
thousand is a msgspec.Struct that the garbage collector does not visit: going through it took a third of a sync.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Generic, NewType, TypeVar

import msgspec

ServerPath = NewType("ServerPath", str)
"""A path as a media server sees it, whatever machine and system that runs on."""

LocalPath = NewType("LocalPath", Path)
"""A path as this node sees it, after its path mappings."""

T = TypeVar("T")


class ServerKind(StrEnum):
    """What kind of media server."""

    FOLDER = "folder"
    PLEX = "plex"


class LibraryKind(StrEnum):
    """What a library holds."""

    MOVIES = "movies"
    SHOWS = "shows"
    MUSIC = "music"
    VIDEOS = "videos"
    PHOTOS = "photos"


class ItemKind(StrEnum):
    """What an item is."""

    MOVIE = "movie"
    SHOW = "show"
    SEASON = "season"
    EPISODE = "episode"
    ARTIST = "artist"
    ALBUM = "album"
    TRACK = "track"
    VIDEO = "video"


KINDS: Mapping[LibraryKind, tuple[ItemKind, ...]] = {
    LibraryKind.MOVIES: (ItemKind.MOVIE,),
    LibraryKind.SHOWS: (ItemKind.SHOW, ItemKind.SEASON, ItemKind.EPISODE),
    LibraryKind.MUSIC: (ItemKind.ARTIST, ItemKind.ALBUM, ItemKind.TRACK),
    LibraryKind.VIDEOS: (ItemKind.VIDEO,),
    LibraryKind.PHOTOS: (),
}
"""The kinds of item in each kind of library, parents before children."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which server answered: `identity` is the same for as long as the server's own database lives."""

    identity: str
    name: str
    version: str
    platform: str = ""


@dataclass(frozen=True, slots=True)
class ListedLibrary:
    """A library as its server lists it."""

    key: str
    kind: LibraryKind
    title: str
    locations: tuple[ServerPath, ...]
    updated_at: datetime | None = None
    scanned_at: datetime | None = None


class Part(msgspec.Struct, frozen=True, gc=False):
    """One file of a version. `has_preview` says whether the server itself knows a preview of it."""

    key: str
    path: ServerPath
    size: int
    duration_ms: int = 0
    container: str = ""
    has_preview: bool = False


class Version(msgspec.Struct, frozen=True, gc=False):
    """One encoding of an item; `optimized` says that the server made it itself, from another version."""

    key: str
    parts: tuple[Part, ...]
    width: int = 0
    height: int = 0
    video_codec: str = ""
    audio_codec: str = ""
    bitrate_kbps: int = 0
    duration_ms: int = 0
    optimized: bool = False


class ExternalId(msgspec.Struct, frozen=True, gc=False):
    """What another catalogue calls an item: `source` is `imdb`, `tmdb`, `tvdb`, `musicbrainz`, `plex` …"""

    source: str
    value: str


class ListedItem(msgspec.Struct, frozen=True, gc=False):
    """An item as its server lists it, with the watch state of the account that asked.

    `number` is the season's or episode's or track's number in its parent; `parent_key` the season of an episode,
    the show of a season, the album of a track, the artist of an album. `poster` and `art` are for `image`.
    """

    key: str
    kind: ItemKind
    library_key: str
    title: str
    sort_title: str = ""
    original_title: str = ""
    year: int | None = None
    summary: str = ""
    parent_key: str | None = None
    grandparent_key: str | None = None
    number: int | None = None
    duration_ms: int = 0
    added_at: datetime | None = None
    updated_at: datetime | None = None
    released_on: date | None = None
    rating: float | None = None
    content_rating: str = ""
    studio: str = ""
    genres: tuple[str, ...] = ()
    poster: str = ""
    art: str = ""
    versions: tuple[Version, ...] = ()
    external_ids: tuple[ExternalId, ...] = ()
    watched_count: int = 0
    position_ms: int = 0
    watched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a longer list: `items` begin at `offset` of `total`."""

    items: tuple[T, ...]
    offset: int
    total: int


@dataclass(frozen=True, slots=True)
class Image:
    """An encoded picture."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person as a media server knows them."""

    key: str
    name: str
    is_owner: bool = False
    email: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Watched:
    """One line of a server's history: this account has watched this item; its key is empty where it is gone."""

    item_key: str
    account_key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OnDeck:
    """An item that an account watches next, best first in a list."""

    item_key: str
    position_ms: int = 0
    at: datetime | None = None


class PlaybackState(StrEnum):
    """What a player is doing."""

    PLAYING = "playing"
    PAUSED = "paused"
    BUFFERING = "buffering"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PlaybackSession:
    """Somebody is watching something now; `part_key` is the file that is really played, where the server says."""

    key: str
    item_key: str
    account_key: str
    account_name: str
    player: str
    state: PlaybackState
    position_ms: int
    duration_ms: int
    title: str = ""
    part_key: str | None = None
    transcoding: bool = False


@dataclass(frozen=True, slots=True)
class PlaybackEvent:
    """A player changed what it is doing."""

    session_key: str
    item_key: str
    state: PlaybackState
    position_ms: int


@dataclass(frozen=True, slots=True)
class LibraryEvent:
    """Something in the library was added, changed or removed; `item_key` is None where the server does not say."""

    library_key: str | None
    item_key: str | None
