# ruff: noqa: N815 - the names are those of Plex
"""What Plex answers, as it puts it. Fields without a default must be there; numbers may come as texts.

Decoders are lax as Plex is: `"5"` is a number, `1` is true. A list that is empty is left out by Plex. Numbers and
keys are bounded to what the index can hold, so that one that is absurd is a wrong field and no fault of ours.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

C = TypeVar("C")

Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""Entries, bytes, milliseconds."""
Number: TypeAlias = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
"""What is small, and may be negative where somebody counts so."""
Seconds: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=221_845_392_000)]
"""Since 1970, up to the year 9000: what is later is milliseconds, or an overflow."""
Key: TypeAlias = Annotated[str, Meta(max_length=200)]


class Wire(msgspec.Struct, frozen=True, gc=False):
    """An object in an answer; what we do not read is skipped."""


class Envelope(Wire, Generic[C], frozen=True):
    """What every answer of a server is wrapped in."""

    MediaContainer: C


class Root(Wire, frozen=True):
    """Who the server is."""

    machineIdentifier: str
    friendlyName: str
    version: str
    platform: str = ""


class Location(Wire, frozen=True):
    """A folder of a section."""

    path: str


class Section(Wire, frozen=True):
    """A library."""

    key: Key
    type: str
    title: str
    agent: str = ""
    updatedAt: Seconds | None = None
    scannedAt: Seconds | None = None
    Location: list[Location] = []


class Sections(Wire, frozen=True):
    """All libraries."""

    size: Count
    Directory: list[Section] = []


class Tag(Wire, frozen=True):
    """A genre and the like."""

    tag: str


class Guid(Wire, frozen=True):
    """What another catalogue calls an item, such as `imdb://tt0133093`."""

    id: str


class PartOf(Wire, frozen=True):
    """A file."""

    id: int
    file: str
    size: Count
    duration: Count = 0
    container: str = ""
    indexes: str = ""


class MediaOf(Wire, frozen=True):
    """A version."""

    id: int
    duration: Count = 0
    bitrate: Number = 0
    width: Number = 0
    height: Number = 0
    videoCodec: str = ""
    audioCodec: str = ""
    proxyType: Number = 0
    Part: list[PartOf] = []


class Metadata(Wire, frozen=True):
    """An item of a library."""

    ratingKey: Key
    type: str
    title: str
    librarySectionID: int | None = None
    guid: str = ""
    titleSort: str = ""
    originalTitle: str = ""
    summary: str = ""
    year: Number | None = None
    index: Number | None = None
    parentRatingKey: Key | None = None
    grandparentRatingKey: Key | None = None
    duration: Count = 0
    addedAt: Seconds | None = None
    updatedAt: Seconds | None = None
    originallyAvailableAt: str = ""
    rating: float | None = None
    contentRating: str = ""
    studio: str = ""
    thumb: str = ""
    art: str = ""
    viewCount: Number = 0
    viewOffset: Count = 0
    lastViewedAt: Seconds | None = None
    Genre: list[Tag] = []
    Guid: list[Guid] = []
    Media: list[MediaOf] = []


class Items(Wire, frozen=True):
    """Items, all that there are or a page of them; `totalSize` is there where a page was asked for."""

    size: Count
    totalSize: Count | None = None
    offset: Count | None = None
    librarySectionID: int | str | None = None
    Metadata: list[Metadata] = []


class TreePart(Wire, frozen=True):
    """A file in a tree, with the hash that Plex names its folder by."""

    id: int
    hash: str = ""


class TreeMedia(Wire, frozen=True):
    """A version in a tree."""

    MediaPart: list[TreePart] = []


class TreeItem(Wire, frozen=True):
    """An item in a tree, with all below it."""

    id: int
    MediaItem: list[TreeMedia] = []
    MetadataItem: list[TreeItem] = []


class Trees(Wire, frozen=True):
    """The items asked for."""

    size: Count
    MetadataItem: list[TreeItem] = []


class View(Wire, frozen=True):
    """A line of the history; the item may be gone."""

    viewedAt: Seconds
    accountID: int
    ratingKey: Key = ""


class Views(Wire, frozen=True):
    """A page of the history."""

    size: Count
    totalSize: Count | None = None
    offset: Count | None = None
    Metadata: list[View] = []


class AccountOf(Wire, frozen=True):
    """Somebody who may watch."""

    id: int
    name: str


class Accounts(Wire, frozen=True):
    """Everybody who may watch."""

    size: Count
    Account: list[AccountOf] = []


class SessionPart(Wire, frozen=True):
    """A file of what is playing."""

    id: int | None = None
    selected: bool = False


class SessionMedia(Wire, frozen=True):
    """A version of what is playing."""

    selected: bool = False
    Part: list[SessionPart] = []


class SessionUser(Wire, frozen=True):
    """Who watches."""

    id: str
    title: str = ""


class SessionPlayer(Wire, frozen=True):
    """What it is watched on."""

    state: str
    title: str = ""
    product: str = ""


class Transcode(Wire, frozen=True):
    """That the server makes another version while it plays."""

    videoDecision: str = ""
    audioDecision: str = ""


class SessionOf(Wire, frozen=True):
    """What somebody is watching; television and what is not of the library has no duration."""

    sessionKey: str
    title: str
    User: SessionUser
    Player: SessionPlayer
    ratingKey: Key = ""
    duration: Count = 0
    viewOffset: Count = 0
    TranscodeSession: Transcode | None = None
    Media: list[SessionMedia] = []


class Sessions(Wire, frozen=True):
    """What is playing."""

    size: Count
    Metadata: list[SessionOf] = []


class Playing(Wire, frozen=True):
    """A player has changed what it does."""

    sessionKey: str
    ratingKey: Key
    state: str
    viewOffset: Count = 0


class Timeline(Wire, frozen=True):
    """An item of the library is being added, changed or removed."""

    sectionID: int | None = None
    itemID: int | None = None
    identifier: str = ""
    state: int = -1


class Notification(Wire, frozen=True):
    """Something that happened."""

    type: str
    PlaySessionStateNotification: list[Playing] = []
    TimelineEntry: list[Timeline] = []


class Notified(Wire, frozen=True):
    """A message of the notification socket."""

    NotificationContainer: Notification


class Work(Wire, frozen=True):
    """An item as plex.tv knows it, held by no server."""

    ratingKey: Key
    type: str
    title: str
    guid: str
    year: Number | None = None
    summary: str = ""
    Guid: list[Guid] = []


class Works(Wire, frozen=True):
    """A page of a watchlist."""

    size: Count
    totalSize: Count | None = None
    offset: Count | None = None
    Metadata: list[Work] = []


def _decoder(kind: type[C]) -> msgspec.json.Decoder[Envelope[C]]:
    return msgspec.json.Decoder(Envelope[kind], strict=False)  # type: ignore[valid-type]


ROOT = _decoder(Root)
SECTIONS = _decoder(Sections)
ITEMS = _decoder(Items)
TREES = _decoder(Trees)
VIEWS = _decoder(Views)
ACCOUNTS = _decoder(Accounts)
SESSIONS = _decoder(Sessions)
WORKS = _decoder(Works)
NOTIFIED = msgspec.json.Decoder(Notified, strict=False)
