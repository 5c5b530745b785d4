"""Servers: adding, checking, changing and removing them; their addresses and paths for the rest of the house."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from projectionist.db.engine import Database
from projectionist.errors import Conflict, SecretUnreadable, ServiceError
from projectionist.features.audit_log.service import Act, record
from projectionist.features.servers import addresses, queries
from projectionist.features.servers.here import ServersHere
from projectionist.features.servers.lookup import announce, missing, path_map, server_address, there
from projectionist.features.servers.mapping import (
    prove_mapping,
    remove_mapping,
    save_mapping,
    suggest_mappings,
    try_plex_data,
)
from projectionist.features.servers.models import ServerRow
from projectionist.features.servers.paths import Mapping, PathMap, components, is_below, is_windows, spelled
from projectionist.features.servers.records import (
    PathMapping,
    PlexData,
    Proof,
    Reach,
    Server,
    Syncs,
    mapping_of,
    plex_data_of,
    server_of,
)
from projectionist.media.server import ServerAddress
from projectionist.media.vocabulary import ListedLibrary, LocalPath, Page, ServerInfo, ServerKind, ServerPath

__all__ = [
    "Mapping",
    "PathMap",
    "PathMapping",
    "PlexData",
    "Proof",
    "Reach",
    "Server",
    "ServersHere",
    "Syncs",
    "components",
    "is_below",
    "is_windows",
    "path_map",
    "prove_mapping",
    "remove_mapping",
    "save_mapping",
    "server_address",
    "spelled",
    "suggest_mappings",
    "try_plex_data",
]
"""What this feature promises to the others, with what is defined below."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewServer:
    """A server as somebody describes it; an empty name takes the server's own."""

    kind: ServerKind
    address: str
    token: str = field(default="", repr=False)
    verify_tls: bool = True
    name: str = ""


@dataclass(frozen=True, slots=True)
class Tested:
    """A server answered: who it is, and what it holds."""

    address: str
    info: ServerInfo
    libraries: tuple[ListedLibrary, ...]


def list_servers(database: Database, *, offset: int = 0, size: int = 100) -> Page[Server]:
    """A page of servers, by name."""
    with database.read() as session:
        rows, total = queries.server_page(session, offset, size)
        return Page(tuple(server_of(row) for row in rows), offset, total)


def all_servers(database: Database) -> Sequence[Server]:
    """Every server, by name."""
    with database.read() as session:
        return [server_of(row) for row in queries.servers(session)]


def get_server(database: Database, server_id: int) -> Server:
    """One server. Raises NotFound."""
    with database.read() as session:
        return server_of(there(queries.server(session, server_id)))


def failing_servers(database: Database) -> Sequence[Server]:
    """Servers that stopped answering."""
    with database.read() as session:
        return [server_of(row) for row in queries.failing(session)]


def probe_server(reach: Reach, new: NewServer) -> Tested:
    """Ask a server who it is and what it holds; nothing is kept. Raises InputWrong, ServiceError."""
    address = addresses.checked(new.kind, new.address)
    if new.kind is ServerKind.FOLDER and reach.own is not None:
        reach.own.refuse(Path(address), "address", around=False)
    server = reach.connect(ServerAddress(new.kind, address, new.token.strip(), new.verify_tls))
    try:
        return Tested(address, server.info(), tuple(server.libraries()))
    finally:
        server.close()


def add_server(reach: Reach, new: NewServer) -> Server:
    """Add a server that answers. Raises InputWrong, ServiceError, Conflict where it is here already."""
    tested = probe_server(reach, new)
    _warn_of_tls(tested.address, new.verify_tls)
    moment = reach.now()
    row = ServerRow(
        kind=new.kind.value,
        name=new.name.strip()[:200] or tested.info.name or tested.address,
        address=tested.address,
        identity=tested.info.identity,
        version=tested.info.version[:100],
        token=reach.vault.seal(new.token.strip()) if new.token.strip() else "",
        verify_tls=new.verify_tls,
        created_at=moment,
        last_ok_at=moment,
        checked_at=moment,
        last_error="",
    )
    try:
        with reach.database.durable() as session:
            session.add(row)
            session.flush()
            added = server_of(row)
            announce(reach, session, added.id)
            record(session, Act.SERVER_ADDED, row.name, at=moment, after=_said(row))
    except IntegrityError as error:
        raise Conflict(
            f"{tested.info.name or tested.address} is here already; change its address or token instead."
        ) from error
    return added


def ensure_server(reach: Reach, new: NewServer) -> tuple[Server, bool]:
    """Add a server, or bring the one that is here up to date; whether it is new. Raises InputWrong, ServiceError."""
    identity = probe_server(reach, new).info.identity
    with reach.database.read() as session:
        row = queries.server_by_identity(session, identity)
    if row is None:
        return add_server(reach, new), True
    return edit_server(reach, row.id, new, keep_token=not new.token.strip()), False


def edit_server(reach: Reach, server_id: int, new: NewServer, *, keep_token: bool) -> Server:
    """Change how a server is reached, after it has answered there; `keep_token` leaves its token as it is.

    Raises NotFound, InputWrong, ServiceError, Conflict where another server answers at the new address, and
    SecretUnreadable where the token to be kept cannot be read.
    """
    token = new.token.strip()
    if keep_token:  # one that is replaced need not be readable any more
        token = server_address(reach.database, reach.vault, server_id).token
    kind = get_server(reach.database, server_id).kind
    tested = probe_server(reach, NewServer(kind, new.address, token, new.verify_tls))
    _warn_of_tls(tested.address, new.verify_tls)
    moment = reach.now()
    with reach.database.durable() as session:
        row = there(queries.server(session, server_id))
        if row.identity != tested.info.identity:
            raise Conflict(
                f"Another server ({tested.info.name}) answers at {tested.address}; nothing was changed. "
                "Add that one as a server of its own."
            )
        before = _said(row)
        row.name = new.name.strip()[:200] or row.name
        row.address, row.verify_tls, row.version = tested.address, new.verify_tls, tested.info.version[:100]
        if not keep_token:
            row.token = reach.vault.seal(token) if token else ""
        _mark_well(row, moment)
        changed = server_of(row)
        announce(reach, session, server_id)
        reach.publish(session, "alerts", {})
        after = {**_said(row), **({} if keep_token else {"replaced": "what it is asked with"})}
        record(session, Act.SERVER_CHANGED, row.name, at=moment, before=before, after=after)
    return changed


def check_server(reach: Reach, server_id: int) -> Server:
    """Ask a server whether it is well, and remember the answer. Raises NotFound.

    That it does not answer is a result, not an error: `last_error` and `failing_since` of the server say it.
    """
    trouble, info = "", None
    try:
        server = reach.connect(server_address(reach.database, reach.vault, server_id))
        try:
            info = server.info()
        finally:
            server.close()
    except (ServiceError, SecretUnreadable) as error:
        trouble = error.message
    with reach.database.write() as session:
        row = there(queries.server(session, server_id))
        if info is not None and info.identity != row.identity:
            trouble = (
                f"Another server ({info.name}) answers at {row.address}; nothing of it was read. "
                "Correct the address, or add that one as a server of its own."
            )
        if _mark(row, trouble, info, reach.now()):
            reach.publish(session, "alerts", {})
        announce(reach, session, server_id)
        return server_of(row)


def server_libraries(reach: Reach, server_id: int) -> tuple[ListedLibrary, ...]:
    """What a server holds now, in its own order. Raises NotFound, ServiceError."""
    server = reach.connect(server_address(reach.database, reach.vault, server_id))
    try:
        return tuple(server.libraries())
    finally:
        server.close()


def remember_answer(reach: Reach, server_id: int, trouble: str) -> None:
    """Remember that a server answered (an empty `trouble`) or how it failed, from whatever was asked of it."""
    with reach.database.write() as session:
        row = queries.server(session, server_id)
        if row is None:
            return
        if _mark(row, trouble, None, reach.now()):
            announce(reach, session, server_id)
            reach.publish(session, "alerts", {})


def remove_server(reach: Reach, server_id: int) -> None:
    """Take a server out, with its mappings and its part of the index; media and previews stay. Raises NotFound."""
    with reach.database.durable() as session:
        row = there(queries.server(session, server_id))
        was = _said(row)
        if not queries.remove(session, server_id):
            raise missing()
        announce(reach, session, server_id)
        record(session, Act.SERVER_REMOVED, str(was["name"]), at=reach.now(), before=was)


def local_path(database: Database, server_id: int, path: ServerPath, node: str) -> LocalPath | None:
    """Where a server's path is on this node, or None where nothing says so."""
    return path_map(database, server_id, node).local(path)


def list_mappings(database: Database, server_id: int, node: str | None = None) -> list[PathMapping]:
    """The mappings of a server, on one node or all."""
    with database.read() as session:
        return [mapping_of(row) for row in queries.mappings(session, server_id, node)]


def list_plex_data(database: Database, server_id: int) -> list[PlexData]:
    """Where each node finds the data folder of a Plex server."""
    with database.read() as session:
        return [plex_data_of(row) for row in queries.plex_data(session, server_id)]


def _said(row: ServerRow) -> dict[str, str | bool]:
    """What the audit log is told of a server; never its token."""
    return {"name": row.name, "kind": row.kind, "address": row.address, "verify_tls": row.verify_tls}


def _mark(row: ServerRow, trouble: str, info: ServerInfo | None, moment: datetime) -> bool:
    """Keep what came of asking; whether it began or ceased to answer."""
    was_well = row.failing_since is None
    if not trouble:
        _mark_well(row, moment)
        row.version = info.version[:100] if info is not None else row.version
    else:
        row.checked_at, row.last_error = moment, trouble
        row.failing_since = row.failing_since or moment
    return was_well != (not trouble)


def _mark_well(row: ServerRow, moment: datetime) -> None:
    row.last_ok_at = row.checked_at = moment
    row.last_error, row.failing_since = "", None


def _warn_of_tls(address: str, verify_tls: bool) -> None:
    if not verify_tls and address.startswith("https:"):
        _log.warning("The certificate of %s is not checked, as was chosen for this server.", address)
