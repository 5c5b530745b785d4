"""The job engine: keeps jobs in our tables, has DBOS carry them out, and runs them here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from projectionist import __version__
from projectionist.db.engine import Database
from projectionist.errors import (
    AlreadyAtWork,
    Conflict,
    DatabaseUnusable,
    DataFolderInUse,
    InputWrong,
    NotFound,
)
from projectionist.jobs import queries
from projectionist.jobs.carrying import Carrier
from projectionist.jobs.durable import Durable
from projectionist.jobs.keeping import Keeper
from projectionist.jobs.locks import Claim, claim
from projectionist.jobs.ports import (
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
from projectionist.jobs.running import storable
from projectionist.jobs.tables import NodeRow, ScheduleRow
from projectionist.jobs.timing import next_time
from projectionist.jobs.writing import Publish, Writer
from projectionist.kit.logs import correlation
from projectionist.media.vocabulary import Page

_SLOTS = 64
_MOST_AT_ONCE = 64
_GROUP = 200


class Engine:
    """The house's `Jobs`. Kinds and queues are brought before `start`; nothing runs before it."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        *,
        node: str,
        publish: Publish,
        retention: timedelta = timedelta(days=30),
    ) -> None:
        self._database = database
        self._folder = folder
        self._node = node
        self._publish = publish
        self._retention = retention
        self._kinds: dict[str, JobKind] = {}
        self._specs: dict[str, QueueSpec] = {}

    def bring(self, kinds: Sequence[JobKind], queues: Sequence[QueueSpec]) -> None:
        """Add kinds of job, and the queues they wait in."""
        self._kinds |= {kind.name: kind for kind in kinds}
        self._specs |= {queue.name: queue for queue in queues}

    def start(self, *, work: bool = True, queues: Sequence[str] = ()) -> None:
        """Take part: with `work` in the queues named, or all; without, only to order and look.

        Raises InputWrong for a queue that is none, DataFolderInUse, DatabaseUnusable.
        """
        if unknown := sorted(set(queues) - set(self._specs)):
            raise InputWrong(
                f"There is no queue {', '.join(unknown)}; there are {', '.join(sorted(self._specs))}.",
                "queues",
            )
        listen = tuple(queues or self._specs) if work else ()
        self._claim, self.process = self._own_name()
        self._writer = Writer(self._database, self._publish)
        self._carrier = Carrier(
            self._database, self._kinds, self.process, self._node, self._writer, self._requeue
        )
        self._register(listen)
        self._durable = Durable(
            self._database, self._folder, self.process, self._carrier.carry, listen=listen
        )
        with self._database.read() as session:
            for row in queries.queues(session).values():
                self._durable.keep_queue(row.name, 0 if row.paused else row.concurrency)
        self._keeper = Keeper(
            self._database,
            self._folder,
            self.process,
            self._durable,
            self._carrier,
            self.order,
            self._retention,
        )
        self._keeper.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """End: what runs is asked to stop and goes on after the next start."""
        self._keeper.close()
        self._carrier.stop()
        self._durable.close(timeout_s)
        self._writer.close()
        with suppress(DatabaseUnusable), self._database.write() as session:
            queries.leave(session, self.process)
        self._claim.close()

    def _own_name(self) -> tuple[Claim, str]:
        """A name that no other process has, and the same as the last time where it is free."""
        for slot in range(1, _SLOTS + 1):
            name = f"{self._node}-{slot}"
            held = claim(self._database, self._folder, f"executor {name}")
            if held is not None:
                return held, name
        raise DataFolderInUse(f"{_SLOTS} processes called {self._node} run already; nothing was started.")

    def _register(self, listen: Sequence[str]) -> None:
        now = datetime.now(UTC)
        with self._database.write() as session:
            for spec in self._specs.values():
                queries.add_queue(session, spec.name, spec.concurrency)
            queries.put_back(session, self.process)
            session.merge(
                NodeRow(
                    name=self.process,
                    host=self._node,
                    queues=list(listen),
                    version=__version__,
                    beats=0,
                    started_at=now,
                    seen_at=now,
                    left=False,
                )
            )

    # ordering

    def order(self, order: Order) -> Ordered:
        """Ask for a job."""
        return self.order_many([order])[0]

    def order_many(self, orders: Sequence[Order]) -> Sequence[Ordered]:
        """Ask for many at once, in few transactions."""
        ordered: list[Ordered] = []
        for start in range(0, len(orders), _GROUP):
            ordered += self._order_group(orders[start : start + _GROUP])
        return ordered

    def _order_group(self, orders: Sequence[Order]) -> list[Ordered]:
        ordered: list[Ordered] = []
        fresh: list[dict[str, Any]] = []
        now = datetime.now(UTC)
        with self._database.write() as session:
            for order in orders:
                values = self._values(order, now)
                if queries.add_job(session, values):
                    fresh.append(values)
                    ordered.append(Ordered(values["id"], created=True))
                    continue
                existing = queries.live_with_key(session, order.kind, order.key or "")
                if existing is None:  # it ended in between
                    raise AlreadyAtWork(
                        "The same job ended at this moment; nothing was asked for: ask again."
                    )
                ordered.append(Ordered(existing, created=False))
            if fresh:
                self._publish("jobs", {"queued": len(fresh)}, session=session)
        for values in fresh:
            delay = max(0.0, (values["not_before"] - now).total_seconds()) if values["not_before"] else 0.0
            self._durable.enqueue(
                values["id"], values["workflow_id"], values["queue"], values["priority"], delay
            )
        return ordered

    def _values(self, order: Order, now: datetime) -> dict[str, Any]:
        kind = self._kinds.get(order.kind)
        if kind is None:
            raise InputWrong(f"There is no job of kind {order.kind}.", "kind")
        job_id = f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(5)}"
        return {
            "id": job_id,
            "workflow_id": job_id,
            "kind": kind.name,
            "queue": kind.queue,
            "title": storable(kind.title(order.arguments))[:300],
            "arguments": dict(order.arguments),
            "state": JobState.QUEUED.value,
            "priority": int(order.priority),
            "key": order.key,
            "attempt": 0,
            "tries": 0,
            "refused_by": [],
            "done": 0.0,
            "unit": "",
            "now": "",
            "error": "",
            "error_code": "",
            "node": "",
            "asked_by": order.asked_by,
            "correlation_id": correlation.get(),
            "cancelling": False,
            "created_at": now,
            "not_before": order.not_before,
        }

    def _requeue(
        self, job_id: str, values: Mapping[str, Any], delay_s: float, *, queue: str, priority: int, tries: int
    ) -> None:
        """Have a job carried out by a new workflow: after a pause, a failure that may pass, or elsewhere."""
        workflow_id = f"{job_id}.{tries + 1}"
        with self._database.write() as session:
            kept = queries.change(
                session,
                job_id,
                {**values, "workflow_id": workflow_id, "tries": tries + 1},
                states=queries.LIVE,
            )
            self._publish("job", {"id": job_id, "state": values.get("state", "")}, session=session)
        if kept:
            self._durable.enqueue(job_id, workflow_id, queue, priority, delay_s)

    # looking

    def get(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        with self._database.read() as session:
            row = queries.job(session, job_id)
        if row is None:
            raise NotFound("There is no such job; it may have been taken out of the history.")
        return job_of(row)

    def find(self, wanted: JobFilter, *, offset: int = 0, size: int = 50) -> Page[Job]:
        """A page of jobs."""
        with self._database.read() as session:
            rows, total = queries.find(session, wanted, offset, size)
        return Page(tuple(job_of(row) for row in rows), offset, total)

    def log_of(self, job_id: str, *, offset: int = 0, size: int = 200) -> Page[LogLine]:
        """A page of a job's log, oldest first."""
        self.get(job_id)
        with self._database.read() as session:
            rows, total = queries.log_of(session, job_id, offset, size)
        return Page(tuple(line_of(row) for row in rows), offset, total)

    def queues(self) -> Sequence[Queue]:
        """All queues."""
        with self._database.read() as session:
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
            )
            for name, row in rows.items()
            if name in self._specs
        ]

    def nodes(self) -> Sequence[Node]:
        """Who works and serves, or did until lately."""
        with self._database.read() as session:
            rows = queries.nodes(session)
            running = queries.running_by_node(session)
        now = datetime.now(UTC)
        return [node_of(row, running.get(row.name, 0), now) for row in rows]

    # steering

    def cancel(self, job_id: str) -> None:
        """Stop a job, or keep it from starting. Raises Conflict where it is over."""
        row = self.get(job_id)
        with self._database.write() as session:
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
        self._carrier.look(job_id)

    def retry(self, job_id: str) -> Ordered:
        """Do a job that is over again. Raises Conflict where it is not."""
        job = self.get(job_id)
        if not job.state.is_over:
            raise Conflict("The job is not over yet; nothing was changed.")
        return self.order(Order(job.kind, job.arguments, job.key, Priority.HIGH, asked_by=job.asked_by))

    def set_priority(self, job_id: str, priority: Priority) -> None:
        """Move a queued job forward or back. Raises Conflict where it is not queued."""
        with self._database.read() as session:
            row = queries.job(session, job_id)
        if row is None:
            raise NotFound("There is no such job; it may have been taken out of the history.")
        if row.state != JobState.QUEUED.value:
            raise Conflict("Only a job that waits in its queue can be moved; nothing was changed.")
        old = row.workflow_id
        self._requeue(
            job_id, {"priority": int(priority)}, 0.0, queue=row.queue, priority=int(priority), tries=row.tries
        )
        self._durable.cancel(old)

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
        with self._database.write() as session:
            queries.change_queue(session, name, values)
            row = queries.queues(session).get(name)
            if row is None:
                raise NotFound(f"There is no queue {name}.")
            self._publish("jobs", {"queue": name}, session=session)
            concurrency = 0 if row.paused else row.concurrency
        self._durable.set_concurrency(name, concurrency)

    # schedules

    def schedules(self) -> Sequence[Schedule]:
        """All schedules."""
        with self._database.read() as session:
            return [schedule_of(row) for row in queries.schedules(session)]

    def save_schedule(self, schedule: Schedule) -> Schedule:
        """Add or replace a schedule by its name. Raises InputWrong."""
        if schedule.kind not in self._kinds:
            raise InputWrong(f"There is no job of kind {schedule.kind}.", "kind")
        if not 1 <= len(schedule.name.strip()) <= 100:
            raise InputWrong("A schedule has a name of 1 to 100 characters.", "name")
        due = next_time(schedule.when, schedule.time_zone, datetime.now(UTC))
        row = ScheduleRow(
            name=schedule.name.strip(),
            kind=schedule.kind,
            arguments=dict(schedule.arguments),
            when=schedule.when,
            time_zone=schedule.time_zone,
            paused=schedule.paused,
            last_at=schedule.last_at,
            next_at=due,
        )
        with self._database.write() as session:
            saved = session.merge(row)
            session.flush()
            self._publish("jobs", {"schedule": row.name}, session=session)
            return schedule_of(saved)

    def remove_schedule(self, name: str) -> None:
        """Take a schedule out. Raises NotFound."""
        with self._database.write() as session:
            if not queries.remove_schedule(session, name):
                raise NotFound(f"There is no schedule {name}.")
            self._publish("jobs", {"schedule": name}, session=session)

    def run_schedule(self, name: str) -> Ordered:
        """Ask for its job now, besides its times. Raises NotFound."""
        with self._database.read() as session:
            row = queries.schedule(session, name)
        if row is None:
            raise NotFound(f"There is no schedule {name}.")
        return self.order(scheduled(row))

    def forget(self, job_ids: Sequence[str]) -> int:
        """Take jobs that are over out of the history; how many were."""
        with self._database.write() as session:
            count = queries.remove_jobs(session, job_ids)
            self._publish("jobs", {}, session=session)
        return count


def scheduled(row: ScheduleRow) -> Order:
    """What a schedule asks for; while it is not over, a second is the same."""
    return Order(row.kind, row.arguments, key=f"schedule:{row.name}", asked_by="schedule")
