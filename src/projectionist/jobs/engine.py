"""The job engine: keeps jobs in our tables, has DBOS carry them out, and runs them here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from projectionist import __version__
from projectionist.db.engine import Database
from projectionist.errors import Conflict, DatabaseUnusable, DataFolderInUse, InputWrong, NotFound
from projectionist.jobs import queries, tidying
from projectionist.jobs.carrying import Carrier
from projectionist.jobs.durable import Durable
from projectionist.jobs.keeping import Keeper
from projectionist.jobs.leading import Leader, scheduled
from projectionist.jobs.locks import Claim, claim
from projectionist.jobs.ordering import Desk, checked_arguments, title_of
from projectionist.jobs.ports import (
    REST_S,
    Job,
    JobFilter,
    JobKind,
    JobState,
    LogLine,
    Node,
    Order,
    Ordered,
    Priority,
    Queue,
    QueueSpec,
    Schedule,
)
from projectionist.jobs.records import job_of, line_of, node_of, schedule_of
from projectionist.jobs.tables import NodeRow, ScheduleRow
from projectionist.jobs.timing import next_time
from projectionist.jobs.writing import Publish, Writer
from projectionist.media.vocabulary import Page

_SLOTS = 64
_MOST_AT_ONCE = 64
_GONE = "There is no such job; it may have been taken out of the history."


class Engine:
    """The house's `Jobs`. Kinds and queues are brought before `start`; nothing runs before it.

    Where it is not started, it can still be asked for jobs and about them: what is ordered and steered is written
    down, and a process that works follows within seconds.
    """

    process = ""
    """What this process is called among all that take part, once it does."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        *,
        node: str,
        publish: Publish,
        retention: timedelta = timedelta(days=30),
        nobody_after: timedelta = timedelta(minutes=2),
    ) -> None:
        self.database = database
        self.folder = folder
        self._node = node
        self._publish = publish
        self._nobody_after = nobody_after
        self._kinds: dict[str, JobKind] = {}
        self._specs: dict[str, QueueSpec] = {}
        self._desk = Desk(database, self._kinds, publish)
        self._carrier: Carrier | None = None
        self._ends = ExitStack()
        self.bring([tidying.tidy_kind(database, self._started, retention)], [tidying.QUEUE])

    def bring(self, kinds: Sequence[JobKind], queues: Sequence[QueueSpec]) -> None:
        """Add kinds of job, and the queues they wait in."""
        self._kinds.update({kind.name: kind for kind in kinds})
        self._specs.update({queue.name: queue for queue in queues})

    @property
    def kinds(self) -> Mapping[str, JobKind]:
        """The kinds of job there are, by name."""
        return self._kinds

    def start(self, *, work: bool = True, queues: Sequence[str] = ()) -> None:
        """Take part: with `work` in the queues named, or all; without, only to order and look.

        Raises InputWrong for a queue that is none, DataFolderInUse, DatabaseUnusable.
        """
        if unknown := sorted(set(queues) - set(self._specs)):
            raise InputWrong(
                f"There is no queue {', '.join(unknown)}; there are {', '.join(sorted(self._specs))}.",
                "queues",
            )
        listen = tuple(dict.fromkeys([*(queues or self._specs), tidying.QUEUE.name])) if work else ()
        with ExitStack() as undo:
            name, self.process = self._own_name()
            undo.callback(name.close)
            undo.callback(self._leave)
            self._register(listen, starts=True)
            writer = Writer(self.database, self._publish, self.process)
            undo.callback(writer.close)
            carrier = Carrier(
                self.database, self._kinds, self.process, self._node, writer, self._desk, self._nobody_after
            )
            durable = Durable(self.database, self.folder, self.process, carrier.carry, listen=listen)
            undo.callback(lambda: durable.close(self._patience_s))
            self._desk.durable = durable
            self._keep_queues(durable)
            keeper = Keeper(
                self.database,
                self.folder,
                self.process,
                name,
                carrier,
                lambda: Leader(
                    self.database, self.folder, self.process, durable, self._desk, rest_s=self._rest_s
                ),
                lambda: self._register(listen),
            )
            keeper.start()
            undo.callback(carrier.stop)
            undo.callback(keeper.close)
            self._carrier = carrier
            self._ends = undo.pop_all()

    def close(self, timeout_s: float = 5.0) -> None:
        """End: what runs is asked to stop and goes on after the next start."""
        self._patience_s = timeout_s
        self._ends.close()
        self._carrier = self._desk.durable = None

    _patience_s = 5.0

    def _leave(self) -> None:
        with suppress(DatabaseUnusable), self.database.write() as session:
            queries.leave(session, self.process)

    def _started(self) -> Durable:
        if self._desk.durable is None:
            raise Conflict("This process does not take part in jobs; nothing was changed.")
        return self._desk.durable

    def _own_name(self) -> tuple[Claim, str]:
        """A name that no other process has, and the same as the last time where it is free."""
        for slot in range(1, _SLOTS + 1):
            name = f"{self._node}-{slot}"
            held = claim(self.database, self.folder, f"executor {name}")
            if held is not None:
                return held, name
        raise DataFolderInUse(f"{_SLOTS} processes called {self._node} run already; nothing was started.")

    def _register(self, listen: Sequence[str], *, starts: bool = False) -> None:
        now = datetime.now(UTC)
        with self.database.write() as session:
            for spec in self._specs.values():
                queries.add_queue(session, spec.name, spec.concurrency)
            if starts:  # what a process of this name left when it died
                queries.put_back(session, self.process)
            session.merge(
                NodeRow(
                    name=self.process,
                    host=self._node,
                    queues=list(listen),
                    version=__version__,
                    beats=secrets.randbelow(10**9),  # unlike those of who had the name before
                    started_at=now,
                    seen_at=now,
                    left=False,
                )
            )
            if queries.schedule(session, tidying.SCHEDULE.name) is None:
                session.add(_row_of(tidying.SCHEDULE, now))

    def _keep_queues(self, durable: Durable) -> None:
        with self.database.read() as session:
            rows = queries.queues(session)
        for row in rows.values():
            durable.keep_queue(row.name, 0 if row.paused else row.concurrency, self._rest_s(row.name))

    def _rest_s(self, queue: str) -> float:
        return self._specs[queue].rest_s if queue in self._specs else REST_S

    # ordering

    def order(self, order: Order) -> Ordered:
        """Ask for a job. Raises InputWrong, DatabaseUnusable."""
        return self._desk.order([order])[0]

    def order_many(self, orders: Sequence[Order]) -> Sequence[Ordered]:
        """Ask for many at once, in few transactions. Raises InputWrong, DatabaseUnusable."""
        return self._desk.order(orders)

    # looking

    def get(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        with self.database.read() as session:
            row = queries.job(session, job_id)
        if row is None:
            raise NotFound(_GONE)
        return job_of(row)

    def find(self, wanted: JobFilter, *, offset: int = 0, size: int = 50) -> Page[Job]:
        """A page of jobs."""
        with self.database.read() as session:
            rows, total = queries.find(session, wanted, offset, size)
        return Page(tuple(job_of(row) for row in rows), offset, total)

    def log_of(self, job_id: str, *, offset: int = 0, size: int = 200) -> Page[LogLine]:
        """A page of a job's log, oldest first."""
        self.get(job_id)
        with self.database.read() as session:
            rows, total = queries.log_of(session, job_id, offset, size)
        return Page(tuple(line_of(row) for row in rows), offset, total)

    def queues(self) -> Sequence[Queue]:
        """All queues, and those that are no more for as long as jobs are left in them."""
        with self.database.read() as session:
            rows = queries.queues(session)
            counts = queries.counts(session)
        return [
            Queue(
                name,
                self._specs[name].title if name in self._specs else name,
                row.paused,
                row.concurrency,
                sum(
                    count for state, count in counts.get(name, {}).items() if state != JobState.RUNNING.value
                ),
                counts.get(name, {}).get(JobState.RUNNING.value, 0),
                known=name in self._specs,
            )
            for name, row in rows.items()
            if name in self._specs or name in counts
        ]

    def nodes(self) -> Sequence[Node]:
        """Who works and serves, or did until lately."""
        with self.database.read() as session:
            rows = queries.nodes(session)
            running = queries.running_by_node(session)
        now = datetime.now(UTC)
        return [node_of(row, running.get(row.name, 0), now) for row in rows]

    # steering

    def cancel(self, job_id: str) -> None:
        """Stop a job, or keep it from starting. Raises Conflict where it is over."""
        with self.database.write() as session:
            row = queries.job(session, job_id)
            if row is None:
                raise NotFound(_GONE)
            ended = {"state": JobState.CANCELLED.value, "cancelling": False, "ended_at": datetime.now(UTC)}
            waiting = (JobState.QUEUED.value, JobState.WAITING.value)
            if queries.change(session, job_id, ended, states=waiting):
                told = JobState.CANCELLED
            elif queries.change(session, job_id, {"cancelling": True}, states=(JobState.RUNNING.value,)):
                told = JobState.RUNNING
            else:
                raise Conflict("The job is over already; nothing was changed.")
            told_data = {"id": job_id, "state": told.value, "cancelling": told is JobState.RUNNING}
            self._publish("job", told_data, session=session)
            self._publish("jobs", {"queue": row.queue}, session=session)
        if self._carrier is not None:
            self._carrier.look(job_id)
        if told is JobState.CANCELLED:
            self._withdraw(row.workflow_id)

    def _withdraw(self, workflow_id: str) -> None:
        """A workflow that is not wanted any more takes no place in its queue; where it does, it ends at once."""
        if self._desk.durable is not None:
            with suppress(DatabaseUnusable):
                self._desk.durable.cancel(workflow_id)

    def retry(self, job_id: str) -> Ordered:
        """Do a job that is over again. Raises Conflict where it is not."""
        job = self.get(job_id)
        if not job.state.is_over:
            raise Conflict("The job is not over yet; nothing was changed.")
        return self.order(Order(job.kind, job.arguments, job.key, Priority.HIGH, asked_by=job.asked_by))

    def set_priority(self, job_id: str, priority: Priority) -> None:
        """Move a queued job forward or back. Raises Conflict where it is not queued."""
        with self.database.read() as session:
            row = queries.job(session, job_id)
        if row is None:
            raise NotFound(_GONE)
        moved = self._desk.again(
            row, {"priority": int(priority)}, row.not_before, states=(JobState.QUEUED.value,)
        )
        if not moved:
            raise Conflict("Only a job that waits in its queue can be moved; nothing was changed.")
        self._withdraw(row.workflow_id)

    def pause(self, queue: str) -> None:
        """Start nothing more of this queue, on any node, until `resume`."""
        self._change_queue(queue, {"paused": True})

    def resume(self, queue: str) -> None:
        """Go on with a queue."""
        self._change_queue(queue, {"paused": False})

    def set_concurrency(self, queue: str, concurrency: int) -> None:
        """How many of its jobs run at once on one node, 1 to 64. Raises InputWrong."""
        if not 1 <= concurrency <= _MOST_AT_ONCE:
            raise InputWrong(f"From 1 to {_MOST_AT_ONCE} jobs can run at once.", "concurrency")
        self._change_queue(queue, {"concurrency": concurrency})

    def _change_queue(self, name: str, values: Mapping[str, Any]) -> None:
        with self.database.write() as session:
            queries.change_queue(session, name, values)
            row = queries.queues(session).get(name)
            if row is None:
                raise NotFound(f"There is no queue {name}.")
            self._publish("jobs", {"queue": name}, session=session)
            concurrency = 0 if row.paused else row.concurrency
        if self._desk.durable is not None:
            with suppress(DatabaseUnusable):  # who leads the jobs does it then
                self._desk.durable.set_concurrency(name, concurrency)

    # schedules

    def schedules(self) -> Sequence[Schedule]:
        """All schedules."""
        with self.database.read() as session:
            rows = queries.schedules(session)
        return [self._schedule(row) for row in rows]

    def save_schedule(self, schedule: Schedule) -> Schedule:
        """Add or replace a schedule by its name. Raises InputWrong."""
        if schedule.kind not in self._kinds:
            raise InputWrong(f"There is no job of kind {schedule.kind}.", "kind")
        if not 1 <= len(schedule.name.strip()) <= 100:
            raise InputWrong("A schedule has a name of 1 to 100 characters.", "name")
        row = _row_of(schedule, datetime.now(UTC))
        with self.database.write() as session:
            row.last_at = queries.last_time(session, row.name)
            saved = session.merge(row)
            session.flush()
            self._publish("jobs", {"schedule": row.name}, session=session)
        return self._schedule(saved)

    def remove_schedule(self, name: str) -> None:
        """Take a schedule out. Raises NotFound."""
        with self.database.write() as session:
            if not queries.remove_schedule(session, name):
                raise NotFound(f"There is no schedule {name}.")
            self._publish("jobs", {"schedule": name}, session=session)

    def run_schedule(self, name: str) -> Ordered:
        """Ask for its job now, besides its times. Raises NotFound."""
        with self.database.read() as session:
            row = queries.schedule(session, name)
        if row is None:
            raise NotFound(f"There is no schedule {name}.")
        return self.order(scheduled(row))

    def _schedule(self, row: ScheduleRow) -> Schedule:
        kind = self._kinds.get(row.kind)
        return schedule_of(row, row.kind if kind is None else title_of(kind, row.arguments))

    def forget(self, job_ids: Sequence[str]) -> int:
        """Take jobs that are over out of the history; how many were."""
        with self.database.write() as session:
            count = queries.remove_jobs(session, job_ids)
            self._publish("jobs", {}, session=session)
        return count


def _row_of(schedule: Schedule, now: datetime) -> ScheduleRow:
    return ScheduleRow(
        name=schedule.name.strip(),
        kind=schedule.kind,
        arguments=checked_arguments(schedule.arguments),
        when=schedule.when,
        time_zone=schedule.time_zone,
        paused=schedule.paused,
        last_at=schedule.last_at,
        next_at=next_time(schedule.when, schedule.time_zone, now),
    )
