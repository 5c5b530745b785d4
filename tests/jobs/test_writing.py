"""How changes of jobs are written: in groups, and never over what somebody else has said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.db.events import Events
from projectionist.errors import JobCancelled
from projectionist.jobs import queries
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobState, Order
from projectionist.jobs.running import Run
from projectionist.jobs.writing import Change, Writer
from tests.jobs import crew

BEGAN = {"state": JobState.RUNNING.value, "node": "here-1"}
DONE = {"state": JobState.DONE.value}


@pytest.fixture
def orders(database: Database, tmp_path: Path) -> Engine:
    """Where jobs are only written down."""
    return crew.engine(database, tmp_path, "here")


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    """The writer of a process."""
    made = Writer(database, Events(database).publish, "here-1")
    yield made
    made.close()


def ordered(orders: Engine) -> str:
    """A job that waits."""
    return orders.order(Order("note", {"name": "a"})).job_id


def test_a_job_cancelled_before_it_could_begin_stays_cancelled(orders: Engine, writer: Writer) -> None:
    job_id = ordered(orders)
    orders.cancel(job_id)
    began = Change(job_id, job_id, BEGAN, takes=True)
    writer.keep(began)
    writer.keep(Change(job_id, job_id, DONE))
    assert began.dropped
    assert orders.get(job_id).state is JobState.CANCELLED


def test_what_another_process_or_workflow_has_taken_is_left_to_it(orders: Engine, writer: Writer) -> None:
    job_id = ordered(orders)
    writer.keep(Change(job_id, job_id, {**BEGAN, "node": "there-1"}, takes=True))
    writer.keep(Change(job_id, job_id, DONE))
    assert orders.get(job_id).state is JobState.RUNNING
    late = Change(job_id, f"{job_id}.1", BEGAN, takes=True)
    writer.keep(late)
    assert late.dropped
    assert orders.get(job_id).node == "there-1"


def test_a_change_that_no_database_takes_holds_no_other_up(orders: Engine, writer: Writer) -> None:
    wrong, right = ordered(orders), ordered(orders)
    changes = [
        Change(wrong, wrong, {**BEGAN, "title": None}, takes=True),
        Change(right, right, BEGAN, takes=True),
        Change(right, right, DONE),
    ]
    for change in changes:
        writer.hand(change)
    for change in changes:
        assert change.written.wait(10)
    assert [change.dropped for change in changes] == [True, False, False]
    assert orders.get(right).state is JobState.DONE


def test_a_job_is_told_that_it_is_to_end(orders: Engine) -> None:
    run = Run(ordered(orders), 1)
    run.check()
    run.stop()
    run.cancel()
    with pytest.raises(JobCancelled, match="was cancelled"):
        run.progress(1)


def test_unlike_orders_of_one_key_are_told_apart_by_their_kind(orders: Engine, database: Database) -> None:
    made = orders.order_many(
        [Order("note", {"name": "a"}, "same"), Order("note", {"name": "b"}, "same"), Order("odd", {}, "same")]
    )
    assert [one.created for one in made] == [True, False, True]
    assert made[0].job_id == made[1].job_id
    with database.read() as session:
        assert len(queries.not_over(session, "", 10)) == 2
