"""The servers as this node reaches them, for features that work with files and items."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from projectionist.features.servers import queries
from projectionist.features.servers.lookup import path_map, server_address, there
from projectionist.features.servers.paths import PathMap
from projectionist.features.servers.records import Reach
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import LocalPath, ServerPath

FRESH_S = 2.0
"""How long mappings are believed before they are read again: a library has many paths and few mappings."""


class ServersHere:
    """Every server, from this node."""

    def __init__(self, reach: Reach, ticks: Callable[[], float] = time.monotonic) -> None:
        self._reach = reach
        self._ticks = ticks
        self._maps: dict[int, tuple[float, PathMap]] = {}
        self._lock = threading.Lock()

    def local_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        """Where this node has a file of a server's; None where no path mapping covers it."""
        return self._map(server_id).local(path)

    def known_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        """The same without a look at the disk: a path that no mapping covers is taken to be here as it is."""
        return self._map(server_id).local(path, lambda _path: True)

    def server_paths(self, server_id: int, path: Path) -> list[ServerPath]:
        """By which names a server may know a file of this node, without a look at the disk."""
        return self._map(server_id).servers(path)

    def server_ids(self) -> list[int]:
        """Every server."""
        with self._reach.database.read() as session:
            return [row.id for row in queries.servers(session)]

    def plex_data(self, server_id: int) -> Path | None:
        """A Plex server's data folder on this node; None where nobody has named one."""
        with self._reach.database.read() as session:
            row = queries.plex_data_on(session, server_id, self._reach.node)
        return None if row is None else Path(row.folder)

    def prefixes(self, server_id: int) -> list[Path]:
        """The folders of this node that path mappings of a server lead to."""
        return [Path(mapping.local_prefix) for mapping in self._map(server_id).mappings]

    def connect(self, server_id: int) -> MediaServer:
        """The server itself, to be closed after use. Raises NotFound, ServiceError."""
        return self._reach.connect(server_address(self._reach.database, self._reach.vault, server_id))

    def name(self, server_id: int) -> str:
        """What people call the server. Raises NotFound."""
        with self._reach.database.read() as session:
            return there(queries.server(session, server_id)).name

    def _map(self, server_id: int) -> PathMap:
        tick = self._ticks()
        with self._lock:
            kept = self._maps.get(server_id)
        if kept is not None and tick - kept[0] < FRESH_S:
            return kept[1]
        fresh = path_map(self._reach.database, server_id, self._reach.node)
        with self._lock:
            self._maps[server_id] = (tick, fresh)
        return fresh
