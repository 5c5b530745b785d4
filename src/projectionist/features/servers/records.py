"""What is known of a server, for those who may know: never its token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.features.servers.models import PathMappingRow, PlexDataRow, ServerRow
from projectionist.jobs.ports import Ordered
from projectionist.kit.confining import Recorded, nothing_recorded
from projectionist.kit.data_folder import OwnFolder
from projectionist.kit.secrets import Vault
from projectionist.media.server import Connect
from projectionist.media.vocabulary import ServerKind


class Proof(Protocol):
    """What came of writing into a Plex data folder; `folder` is the one really meant."""

    @property
    def works(self) -> bool:
        """Whether previews can go there."""

    @property
    def sentence(self) -> str:
        """What was done, or what is wrong, in words."""

    @property
    def folder(self) -> Path:
        """The folder really meant, where a near one was given."""


class Syncs(Protocol):
    """How the libraries of a server are read, now and again and again."""

    def start(self, server_id: int, asked_by: str) -> Ordered:
        """Read them now, and from now on by schedule; asked twice, it is the same."""

    def begun(self, server_id: int) -> bool:
        """Whether they are read by schedule."""

    def forget(self, server_id: int) -> None:
        """Read them no more."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What it takes to reach servers and their files from this node.

    `prove_plex_data` writes into a Plex data folder and takes it back. `publish` tells every process,
    once the session's transaction is committed: topic and details. No path may lead into `own`. `recorded` knows the
    links that the cache made.
    """

    database: Database
    vault: Vault
    connect: Connect
    node: str
    now: Callable[[], datetime]
    syncs: Syncs
    prove_plex_data: Callable[[Path], Proof]
    publish: Callable[[Session, str, Mapping[str, Any]], None]
    own: OwnFolder | None = None
    recorded: Recorded = nothing_recorded


@dataclass(frozen=True, slots=True)
class Server:
    """A server as it stands. `failing_since` is set while it does not answer, with why in `last_error`."""

    id: int
    kind: ServerKind
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


@dataclass(frozen=True, slots=True)
class PathMapping:
    """A path mapping of one node; `proven_at` is null where the last try did not open a file, `proof` says why."""

    id: int
    server_id: int
    node: str
    server_prefix: str
    local_prefix: str
    proven_at: datetime | None
    proof: str


@dataclass(frozen=True, slots=True)
class PlexData:
    """Where a node finds the data folder of a Plex server."""

    server_id: int
    node: str
    folder: str
    proven_at: datetime | None
    proof: str


def server_of(row: ServerRow) -> Server:
    """A server, from its row."""
    return Server(
        row.id,
        ServerKind(row.kind),
        row.name,
        row.address,
        row.identity,
        row.version,
        bool(row.token),
        row.verify_tls,
        row.created_at,
        row.last_ok_at,
        row.checked_at,
        row.last_error,
        row.failing_since,
    )


def mapping_of(row: PathMappingRow) -> PathMapping:
    """A mapping, from its row."""
    return PathMapping(
        row.id, row.server_id, row.node, row.server_prefix, row.local_prefix, row.proven_at, row.proof
    )


def plex_data_of(row: PlexDataRow) -> PlexData:
    """A Plex data folder, from its row."""
    return PlexData(row.server_id, row.node, row.folder, row.proven_at, row.proof)
