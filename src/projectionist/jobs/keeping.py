"""What goes on beside the jobs of a process: its heartbeat, progress, cancelling, and leading where nobody does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.jobs import queries
from projectionist.jobs.carrying import Carrier
from projectionist.jobs.leading import Leader
from projectionist.jobs.locks import Claim, claim

_TICK_S = 0.5
_BEAT_EVERY = 4
_LEAD_EVERY = 2
_AFTER_FAILURE_S = 2.0

_log = logging.getLogger(__name__)


class Keeper:
    """One thread: twice a second it looks after the jobs of this process; one process is the leader besides."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        process: str,
        name: Claim,
        carrier: Carrier,
        leader: Callable[[], Leader],
        register: Callable[[], None],
    ) -> None:
        self._database = database
        self._folder = folder
        self._process = process
        self._name = name
        self._carrier = carrier
        self._make_leader = leader
        self._register = register
        self._ends = threading.Event()
        self._leading: tuple[Claim, Leader] | None = None
        self._thread = threading.Thread(target=self._work, name="jobs-keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, and let another process lead."""
        self._ends.set()
        self._thread.join()
        if self._leading is not None:
            self._leading[0].close()

    def _work(self) -> None:
        turn = 0
        try:
            while not self._ends.wait(_TICK_S):
                try:
                    self._take_turn(turn)
                except ProjectionistError as error:
                    _log.warning("Jobs are not looked after for now: %s", error.message)
                    self._ends.wait(_AFTER_FAILURE_S)
                turn += 1
        finally:
            if not self._ends.is_set():  # a fault of ours: without a heartbeat others take our jobs
                _log.critical("This process does no more jobs, since nothing looks after them: restart it")
                self._carrier.stop()

    def _take_turn(self, turn: int) -> None:
        self._carrier.flush()
        if turn % _BEAT_EVERY == 0:
            self._beat()
        if self._leading is not None and turn % _LEAD_EVERY == 0:
            self._leading[1].take_turn()

    def _beat(self) -> None:
        if not self._name.is_ours:
            self._claim_again()
        with self._database.write() as session:
            known = queries.beat(session, self._process, datetime.now(UTC))
        if not known:
            self._register()
        if self._leading is not None and self._leading[0].is_ours:
            return
        held = claim(self._database, self._folder, "leader of the jobs")
        self._leading = None if held is None else (held, self._make_leader())

    def _claim_again(self) -> None:
        """The connection that held our name was cut; whoever has taken the name since does our jobs."""
        again = claim(self._database, self._folder, f"executor {self._process}")
        if again is not None:
            self._name.take_over(again)
            return
        _log.error("Another process is called %s now; this one does no more jobs: restart it", self._process)
        self._carrier.stop()
