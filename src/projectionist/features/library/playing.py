"""What is played now, asked of every server, and what could not be asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from projectionist.db.engine import Database
from projectionist.errors import NotFound, ServiceError
from projectionist.features.library import queries
from projectionist.features.library.neighbours import Servers
from projectionist.media.vocabulary import ItemKind, PlaybackSession, PlaybackState

_FRESH_S = 5.0


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """A session; `item_id` is None where the index does not have what is played."""

    session: PlaybackSession
    server_id: int
    server: str
    item_id: int | None
    title: str
    line: str

    @property
    def fraction(self) -> float:
        """How far it is, from 0 to 1."""
        total = self.session.duration_ms
        return min(1.0, self.session.position_ms / total) if total > 0 else 0.0

    @property
    def is_paused(self) -> bool:
        """Whether nothing moves."""
        return self.session.state is PlaybackState.PAUSED


@dataclass(frozen=True, slots=True)
class Silent:
    """A server that could not be asked what it plays, and why."""

    server: str
    reason: str


@dataclass(frozen=True, slots=True)
class OnNow:
    """What is played now, and of which servers that is not known."""

    playing: tuple[NowPlaying, ...] = ()
    unknown: tuple[Silent, ...] = ()


class Playing:
    """Asks all servers at once, and keeps the answer for a moment: every open page asks."""

    def __init__(
        self,
        database: Database,
        servers: Servers,
        *,
        fresh_s: float = _FRESH_S,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._servers = servers
        self._fresh_s = fresh_s
        self._ticks = ticks
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._known = OnNow()

    def now(self) -> OnNow:
        """What is played, at most a few seconds ago."""
        with self._lock:
            tick = self._ticks()
            if self._asked_at is None or tick - self._asked_at >= self._fresh_s:
                self._known = self._ask()
                self._asked_at = self._ticks()
            return self._known

    def _ask(self) -> OnNow:
        with self._database.read() as session:
            ids = sorted({row.server_id for row in queries.libraries(session)})
        if not ids:
            return OnNow()
        with ThreadPoolExecutor(min(8, len(ids)), thread_name_prefix="sessions") as pool:
            answers = list(pool.map(self._ask_one, ids))
        return OnNow(
            tuple(one for answer in answers if not isinstance(answer, Silent) for one in answer),
            tuple(answer for answer in answers if isinstance(answer, Silent)),
        )

    def _ask_one(self, server_id: int) -> Sequence[NowPlaying] | Silent:
        name = f"Server {server_id}"
        try:
            name = self._servers.name(server_id)
            server = self._servers.connect(server_id)
            try:
                sessions = server.sessions()
            finally:
                server.close()
        except (ServiceError, NotFound) as error:
            return Silent(name, error.message)
        with self._database.read() as session:
            items = queries.items_by_key(session, server_id, {one.item_key for one in sessions})
            above = queries.titles_above(session, list(items.values()))
        found = []
        for one in sessions:
            row = items.get(one.item_key)
            show = above.get(row.grandparent_id or 0) if row is not None else None
            line = show.title if row is not None and show is not None and row.kind == ItemKind.EPISODE else ""
            title = row.title if row is not None else one.title
            found.append(NowPlaying(one, server_id, name, row.id if row is not None else None, title, line))
        return found
