"""Hearing what servers tell by themselves: that a library changed, or that somebody began to watch.

One thread per server hears, one more acts. A library is read a moment after it fell quiet. While a server cannot be
heard but answers, it is asked what it plays, over and over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from projectionist.errors import NotFound, ProjectionistError
from projectionist.features.library.neighbours import Servers
from projectionist.features.library.ordering import order_sync
from projectionist.jobs.ports import Jobs
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import LibraryEvent, PlaybackEvent, PlaybackState

PLAYING = "playing"
"""The live topic: somebody began, paused or ended."""

_QUIET_S = 5.0
_LOOK_EVERY_S = 20.0
_TICK_S = 1.0
_FIRST_WAIT_S = 5.0
_LAST_WAIT_S = 120.0
_ASK_EVERY_S = 1.0

OnPlaying = Callable[[int, PlaybackEvent], None]
"""Told of a server's id and what a player did; called in the thread that hears, so it is to be quick."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Ear:
    """One server's thread, and since when its libraries have to be read (0 where they have not)."""

    stop: threading.Event = field(default_factory=threading.Event)
    changed_at: float = 0.0
    played: bool = False
    playing: dict[str, PlaybackEvent] = field(default_factory=dict)


def _tell_nobody(_server_id: int, _event: PlaybackEvent) -> None:
    """What is told where nobody wants to know."""


class Listening:
    """Hears every server of `server_ids` while it is open; those that come and go are noticed."""

    def __init__(
        self,
        server_ids: Callable[[], Collection[int]],
        servers: Servers,
        jobs: Jobs,
        publish: Callable[[str, Mapping[str, Any]], None],
        *,
        on_playing: OnPlaying = _tell_nobody,
        quiet_s: float = _QUIET_S,
        tick_s: float = _TICK_S,
        first_wait_s: float = _FIRST_WAIT_S,
    ) -> None:
        self._server_ids = server_ids
        self._servers = servers
        self._jobs = jobs
        self._publish = publish
        self._on_playing = on_playing
        self._quiet_s = quiet_s
        self._tick_s = tick_s
        self._first_wait_s = first_wait_s
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
        wait_s = self._first_wait_s
        while not ear.stop.is_set():
            began = time.monotonic()
            try:
                with closing(self._servers.connect(server_id)) as server:
                    for event in server.events(ear.stop):
                        if isinstance(event, LibraryEvent):
                            ear.changed_at = time.monotonic()
                        else:
                            self._hand_on(server_id, ear, event)
            except NotFound:
                return
            except ProjectionistError as error:  # of the server, or of the database that says where it is
                _log.info("A server is not heard for now: %s", error.message)
            if time.monotonic() - began > _LAST_WAIT_S:
                wait_s = self._first_wait_s
            self._wait_and_ask(server_id, ear, time.monotonic() + wait_s)
            wait_s = min(2 * wait_s, _LAST_WAIT_S)

    def _wait_and_ask(self, server_id: int, ear: _Ear, until: float) -> None:
        """Pass the time until a server is heard again by asking it what it plays, for as long as it answers."""
        try:
            with closing(self._servers.connect(server_id)) as server:
                while (left := until - time.monotonic()) > 0 and not ear.stop.wait(min(left, _ASK_EVERY_S)):
                    self._ask(server_id, ear, server)
        except ProjectionistError:
            ear.stop.wait(max(0.0, until - time.monotonic()))

    def _ask(self, server_id: int, ear: _Ear, server: MediaServer) -> None:
        """What is played now, as events: what began, changed or ended while nobody heard. Raises ServiceError."""
        now = {
            one.key: PlaybackEvent(one.key, one.item_key, one.state, one.position_ms)
            for one in server.sessions()
        }
        over = [replace(ear.playing[key], state=PlaybackState.STOPPED) for key in set(ear.playing) - set(now)]
        for event in (*over, *now.values()):
            known = ear.playing.get(event.session_key)
            if known is None or (known.item_key, known.state) != (event.item_key, event.state):
                self._hand_on(server_id, ear, event)

    def _hand_on(self, server_id: int, ear: _Ear, event: PlaybackEvent) -> None:
        ear.played = True
        if event.state is PlaybackState.STOPPED:
            ear.playing.pop(event.session_key, None)
        else:
            ear.playing[event.session_key] = event
        try:
            self._on_playing(server_id, event)
        except ProjectionistError as error:
            _log.warning("That something is played is not acted on: %s", error.message)
