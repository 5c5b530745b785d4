"""Which of the files that a server names may be opened here: those in its folders, after all links were followed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from projectionist.features.previews.neighbours import Catalogue, Servers
from projectionist.kit.confining import Recorded, crosses, is_system, within

FRESH_S = 5.0
"""How long the folders of a server are believed before they are read again: libraries have few, and many files."""

Prefixes = Callable[[int], Sequence[Path]]
"""The folders of this node that path mappings of a server lead to."""


class Confines:
    """The folders of each server on this node; safe to use from many threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        servers: Servers,
        prefixes: Prefixes,
        recorded: Recorded,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._servers = servers
        self._prefixes = prefixes
        self._recorded = recorded
        self._ticks = ticks
        self._kept: dict[int, tuple[float, Sequence[Path]]] = {}
        self._lock = threading.Lock()

    def hold(self, server_id: int, local: Path, real: Path) -> bool:
        """Whether a file that a server names, and that really is at `real`, may be opened.

        It lies in a folder of that server by its name, and in the same one in truth; only a recorded link to a copy
        that the cache made leads elsewhere. Raises DatabaseUnusable.
        """
        around = [root for root in self._roots(server_id) if local.is_relative_to(root)]
        return bool(around) and (within(real, around) or crosses(local, around, self._recorded))

    def _roots(self, server_id: int) -> Sequence[Path]:
        tick = self._ticks()
        with self._lock:
            kept = self._kept.get(server_id)
        if kept is not None and tick - kept[0] < FRESH_S:
            return kept[1]
        fresh = self._read(server_id)
        with self._lock:
            self._kept[server_id] = (tick, fresh)
        return fresh

    def _read(self, server_id: int) -> Sequence[Path]:
        found = [
            Path(local)
            for library in self._catalogue.libraries()
            if library.server_id == server_id
            for location in self._catalogue.locations(library.id)
            if (local := self._servers.local_path(server_id, location)) is not None
        ]
        return [root for root in (*found, *self._prefixes(server_id)) if not is_system(root)]
