"""What the API of servers takes and gives; a token only ever goes in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.servers.paths import Mapping
from projectionist.features.servers.records import PathMapping, PlexData, Server
from projectionist.features.servers.service import NewServer
from projectionist.media.vocabulary import ListedLibrary, ServerKind

KindName = Literal["folder", "plex"]
Line = Annotated[str, msgspec.Meta(max_length=4096)]
Needed = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class ServerDocument(msgspec.Struct, frozen=True):
    """A server. `failing_since` is set while it does not answer, with why in `last_error`."""

    id: int
    kind: KindName
    name: str
    address: str
    identity: str
    version: str
    has_token: bool
    verify_tls: bool
    created_at: datetime
    last_ok_at: datetime | None
    checked_at: datetime | None
    last_error: str
    failing_since: datetime | None


class NewServerDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server to be added or tested; an empty name takes the server's own."""

    kind: KindName
    address: Needed
    token: Line = ""
    verify_tls: bool = True
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def __repr__(self) -> str:
        return f"NewServerDocument({self.kind!r}, {self.address!r})"


class ServerChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a server is to be reached; without a token the one that is kept stays."""

    address: Needed
    token: Line | None = None
    verify_tls: bool = True
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def __repr__(self) -> str:
        return f"ServerChange({self.address!r})"


class LibraryDocument(msgspec.Struct, frozen=True):
    """A library as its server lists it now."""

    key: str
    kind: str
    title: str
    locations: list[str]


class TestedDocument(msgspec.Struct, frozen=True):
    """A server that answered."""

    name: str
    version: str
    identity: str
    libraries: list[LibraryDocument]


class MappingDocument(msgspec.Struct, frozen=True):
    """A path mapping of one node, and what proved or disproved it."""

    id: int
    server_id: int
    node: str
    server_prefix: str
    local_prefix: str
    proven_at: datetime | None
    proof: str


class NewMappingDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping to be kept for the node that answers."""

    server_prefix: Needed
    local_prefix: Needed


class SyncOrderedDocument(msgspec.Struct, frozen=True):
    """The job that reads a server's libraries; `created` is false where it was asked for already."""

    job_id: str
    created: bool


class SuggestionDocument(msgspec.Struct, frozen=True):
    """A mapping that the folders visible on this node suggest."""

    server_prefix: str
    local_prefix: str


class PlexDataDocument(msgspec.Struct, frozen=True):
    """Where a node finds the data folder of a Plex server, and what proved that previews can be written there."""

    server_id: int
    node: str
    folder: str
    proven_at: datetime | None
    proof: str


class PlexDataChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Plex data folder on the node that answers."""

    folder: Needed


def server_document(server: Server) -> ServerDocument:
    """A server for the API."""
    return msgspec.convert(server, ServerDocument, from_attributes=True)


def library_document(library: ListedLibrary) -> LibraryDocument:
    """A library for the API."""
    return LibraryDocument(
        library.key, library.kind.value, library.title, [str(one) for one in library.locations]
    )


def mapping_document(mapping: PathMapping) -> MappingDocument:
    """A mapping for the API."""
    return msgspec.convert(mapping, MappingDocument, from_attributes=True)


def suggestion_document(mapping: Mapping) -> SuggestionDocument:
    """A suggestion for the API."""
    return SuggestionDocument(mapping.server_prefix, mapping.local_prefix)


def plex_data_document(data: PlexData) -> PlexDataDocument:
    """A Plex data folder for the API."""
    return msgspec.convert(data, PlexDataDocument, from_attributes=True)


def new_server(document: NewServerDocument) -> NewServer:
    """What the API was told, as the service takes it."""
    return NewServer(
        ServerKind(document.kind), document.address, document.token, document.verify_tls, document.name
    )
