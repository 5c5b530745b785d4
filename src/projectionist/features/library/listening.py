"""Hearing what servers tell by themselves: that a library changed, or that somebody began to watch.

One thread per server hears, one more acts. A library is read a moment after it fell quiet.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from projectionist.errors import NotFound, ProjectionistError, ServiceError
from projectionist.features.library.neighbours import Servers
from projectionist.features.library.ordering import order_sync
from projectionist.jobs.ports import Jobs
from projectionist.media.vocabulary import LibraryEvent

PLAYING = "playing"
"""The live topic: somebody began, paused or ended."""

_QUIET_S = 5.0
_LOOK_EVERY_S = 20.0
_TICK_S = 1.0
_FIRST_WAIT_S = 5.0
_LAST_WAIT_S = 120.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Ear:
    """One server's thread, and since when its libraries have to be read (0 where they have not)."""

    stop: threading.Event = field(default_factory=threading.Event)
    changed_at: float = 0.0
    played: bool = False


class Listening:
    """Hears every server of `server_ids` while it is open; those that come and go are noticed."""

    def __init__(
        self,
        server_ids: Callable[[], Collection[int]],
        servers: Servers,
        jobs: Jobs,
        publish: Callable[[str, Mapping[str, Any]], None],
        *,
        quiet_s: float = _QUIET_S,
        tick_s: float = _TICK_S,
    ) -> None:
        self._server_ids = server_ids
        self._servers = servers
        self._jobs = jobs
        self._publish = publish
        self._quiet_s = quiet_s
        self._tick_s = tick_s
        self._ears: dict[int, _Ear] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="listening", daemon=True)

    def start(self) -> None:
        """Begin to hear."""
        self._thread.start()

    def close(self) -> None:
        """Hear no more; a server that says nothing for long is not waited for."""
        self._ends.set()
        self._thread.join()

    def _work(self) -> None:
        looked = -_LOOK_EVERY_S
        while not self._ends.wait(self._tick_s):
            try:
                if time.monotonic() - looked >= _LOOK_EVERY_S:
                    self._follow_servers(self._server_ids())
                    looked = time.monotonic()
                self._act()
            except ProjectionistError as error:
                _log.warning("What servers tell is not acted on for now: %s", error.message)
        for ear in self._ears.values():
            ear.stop.set()

    def _follow_servers(self, server_ids: Collection[int]) -> None:
        for server_id in set(self._ears) - set(server_ids):
            self._ears.pop(server_id).stop.set()
        for server_id in set(server_ids) - set(self._ears):
            ear = self._ears[server_id] = _Ear()
            threading.Thread(
                target=self._hear, args=(server_id, ear), name=f"listening-{server_id}", daemon=True
            ).start()

    def _act(self) -> None:
        now = time.monotonic()
        for server_id, ear in self._ears.items():
            if ear.played:
                ear.played = False
                self._publish(PLAYING, {"server_id": server_id})
            heard = ear.changed_at
            if not heard or now - heard < self._quiet_s:
                continue
            order_sync(self._jobs, server_id, asked_by="server")
            if ear.changed_at == heard:
                ear.changed_at = 0.0

    def _hear(self, server_id: int, ear: _Ear) -> None:
        wait_s = _FIRST_WAIT_S
        while not ear.stop.is_set():
            began = time.monotonic()
            try:
                with closing(self._servers.connect(server_id)) as server:
                    for event in server.events(ear.stop):
                        if isinstance(event, LibraryEvent):
                            ear.changed_at = time.monotonic()
                        else:
                            ear.played = True
            except NotFound:
                return
            except ServiceError as error:
                _log.info("A server is not heard for now: %s", error.message)
            if time.monotonic() - began > _LAST_WAIT_S:
                wait_s = _FIRST_WAIT_S
            ear.stop.wait(wait_s)
            wait_s = min(2 * wait_s, _LAST_WAIT_S)
