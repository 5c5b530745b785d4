# ruff: noqa: N815 - the names are those of the senders
"""What senders send, as each of them puts it: what we do not read is skipped, and all but the event may be absent.

Texts and lists are bounded, so that what is absurd is a wrong field; what is null is as if it were not there.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

Text: TypeAlias = Annotated[str, Meta(max_length=4096)]
Event: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Size: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Wire(msgspec.Struct, frozen=True, gc=False):
    """An object of theirs."""


class ArrFile(Wire, frozen=True):
    """A file of Sonarr or Radarr."""

    path: Text | None = None
    relativePath: Text | None = None
    previousPath: Text | None = None
    size: Size | None = None


Files: TypeAlias = Annotated[list[ArrFile], Meta(max_length=5000)]


class Series(Wire, frozen=True):
    """A series of Sonarr."""

    path: Text | None = None


class SonarrTold(Wire, frozen=True):
    """What Sonarr sends."""

    eventType: Event
    series: Series | None = None
    episodeFile: ArrFile | None = None
    episodeFiles: Files | None = None
    renamedEpisodeFiles: Files | None = None


class Movie(Wire, frozen=True):
    """A film of Radarr."""

    folderPath: Text | None = None


class RadarrTold(Wire, frozen=True):
    """What Radarr sends."""

    eventType: Event
    movie: Movie | None = None
    movieFile: ArrFile | None = None
    renamedMovieFiles: Files | None = None


class PlexServer(Wire, frozen=True):
    """The server that speaks."""

    uuid: Text | None = None


class PlexMetadata(Wire, frozen=True):
    """What it speaks of."""

    librarySectionID: int | Text | None = None


class PlexTold(Wire, frozen=True):
    """What Plex sends."""

    event: Event
    Server: PlexServer | None = None
    Metadata: PlexMetadata | None = None


class JellyfinTold(Wire, frozen=True):
    """What Jellyfin's webhook plug-in sends by its own template; a path only where somebody added one to it."""

    NotificationType: Event
    ServerId: Text | None = None
    Path: Text | None = None


class EmbyServer(Wire, frozen=True):
    """The server that speaks."""

    Id: Text | None = None


class EmbyItem(Wire, frozen=True):
    """What it speaks of."""

    Path: Text | None = None


class EmbyTold(Wire, frozen=True):
    """What Emby sends."""

    Event: Event
    Server: EmbyServer | None = None
    Item: EmbyItem | None = None


Paths: TypeAlias = Annotated[list[Text], Meta(max_length=1000)]


class GenericTold(Wire, frozen=True):
    """What any other program sends: one path or several, of files or of folders."""

    event: Event = "changed"
    path: Text | None = None
    paths: Paths | None = None
    file_path: Text | None = None
    file_paths: Paths | None = None
