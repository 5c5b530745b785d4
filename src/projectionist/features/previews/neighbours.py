"""What the previews need to know from their neighbours, the library and the servers; given by the composition root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import LibraryKind, LocalPath, ServerKind, ServerPath


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """A library of the index."""

    id: int
    server_id: int
    server_kind: ServerKind
    kind: LibraryKind
    title: str


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A part of the index; `part_hash` is empty where it is not known, `title` names its item for people."""

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
    part_hash: str = ""
    has_preview: bool = False
    added_at: datetime | None = None


class Catalogue(Protocol):
    """The library index, as the previews see it."""

    def libraries(self) -> Sequence[LibraryFacts]:
        """Every library."""

    def library(self, library_id: int) -> LibraryFacts:
        """One library. Raises NotFound."""

    def parts(self, library_id: int, *, after: int = 0, size: int = 500) -> Sequence[PartFacts]:
        """The parts of a library whose ids are above `after`, in the order of their ids; at most `size`."""

    def count_parts(self, library_id: int) -> int:
        """How many parts a library has."""

    def set_hashes(self, hashes: Mapping[int, str]) -> None:
        """Keep what a server names its folders for these parts by, by part id."""

    def set_previews(self, previews: Mapping[int, bool]) -> None:
        """Keep whether these parts have a preview, by part id."""

    def locations(self, library_id: int) -> Sequence[ServerPath]:
        """The folders of a library, as its server sees them."""


class Servers(Protocol):
    """The media servers, as this node reaches them."""

    def local_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        """Where this node has a file of a server's; None where no path mapping covers it."""

    def plex_data(self, server_id: int) -> Path | None:
        """A Plex server's data folder on this node; None where nobody has named one."""

    def connect(self, server_id: int) -> MediaServer:
        """The server itself, to be closed after use. Raises NotFound, ServiceError."""

    def name(self, server_id: int) -> str:
        """What people call the server."""
