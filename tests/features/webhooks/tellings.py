"""What senders send, in their own words, shortened; the names of fields are theirs."""

from __future__ import annotations

import json
from typing import Any


def said(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def sonarr(event: str = "Download", path: str = "/shows/Dark/S01/e1.mkv", **more: Any) -> bytes:
    return said(
        eventType=event,
        instanceName="Sonarr",
        applicationUrl="",
        series={"id": 1, "title": "Dark", "path": "/shows/Dark", "tvdbId": 1, "year": 2017, "tags": []},
        episodes=[{"id": 1, "episodeNumber": 1, "seasonNumber": 1, "title": "Secrets"}],
        episodeFile={"id": 1, "relativePath": "S01/e1.mkv", "path": path, "size": 1000, "quality": "x"},
        isUpgrade=False,
        **more,
    )


def sonarr_test() -> bytes:
    return said(
        eventType="Test",
        instanceName="Sonarr",
        series={"id": 1, "title": "Test Title", "path": "C:\\testpath", "tvdbId": 1234},
        episodes=[{"id": 123, "episodeNumber": 1, "seasonNumber": 1, "title": "Test title"}],
    )


def radarr(path: str = "/media/9.mkv", size: int | None = 1000, event: str = "Download") -> bytes:
    return said(
        eventType=event,
        movie={"id": 1, "title": "Nine", "year": 2009, "folderPath": "/media", "tmdbId": 1},
        movieFile={"id": 1, "relativePath": "9.mkv", "path": path, "size": size},
        isUpgrade=True,
        deletedFiles=[{"path": "/media/8.mkv"}],
    )


def plex(event: str = "library.new", server: str = "shelves", library: int | str | None = 1) -> bytes:
    return said(
        event=event,
        user=True,
        owner=True,
        Account={"id": 1, "title": "ada"},
        Server={"title": "Shelves", "uuid": server},
        Metadata={
            "librarySectionType": "movie",
            "librarySectionID": library,
            "ratingKey": "9",
            "type": "movie",
        },
    )
