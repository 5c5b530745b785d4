"""More processes for pages: begun by the service, begun again where one dies, and ended with it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Final, TypeAlias

from projectionist.errors import DatabaseUnusable, ProjectionistError
from projectionist.settings import Settings

_LOOK_S: Final = 1.0
"""How often it is looked whether the setup is done, and how soon one that died is begun again."""
_LONGEST_REST_S: Final = 60.0
"""How long it is rested where they die again and again; after twice as long in peace they are soon begun again."""
_LONGEST_END_S: Final = 3.0
"""How long is waited for them once the service itself has ended its work."""

_context = multiprocessing.get_context("spawn")
_log = logging.getLogger(__name__)

ServeMore: TypeAlias = Callable[[Settings, socket.socket], None]


class PageProcesses:
    """The processes beside the service's own that `workers` asks for; none without a socket to serve from.

    `serve_more` is what each does; they begin once `is_due`.
    """

    def __init__(
        self,
        serve_more: ServeMore,
        settings: Settings,
        listening: socket.socket | None,
        is_due: Callable[[], bool],
    ) -> None:
        self._serve_more = serve_more
        self._settings = replace(settings, sources=dict(settings.sources))  # what a new process can be handed
        self._listening = listening
        self._is_due = is_due
        self._processes: list[SpawnProcess] = []
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="page-processes", daemon=True)

    def start(self) -> None:
        """Begin them, as soon as it is due."""
        if self._listening is not None:
            self._thread.start()

    def end(self) -> None:
        """Ask all of them to end, and wait for none; may be asked from anywhere, and again, which they do not hear."""
        with self._lock:
            if self._ends.is_set():
                return
            self._ends.set()
            for process in self._processes:
                process.terminate()

    def close(self) -> None:
        """End all of them; those that do not are killed."""
        self.end()
        deadline = time.monotonic() + _LONGEST_END_S
        if self._thread.is_alive():
            self._thread.join(_LONGEST_END_S)
        for process in self._processes:
            process.join(max(0.0, deadline - time.monotonic()))
        late = [one for one in self._processes if one.is_alive()]
        if late:
            _log.warning("%d of the processes for pages did not end in time and are killed", len(late))
        for process in late:
            process.kill()
            process.join()

    def _watch(self) -> None:
        while not self._due():
            if self._ends.wait(_LOOK_S):
                return
        rest_s, died_at = _LOOK_S, -_LONGEST_REST_S
        while not self._ends.is_set():
            died = self._take_out_dead()
            if died:
                now = time.monotonic()
                rest_s = _LOOK_S if now - died_at > 2 * _LONGEST_REST_S else min(2 * rest_s, _LONGEST_REST_S)
                died_at = now
                if self._ends.wait(rest_s):
                    return
                codes = ", ".join(str(one.exitcode) for one in died)
                _log.warning("%d of the processes for pages ended by themselves (%s)", len(died), codes)
            self._complete()
            wait([one.sentinel for one in self._processes], timeout=_LOOK_S)

    def _due(self) -> bool:
        try:
            return self._is_due()
        except DatabaseUnusable:  # asked again soon; who asks for a page is told
            return False

    def _take_out_dead(self) -> list[SpawnProcess]:
        with self._lock:
            died = [one for one in self._processes if not one.is_alive()]
            self._processes = [one for one in self._processes if one not in died]
            return died

    def _complete(self) -> None:
        with self._lock:
            for _ in range(self._settings.workers - 1 - len(self._processes)):
                if self._ends.is_set():
                    return
                process = _context.Process(
                    target=_run, args=(self._serve_more, self._settings, self._listening), name="pages"
                )
                process.start()
                self._processes.append(process)


def _run(serve_more: ServeMore, settings: Settings, listening: socket.socket) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal tells all at once; the service tells its own to end
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # until it serves: what was opened is closed
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        serve_more(settings, listening)
    except ProjectionistError as error:
        _log.error("A process for pages cannot go on: %s", error.message)
        raise SystemExit(1) from None


def _end_with_parent() -> None:
    """A service that was killed takes its processes along: they would keep its address from the next one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        with suppress(ProcessLookupError):
            os.kill(os.getpid(), signal.SIGKILL)
