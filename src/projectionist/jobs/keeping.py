"""What goes on beside the jobs: heartbeats, progress, and the leader's care for the dead, schedules and history."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.jobs import queries
from projectionist.jobs.carrying import Carrier
from projectionist.jobs.durable import Durable
from projectionist.jobs.locks import Claim, claim
from projectionist.jobs.ports import Order, Ordered
from projectionist.jobs.tables import NodeRow, ScheduleRow
from projectionist.jobs.timing import next_time

_TICK_S = 0.5
_BEAT_EVERY = 4
_DEAD_AFTER_S = 10.0
_LATE = timedelta(seconds=20)
_RECONCILE_EVERY = 120
_CHUNK = 500
_TIDY_EVERY = 7200
_NODES = timedelta(days=1)
_CLOCK = timedelta(hours=2)

_log = logging.getLogger(__name__)


class Orders(Protocol):
    """Takes orders."""

    def __call__(self, order: Order, /) -> Ordered:
        """Ask for a job."""


class Keeper:
    """One thread: twice a second it looks after the jobs of this process; one process is the leader besides."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        process: str,
        durable: Durable,
        carrier: Carrier,
        order: Orders,
        retention: timedelta,
    ) -> None:
        self._database = database
        self._folder = folder
        self._process = process
        self._durable = durable
        self._carrier = carrier
        self._order = order
        self._retention = retention
        self._ends = threading.Event()
        self._leading: Claim | None = None
        self._beats: dict[str, tuple[int, float]] = {}
        self._thread = threading.Thread(target=self._work, name="jobs-keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, and let another process lead."""
        self._ends.set()
        self._thread.join()
        if self._leading is not None:
            self._leading.close()

    def _work(self) -> None:
        turn = 0
        while not self._ends.wait(_TICK_S):
            try:
                self._take_turn(turn)
            except ProjectionistError as error:
                _log.warning("Jobs are not looked after for now: %s", error.message)
                self._ends.wait(2.0)
            turn += 1

    def _take_turn(self, turn: int) -> None:
        self._carrier.flush()
        with self._database.read() as session:
            rows = queries.queues(session)
        self._carrier.paused = frozenset(name for name, row in rows.items() if row.paused)
        if turn % _BEAT_EVERY == 0:
            with self._database.write() as session:
                queries.beat(session, self._process, datetime.now(UTC))
            self._lead_if_nobody_does()
        if self._leading is not None and turn % 2 == 0:
            self._follow_schedules()
            if turn % _BEAT_EVERY == 0:
                self._mind_the_dead()
            if turn % _RECONCILE_EVERY == 0:
                self._reconcile()
            if turn % _TIDY_EVERY == 0:
                self._tidy()

    def _lead_if_nobody_does(self) -> None:
        if self._leading is not None and self._leading.is_ours:
            return
        self._leading = claim(self._database, self._folder, "leader of the jobs")
        if self._leading is not None:
            self._beats.clear()
            self._reconcile()

    def _mind_the_dead(self) -> None:
        """A process whose beats stand still is dead; what it had begun is queued again, until nothing is left."""
        now = time.monotonic()
        with self._database.read() as session:
            rows = queries.nodes(session)
        for row in rows:
            beats, since = self._beats.get(row.name, (-1, now))
            if row.beats != beats or row.name == self._process:
                self._beats[row.name] = (row.beats, now)
            elif row.left or now - since > _DEAD_AFTER_S:
                self._bury(row)

    def _bury(self, row: NodeRow) -> None:
        pending = self._durable.pending_of(row.name)
        with self._database.read() as session:
            left = queries.running_by_node(session).get(row.name, 0)
        if left:
            with self._database.write() as session:
                queries.put_back(session, row.name)
        if pending:
            _log.warning("%s has stopped; %s of its jobs go on elsewhere", row.name, max(pending, left))
            self._durable.recover(row.name)

    def _follow_schedules(self) -> None:
        now = datetime.now(UTC)
        with self._database.read() as session:
            due = [row for row in queries.schedules(session) if not row.paused and row.next_at is not None]
        for row in due:
            following = next_time(row.when, row.time_zone, now)
            if row.next_at is not None and row.next_at > now:
                if row.next_at > following and _clock_was_wrong(row, now):
                    with self._database.write() as session:
                        queries.take_turn(session, row, row.last_at or now, following)
                continue
            with self._database.write() as session:
                mine = queries.take_turn(session, row, now, following)
            if mine:
                order = Order(row.kind, row.arguments, key=f"schedule:{row.name}", asked_by="schedule")
                self._order(order)

    def _reconcile(self) -> None:
        """Jobs that were asked for by a process that died before it had queued them are queued now."""
        after = ""
        before = datetime.now(UTC) - _LATE
        while True:
            with self._database.read() as session:
                rows = queries.waiting_for_workflow(session, before, after, _CHUNK)
            if not rows:
                return
            after = rows[-1].id
            known = self._durable.known([row.workflow_id for row in rows])
            for row in rows:
                if row.workflow_id not in known:
                    self._durable.enqueue(
                        row.id, row.workflow_id, row.queue, row.priority, _seconds_until(row.not_before)
                    )

    def _tidy(self) -> None:
        """What is long over leaves the history, with its workflow; so do processes that are long gone."""
        now = datetime.now(UTC)
        with self._database.write() as session:
            queries.forget_nodes(session, now - _NODES)
        while not self._ends.is_set():
            with self._database.read() as session:
                over = queries.over_before(session, now - self._retention, _CHUNK)
            if not over:
                return
            self._durable.forget([workflow_id for _, workflow_id in over])
            with self._database.write() as session:
                queries.remove_jobs(session, [job_id for job_id, _ in over])


def _seconds_until(moment: datetime | None) -> float:
    return 0.0 if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _clock_was_wrong(row: ScheduleRow, now: datetime) -> bool:
    """Set back by a little, a clock makes nothing happen twice; set back by much, it makes nothing wait for long."""
    return row.last_at is None or row.last_at < now or row.last_at - now > _CLOCK
