"""The guided steps after the first administrator is made; each is kept, so a reload goes on where one was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from projectionist.db.engine import Database
from projectionist.errors import Conflict
from projectionist.features.accounts import queries
from projectionist.features.servers import service as servers
from projectionist.jobs.ports import Ordered
from projectionist.media.vocabulary import ListedLibrary, ServerKind


class Step(StrEnum):
    """Where the setup stands."""

    SOURCE = "source"
    LIBRARIES = "libraries"
    PATHS = "paths"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo house as it is open: how its server is reached, and that server's data folder on this node."""

    server: servers.NewServer
    plex_data: Path


@dataclass(frozen=True, slots=True)
class SetupParts:
    """What the setup is handed by the program.

    `start_demo` starts the demo house and tells how it is reached; None where there is none. `exclude`
    is told what a server lists, and keeps the libraries with these keys out of the index; `leave_out` is told
    folders, one a line, that get no previews.
    """

    reach: servers.Reach
    exclude: Callable[[int, Sequence[ListedLibrary], Collection[str]], None]
    leave_out: Callable[[str], None]
    start_demo: Callable[[], Demo] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the setup has come; `server` is the one it is about, once chosen."""

    step: Step
    server: servers.Server | None = None
    excluded: tuple[str, ...] = ()
    job_id: str = ""


@dataclass(frozen=True, slots=True)
class PathsSeen:
    """Where the libraries' folders are on this node: mappings, suggestions, and what nobody has mapped yet."""

    mappings: tuple[servers.PathMapping, ...]
    suggested: tuple[servers.Mapping, ...]
    unseen: tuple[str, ...]
    plex_data: servers.PlexData | None

    @property
    def all_proven(self) -> bool:
        """Whether every folder was found here, and every mapping opened a file."""
        return not self.unseen and all(mapping.proven_at for mapping in self.mappings)


def progress(database: Database) -> Progress:
    """Where one was."""
    with database.read() as session:
        row = queries.setup(session)
    if row is None:
        return Progress(Step.SOURCE)
    choices = row.choices
    excluded, job_id = tuple(choices.get("excluded", ())), str(choices.get("job_id", ""))
    server = _server_of(database, choices.get("server_id"))
    if row.finished_at is not None:
        return Progress(Step.DONE, server, excluded, job_id)
    if server is None:
        return Progress(Step.SOURCE)
    chosen = "excluded" in choices
    return Progress(Step.PATHS if chosen else Step.LIBRARIES, server, excluded, job_id)


def is_under_way(database: Database) -> bool:
    """Whether somebody began to choose, and has not finished."""
    with database.read() as session:
        row = queries.setup(session)
    return row is not None and bool(row.choices) and row.finished_at is None


def choose_server(parts: SetupParts, new: servers.NewServer) -> servers.Server:
    """Take a folder or server, once it has answered. Raises InputWrong, ServiceError."""
    server, _ = servers.ensure_server(parts.reach, new)
    _remember(parts.reach.database, server_id=server.id)
    return server


def choose_demo(parts: SetupParts) -> servers.Server:
    """Take the demo house. Raises Conflict where this installation has none."""
    if parts.start_demo is None:
        raise Conflict("The demo house is not part of this installation; choose a folder or a Plex server.")
    demo = parts.start_demo()
    server = choose_server(parts, demo.server)
    servers.try_plex_data(parts.reach, server.id, str(demo.plex_data))
    return server


def choose_libraries(
    parts: SetupParts, listed: Sequence[ListedLibrary], excluded: Collection[str], left_out: str = ""
) -> None:
    """Keep libraries out, and take all others of those listed; folders in `left_out`, a line each, get no previews.

    Raises Conflict before a server is chosen, InputWrong for what is no folder.
    """
    server = _chosen(parts.reach.database)
    if left_out.strip():
        parts.leave_out(left_out)
    parts.exclude(server.id, listed, excluded)
    _remember(parts.reach.database, excluded=list(excluded))


def look_at_paths(
    parts: SetupParts, libraries: Sequence[ListedLibrary], excluded: Sequence[str]
) -> PathsSeen:
    """What is known of the paths of the chosen libraries on this node."""
    reach = parts.reach
    server = _chosen(reach.database)
    wanted = [library for library in libraries if library.key not in excluded]
    known = servers.path_map(reach.database, server.id, reach.node)
    unseen = [
        location
        for library in wanted
        for location in library.locations
        if (here := known.local(location)) is None or not here.is_dir()
    ]
    data = [one for one in servers.list_plex_data(reach.database, server.id) if one.node == reach.node]
    return PathsSeen(
        tuple(servers.list_mappings(reach.database, server.id, reach.node)),
        tuple(servers.suggest_mappings(reach, server.id, wanted)),
        tuple(dict.fromkeys(unseen)),
        data[0] if data else None,
    )


def go_back(database: Database, step: Step) -> None:
    """Choose again: from the source, or from the libraries; the server that was added stays."""
    if step is Step.SOURCE:
        _remember(database, server_id=None, excluded=None, again=True)
    elif step is Step.LIBRARIES:
        _remember(database, excluded=None)


def finish(parts: SetupParts, asked_by: str) -> Ordered:
    """Order the first sync, which brings the previews, and close the setup. Raises Conflict before a server."""
    reach = parts.reach
    server = _chosen(reach.database)
    ordered = reach.syncs.start(server.id, asked_by)
    _remember(reach.database, job_id=ordered.job_id)
    with reach.database.write() as session:
        row = queries.setup_for_update(session)
        if row is not None:
            row.finished_at = row.finished_at or reach.now()
    return ordered


def needs_plex_data(server: servers.Server) -> bool:
    """Whether previews of this server are written into its own data folder."""
    return server.kind is ServerKind.PLEX


def _chosen(database: Database) -> servers.Server:
    server = progress(database).server
    if server is None:
        raise Conflict("No server is chosen yet; choose a folder, a Plex server or the demo house first.")
    return server


def _server_of(database: Database, server_id: Any) -> servers.Server | None:
    if not isinstance(server_id, int):
        return None
    return next((one for one in servers.all_servers(database) if one.id == server_id), None)


def _remember(database: Database, **changes: Any) -> None:
    with database.write() as session:
        queries.ensure_setup(session)
        row = queries.setup_for_update(session)
        if row is not None:
            merged = {**row.choices, **changes}
            row.choices = {name: value for name, value in merged.items() if value is not None}
