"""What one process does for all: it queues again what the dead have left, follows schedules, and mends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.jobs import queries, tidying
from projectionist.jobs.durable import BUSY_S, GIVEN_UP, OVER, Durable, Work
from projectionist.jobs.locks import claim
from projectionist.jobs.ordering import Desk
from projectionist.jobs.ports import REST_S, JobState, Order
from projectionist.jobs.tables import JobRow, NodeRow, ScheduleRow
from projectionist.jobs.timing import next_time

QUIET_S = 4.0
"""A process that has not been heard for so long is dead where its name is free; one that lives holds it."""

UNHEARD_S = 20.0
"""On PostgreSQL the name of a machine that lost its power is held until TCP gives up; so long is waited for it."""

_CHUNK = 200
_REST_S = 10.0
_STRANGERS_S = 30.0
_CLOCK = timedelta(hours=2)
_LONGEST_WAIT = timedelta(minutes=15)

_log = logging.getLogger(__name__)


class Leader:
    """The care for all jobs; one process at a time has it. Nothing here is done wrongly by two at once."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        process: str,
        durable: Durable,
        desk: Desk,
        *,
        rest_s: Callable[[str], float] = lambda queue: REST_S,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._folder = folder
        self._process = process
        self._durable = durable
        self._desk = desk
        self._rest_s = rest_s
        self._monotonic = monotonic
        self._now = now
        self._heard: dict[str, tuple[int, float]] = {}
        self._buried: dict[str, int] = {}
        self._applied: dict[str, int] = {}
        self._busy: dict[str, bool] = {}
        self._swept = ""
        self._rests_until = 0.0
        self._strangers_at = 0.0

    def take_turn(self) -> None:
        """What is due."""
        self._apply()
        self._set_pace()
        self.follow_schedules()
        self.mind_the_dead()
        self.sweep()

    def _apply(self) -> None:
        """A process may have died between our row of a queue and what DBOS knows of it, or not take part in DBOS."""
        with self._database.read() as session:
            rows = queries.queues(session)
        for name, row in rows.items():
            concurrency = 0 if row.paused else row.concurrency
            if self._applied.get(name) != concurrency:
                self._durable.set_concurrency(name, concurrency)
                self._applied[name] = concurrency

    def _set_pace(self) -> None:
        """Looking into a queue often costs more than a job that waits a second in an empty house."""
        with self._database.read() as session:
            waiting = queries.queues_with_waiting(session)
        for name, busy in waiting.items():
            if name != tidying.QUEUE.name and self._busy.get(name) != busy:
                self._durable.set_pace(name, BUSY_S if busy else self._rest_s(name))
                self._busy[name] = busy

    def mind_the_dead(self) -> None:
        """Have what the dead had begun queued again, until nothing is pending under their names."""
        now = self._monotonic()
        with self._database.read() as session:
            rows = queries.nodes(session)
        for row in rows:
            beats, since = self._heard.get(row.name, (-1, now))
            if row.beats != beats or row.name == self._process:
                self._heard[row.name] = (row.beats, now)
            elif self._buried.get(row.name) != row.beats and (row.left or now - since > QUIET_S):
                self._bury(row, now - since)
        if now >= self._strangers_at:
            self._strangers_at = now + _STRANGERS_S
            for name in set(self._durable.pending()) - {row.name for row in rows}:
                self._durable.recover(name)

    def _bury(self, row: NodeRow, unheard_s: float) -> None:
        """Nobody else can take the name of the dead meanwhile; who still has it is not dead, only quiet."""
        held = claim(self._database, self._folder, f"executor {row.name}")
        if held is None and not row.left and (self._database.is_sqlite or unheard_s < UNHEARD_S):
            return
        try:
            with self._database.write() as session:
                left = queries.put_back(session, row.name)
                queries.leave(session, row.name)
            pending = self._durable.pending().get(row.name, 0)
            if pending or left:
                _log.warning("%s has stopped; %s of its jobs go on elsewhere", row.name, max(pending, left))
            if pending:
                self._durable.recover(row.name)
            else:
                self._buried[row.name] = row.beats
        finally:
            if held is not None:
                held.close()

    def follow_schedules(self) -> None:
        """Ask for what is due."""
        with self._database.read() as session:
            rows = [row for row in queries.schedules(session) if not row.paused and row.next_at is not None]
        for row in rows:
            try:
                self._follow(row, self._now())
            except ProjectionistError as error:
                _log.warning("The schedule %s could not ask for its job: %s", row.name, error.message)

    def _follow(self, row: ScheduleRow, now: datetime) -> None:
        following = next_time(row.when, row.time_zone, now)
        if row.next_at is not None and row.next_at > now:
            if row.next_at > following and _clock_was_wrong(row, now):
                with self._database.write() as session:
                    queries.take_turn(session, row, row.last_at or now, following)
            return

        def our_turn(session: Session) -> bool:
            return queries.take_turn(session, row, now, following)

        try:
            self._desk.order([scheduled(row)], provided=our_turn)
        except ProjectionistError:
            with self._database.write() as session:
                our_turn(session)
            raise

    def sweep(self) -> None:
        """Look at some of the jobs that are not over: each has a workflow that is not over, or is given one."""
        if self._monotonic() < self._rests_until:
            return
        with self._database.read() as session:
            rows = queries.not_over(session, self._swept, _CHUNK)
        if not rows:
            self._swept, self._rests_until = "", self._monotonic() + _REST_S
            return
        self._swept = rows[-1].id
        states = self._durable.states([row.workflow_id for row in rows])
        self._desk.enqueue(_never_queued(rows, states))
        for row in rows:
            self._mend(row, states.get(row.workflow_id))

    def _mend(self, row: JobRow, state: str | None) -> None:
        now = self._now()
        waits = row.state != JobState.RUNNING.value
        if row.cancelling and waits:
            self._finish(row, {"state": JobState.CANCELLED.value, "cancelling": False})
        elif state == GIVEN_UP:
            sentence = (
                "The process that did this ended again and again while it did; it is not tried any more: look in the "
                "log for why, then retry."
            )
            self._finish(row, {"state": JobState.FAILED.value, "error": sentence, "error_code": "crashed"})
        elif state in OVER:
            if self._desk.again(row, {"state": JobState.QUEUED.value, "node": "", "now": ""}, row.not_before):
                _log.warning("The job %s had been lost and is queued again", row.id)
        elif row.state == JobState.WAITING.value and row.not_before and row.not_before - now > _LONGEST_WAIT:
            self._desk.again(row, {"state": JobState.QUEUED.value, "not_before": None}, None)

    def _finish(self, row: JobRow, values: Mapping[str, object]) -> None:
        with self._database.write() as session:
            ended = {**values, "ended_at": self._now(), "eta_s": None, "now": ""}
            queries.change_held(session, row.id, row.workflow_id, None, ended)


def scheduled(row: ScheduleRow) -> Order:
    """What a schedule asks for; while it is not over, a second is the same."""
    return Order(row.kind, row.arguments, key=f"schedule:{row.name}", asked_by="schedule")


def _never_queued(rows: Sequence[JobRow], states: Mapping[str, str]) -> list[Work]:
    """Whoever asked for these died before they were queued."""
    return [
        Work(row.id, row.workflow_id, row.queue, row.priority, row.not_before)
        for row in rows
        if row.workflow_id not in states and row.state != JobState.RUNNING.value
    ]


def _clock_was_wrong(row: ScheduleRow, now: datetime) -> bool:
    """Set back by a little, a clock makes nothing happen twice; set back by much, it makes nothing wait for long."""
    return row.last_at is None or row.last_at < now or row.last_at - now > _CLOCK
