"""What other programs tell us by themselves: that files came, went or were renamed, in our words for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class SenderKind(StrEnum):
    """In whose form something is told."""

    SONARR = "sonarr"
    RADARR = "radarr"
    PLEX = "plex"
    JELLYFIN = "jellyfin"
    EMBY = "emby"
    GENERIC = "generic"


class What(StrEnum):
    """What is told: files changed, somebody tries the connection, or something that is none of our business."""

    CHANGED = "changed"
    TEST = "test"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ToldFile:
    """A file that is there from now on, as its sender spells it; `size` in bytes, None where it is not told."""

    path: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a sender told. Nothing of it is proven: `event` is their word, paths are as they spell them.

    `files` are there now; `folders` are where something changed besides. `server` is the identity of the media server
    that speaks of its own library, `library` that library's key, both empty where they are not told.
    """

    event: str
    what: What
    files: tuple[ToldFile, ...] = ()
    folders: tuple[str, ...] = ()
    server: str = ""
    library: str = ""


ReadTold = Callable[[SenderKind, bytes], Told]
"""Reads the JSON that a sender of a kind sends. Raises TellingWrong where it is none of that kind."""

IN_FORM = {SenderKind.PLEX: "payload", SenderKind.EMBY: "data"}
"""The field that holds the JSON, of those that send a form."""

ADDRESS_ONLY = frozenset({SenderKind.PLEX, SenderKind.EMBY})
"""Those that can be given an address and nothing else: their secret has to be a part of it."""
