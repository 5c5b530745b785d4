"""What the leader of the jobs does: schedules, the dead, and what was lost; with a queue that only remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from projectionist.db.engine import Database
from projectionist.db.events import Events
from projectionist.errors import DatabaseUnusable
from projectionist.jobs import queries
from projectionist.jobs.durable import BUSY_S, Durable, Work
from projectionist.jobs.engine import Engine
from projectionist.jobs.leading import QUIET_S, UNHEARD_S, Leader
from projectionist.jobs.locks import claim
from projectionist.jobs.ordering import Desk
from projectionist.jobs.ports import JobFilter, JobState, Order, Priority, Schedule
from projectionist.jobs.tables import NodeRow, ScheduleRow
from tests.jobs import crew

PACES = {crew.QUEUE: 3.0}
BEGIN = datetime(2030, 5, 1, 12, 0, tzinfo=UTC)


class Remembering:
    """Durable queues in memory."""

    def __init__(self) -> None:
        self.queued: dict[str, Work] = {}
        self.stand: dict[str, str] = {}
        self.begun: dict[str, int] = {}
        self.recovered: list[str] = []
        self.paces: dict[str, float] = {}
        self.fails = False

    def enqueue(self, works: Sequence[Work]) -> None:
        """Remember them."""
        if self.fails:
            raise DatabaseUnusable("The disk is full.")
        self.queued |= {work.workflow_id: work for work in works}

    def states(self, workflow_ids: Sequence[str]) -> Mapping[str, str]:
        """What was said, and else that they wait."""
        known = {one: "ENQUEUED" for one in workflow_ids if one in self.queued}
        return known | {one: self.stand[one] for one in workflow_ids if one in self.stand}

    def set_pace(self, name: str, poll_s: float) -> None:
        """Remember it."""
        self.paces[name] = poll_s

    def set_concurrency(self, name: str, concurrency: int) -> None:
        """Nothing runs here."""

    def pending(self) -> Mapping[str, int]:
        """What was said."""
        return self.begun

    def recover(self, executor: str) -> None:
        """One of those that were begun is not, as when a row is locked."""
        self.recovered.append(executor)
        self.begun[executor] -= 1


class House:
    """A leader with a clock and a queue in hand."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.now = BEGIN
        self.seconds = 1000.0
        self.durable = Remembering()
        self.jobs = Engine(database, folder, node="web", publish=Events(database).publish)
        self.jobs.bring(crew.kinds("web"), [])
        self.desk = Desk(database, {kind.name: kind for kind in crew.kinds("web")}, Events(database).publish)
        self.desk.durable = cast(Durable, self.durable)

    def leader(self, process: str = "web-1") -> Leader:
        """One that follows our clocks."""
        return Leader(
            self.database,
            self.folder,
            process,
            cast(Durable, self.durable),
            self.desk,
            monotonic=lambda: self.seconds,
            now=lambda: self.now,
            rest_s=PACES.__getitem__,
        )

    def row(self, job_id: str, **values: Any) -> None:
        """Change a job behind everybody's back."""
        with self.database.write() as session:
            assert queries.change(session, job_id, values)

    def node(self, name: str, beats: int = 1) -> None:
        """A process that has been heard."""
        with self.database.write() as session:
            session.merge(
                NodeRow(
                    name=name,
                    host=name,
                    queues=[crew.QUEUE],
                    version="1",
                    beats=beats,
                    started_at=BEGIN,
                    seen_at=BEGIN,
                    left=False,
                )
            )

    def schedule(self, when: str, next_at: datetime, last_at: datetime | None = None) -> None:
        """A schedule as somebody saved it."""
        with self.database.write() as session:
            session.merge(
                ScheduleRow(
                    name="often",
                    kind="note",
                    arguments={"name": "tick"},
                    when=when,
                    time_zone="UTC",
                    paused=False,
                    last_at=last_at,
                    next_at=next_at,
                )
            )


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """A house whose jobs only wait."""
    return House(database, tmp_path)


def ordered(house: House) -> str:
    """A job that is queued."""
    (one,) = house.desk.order([Order("note", {"name": "a"})])
    return one.job_id


def test_a_schedule_is_followed_once_by_two_who_lead(house: House) -> None:
    house.schedule("every 15m", BEGIN)
    leaders = [house.leader("web-1"), house.leader("web-2")]
    for leader in leaders:
        leader.follow_schedules()
    assert house.jobs.find(JobFilter()).total == 1
    assert len(house.durable.queued) == 1
    (one,) = house.jobs.schedules()
    assert (one.last_at, one.next_at) == (BEGIN, BEGIN + timedelta(minutes=15))


def test_who_saw_a_schedule_before_another_followed_it_has_no_turn(house: House) -> None:
    house.schedule("every 15m", BEGIN)
    with house.database.read() as session:
        row = queries.schedule(session, "often")
    assert row is not None
    house.leader().follow_schedules()
    with house.database.write() as session:
        assert not queries.take_turn(session, row, BEGIN, BEGIN + timedelta(minutes=15))


def test_an_edited_schedule_is_followed_at_its_new_time(house: House) -> None:
    house.schedule("every 6h", BEGIN + timedelta(hours=6), BEGIN)
    leader = house.leader()
    leader.follow_schedules()
    saved = house.jobs.save_schedule(Schedule("often", "note", {"name": "tock"}, "every 10s", "UTC"))
    assert saved.last_at == BEGIN
    assert saved.next_at is not None
    house.now = saved.next_at
    leader.follow_schedules()
    (job,) = house.jobs.find(JobFilter()).items
    assert job.arguments == {"name": "tock"}
    (kept,) = house.jobs.schedules()
    assert kept.title == saved.title == job.title == "Note tock"


def test_a_clock_set_back_by_a_day_holds_no_schedule_up(house: House) -> None:
    house.schedule("every 15m", BEGIN + timedelta(minutes=15), BEGIN)
    house.now = BEGIN - timedelta(days=1)
    leader = house.leader()
    leader.follow_schedules()
    (one,) = house.jobs.schedules()
    assert one.next_at == house.now + timedelta(minutes=15)
    assert house.jobs.find(JobFilter()).total == 0


def test_a_schedule_whose_kind_is_gone_holds_no_other_up(house: House) -> None:
    house.schedule("every 15m", BEGIN)
    with house.database.write() as session:
        gone = ScheduleRow(
            name="a", kind="gone", arguments={}, when="every 15m", time_zone="UTC", paused=False
        )
        gone.next_at = BEGIN
        session.add(gone)
    house.leader().follow_schedules()
    assert [job.kind for job in house.jobs.find(JobFilter()).items] == ["note"]
    assert [one.next_at for one in house.jobs.schedules()] == [BEGIN + timedelta(minutes=15)] * 2


def test_an_empty_queue_is_looked_into_at_its_own_pace_and_often_while_jobs_wait(house: House) -> None:
    with house.database.write() as session:
        queries.add_queue(session, crew.QUEUE, 4)
    leader = house.leader()
    leader.take_turn()
    assert house.durable.paces == {crew.QUEUE: 3.0}
    job_id = ordered(house)
    leader.take_turn()
    assert house.durable.paces == {crew.QUEUE: BUSY_S}
    house.row(job_id, state=JobState.DONE.value)
    leader.take_turn()
    assert house.durable.paces == {crew.QUEUE: 3.0}


def test_what_was_only_written_down_is_queued(house: House) -> None:
    job_id = house.jobs.order(Order("note", {"name": "a"}, priority=Priority.HIGH)).job_id
    house.leader().sweep()
    assert house.durable.queued[job_id].priority == Priority.HIGH


def test_what_the_queue_could_not_take_is_written_down_and_queued_later(house: House) -> None:
    house.durable.fails = True
    job_id = ordered(house)
    house.durable.fails = False
    house.leader().sweep()
    assert list(house.durable.queued) == [job_id]


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.WAITING])
def test_a_job_whose_workflow_is_over_is_given_a_new_one(house: House, state: JobState) -> None:
    job_id = ordered(house)
    house.row(job_id, state=state.value, node="web-1")
    house.durable.stand[job_id] = "ERROR"
    house.leader().sweep()
    assert house.jobs.get(job_id).state is JobState.QUEUED
    assert [work.workflow_id for work in house.durable.queued.values()] == [job_id, f"{job_id}.1"]


def test_a_job_that_ended_meanwhile_is_not_begun_again(house: House) -> None:
    job_id = ordered(house)
    with house.database.read() as session:
        row = queries.job(session, job_id)
    assert row is not None
    house.row(job_id, state=JobState.DONE.value)
    assert not house.desk.again(row, {"state": JobState.QUEUED.value}, None)
    assert list(house.durable.queued) == [job_id]


def test_a_job_at_which_its_process_dies_again_and_again_fails_in_words(house: House) -> None:
    job_id = ordered(house)
    house.durable.stand[job_id] = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
    house.leader().sweep()
    job = house.jobs.get(job_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "crashed")


def test_the_dead_are_buried_until_nothing_is_pending_under_their_name(house: House) -> None:
    job_id = ordered(house)
    house.node("web-1")
    house.node("dead-1")
    house.row(job_id, state=JobState.RUNNING.value, node="dead-1", attempt=2)
    house.durable.begun = {"dead-1": 2}
    leader = house.leader()
    leader.mind_the_dead()
    assert house.jobs.get(job_id).state is JobState.RUNNING
    for _ in range(4):
        house.seconds += QUIET_S + 1
        leader.mind_the_dead()
    job = house.jobs.get(job_id)
    assert (job.state, job.node, job.attempt) == (JobState.QUEUED, "", 1)
    assert house.durable.recovered == ["dead-1", "dead-1"]
    assert [node.name for node in house.jobs.nodes() if node.alive] == []


def test_who_is_quiet_and_holds_its_name_is_not_dead(house: House) -> None:
    job_id = ordered(house)
    house.node("slow-1")
    house.row(job_id, state=JobState.RUNNING.value, node="slow-1")
    held = claim(house.database, house.folder, "executor slow-1")
    assert held is not None
    leader = house.leader()
    leader.mind_the_dead()
    house.seconds += QUIET_S + 1
    leader.mind_the_dead()
    assert house.jobs.get(job_id).state is JobState.RUNNING
    house.seconds += UNHEARD_S
    leader.mind_the_dead()
    silent = JobState.RUNNING if house.database.is_sqlite else JobState.QUEUED  # flock ends with its process
    assert house.jobs.get(job_id).state is silent
    held.close()


def test_what_a_process_left_that_nobody_remembers_goes_on(house: House) -> None:
    house.durable.begun = {"forgotten-1": 1}
    house.leader().mind_the_dead()
    assert house.durable.recovered == ["forgotten-1"]


def test_a_name_is_free_again_once_it_is_let_go(house: House) -> None:
    first = claim(house.database, house.folder, "a name")
    assert first is not None
    assert claim(house.database, house.folder, "a name") is None
    first.close()
    assert not first.is_ours
    again = claim(house.database, house.folder, "a name")
    assert again is not None
    again.close()
