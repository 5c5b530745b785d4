"""Jobs in one process: ordered, done, tried again, cancelled, paused, each on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong
from projectionist.jobs import queries
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobFilter, JobState, Order, Priority, Schedule
from tests.jobs import crew


@pytest.fixture
def jobs(database: Database, tmp_path: Path) -> Iterator[Engine]:
    """A job engine that works."""
    with crew.started(database, tmp_path) as engine:
        yield engine


def note(folder: Path, name: str, kind: str = "note", key: str | None = None) -> Order:
    """An order that leaves a line behind."""
    return Order(kind, {"folder": str(folder), "name": name, "seconds": 20}, key)


def test_a_job_is_done_once_and_says_what_came_of_it(jobs: Engine, tmp_path: Path) -> None:
    job = crew.over(jobs, jobs.order(note(tmp_path, "a")).job_id)
    assert (job.state, job.result, job.attempt) == (JobState.DONE, {"noted": "a"}, 1)
    assert crew.lines(tmp_path) == ["a"]


def test_what_may_pass_is_tried_again_and_what_may_not_fails_in_its_words(
    jobs: Engine, tmp_path: Path
) -> None:
    passing = jobs.order(note(tmp_path, "a", "fail-at-first")).job_id
    refused = crew.over(jobs, jobs.order(note(tmp_path, "b", "refused")).job_id)
    assert (refused.state, refused.error, refused.error_code, refused.attempt) == (
        JobState.FAILED,
        "The folder is gone; nothing was changed.",
        "refused",
        1,
    )
    done = crew.over(jobs, passing, 20)
    assert (done.state, done.attempt, done.error) == (JobState.DONE, 3, "")
    assert crew.lines(tmp_path) == ["a", "a", "a"]


def test_a_fault_of_ours_is_one_sentence_for_people_and_a_traceback_in_the_log(
    jobs: Engine, tmp_path: Path
) -> None:
    job = crew.over(jobs, jobs.order(note(tmp_path, "a", "broken")).job_id)
    assert job.state is JobState.FAILED
    assert "private" not in job.error
    assert "Traceback" in jobs.log_of(job.id).items[-1].message


def test_an_answer_that_no_database_takes_fails_that_job_and_no_other(jobs: Engine, tmp_path: Path) -> None:
    odd = crew.over(jobs, jobs.order(note(tmp_path, "a", "odd")).job_id)
    assert odd.state is JobState.FAILED
    assert ".mkv" in jobs.log_of(odd.id).items[0].message
    after = crew.over(jobs, jobs.order(note(tmp_path, "b")).job_id)
    assert after.state is JobState.DONE


def test_of_eight_who_order_the_same_at_once_one_is_heard(jobs: Engine, tmp_path: Path) -> None:
    jobs.pause(crew.QUEUE)
    ordered = []
    everybody = threading.Barrier(8)

    def ask() -> None:
        everybody.wait()
        ordered.append(jobs.order(note(tmp_path, "a", key="same")))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.job_id for one in ordered}) == 1
    assert sum(one.created for one in ordered) == 1


def test_a_job_that_waits_is_cancelled_at_once_and_never_starts(jobs: Engine, tmp_path: Path) -> None:
    jobs.pause(crew.NARROW)
    first = jobs.order(note(tmp_path, "a", "note-in-turn")).job_id
    second = jobs.order(note(tmp_path, "b", "note-in-turn")).job_id
    jobs.cancel(first)
    assert jobs.get(first).state is JobState.CANCELLED
    with pytest.raises(Conflict):
        jobs.cancel(first)
    jobs.resume(crew.NARROW)
    assert crew.over(jobs, second).state is JobState.DONE
    assert crew.lines(tmp_path) == ["b"]


def test_a_paused_queue_starts_nothing_until_it_goes_on(jobs: Engine, tmp_path: Path) -> None:
    jobs.pause(crew.QUEUE)
    waiting = jobs.order(note(tmp_path, "a")).job_id
    other = jobs.order(note(tmp_path, "b", "note-in-turn")).job_id
    assert crew.over(jobs, other).state is JobState.DONE
    assert jobs.get(waiting).state is JobState.QUEUED
    jobs.resume(crew.QUEUE)
    assert crew.over(jobs, waiting).state is JobState.DONE


def test_what_is_more_urgent_goes_first_also_when_it_becomes_so_later(jobs: Engine, tmp_path: Path) -> None:
    jobs.pause(crew.NARROW)
    arguments = {"folder": str(tmp_path)}
    kinds = {"low": Priority.LOW, "normal": Priority.NORMAL, "high": Priority.HIGH, "late": Priority.LOW}
    ordered = {
        name: jobs.order(Order("note-in-turn", {**arguments, "name": name}, priority=priority)).job_id
        for name, priority in kinds.items()
    }
    jobs.set_priority(ordered["late"], Priority.NOW)
    jobs.resume(crew.NARROW)
    crew.over(jobs, ordered["low"], 20)
    assert crew.lines(tmp_path) == ["late", "high", "normal", "low"]


def test_an_order_that_was_lost_on_its_way_to_the_queue_is_found(database: Database, tmp_path: Path) -> None:
    with crew.started(database, tmp_path, work=False) as jobs:
        job_id = jobs.order(note(tmp_path, "a")).job_id
        with database.write() as session:
            lost = {"workflow_id": f"{job_id}.9", "created_at": datetime.now(UTC) - timedelta(minutes=1)}
            queries.change(session, job_id, lost)
    with crew.started(database, tmp_path) as jobs:
        assert crew.over(jobs, job_id).state is JobState.DONE
    assert crew.lines(tmp_path) == ["a"]


def test_five_thousand_orders_are_taken_and_found(database: Database, tmp_path: Path) -> None:
    with crew.started(database, tmp_path, work=False) as jobs:
        began = datetime.now(UTC)
        ordered = jobs.order_many([note(tmp_path, str(number), key=str(number)) for number in range(1000)])
        assert (datetime.now(UTC) - began).total_seconds() < 25
        assert all(one.created for one in ordered)
        assert jobs.find(JobFilter(states=(JobState.QUEUED,)), size=1).total == 1000


def test_a_schedule_that_cannot_be_read_names_the_field(jobs: Engine) -> None:
    for when, zone, field in (("61 * * * *", "UTC", "when"), ("* * * * *", "Nowhere/Else", "time_zone")):
        with pytest.raises(InputWrong) as wrong:
            jobs.save_schedule(Schedule("nightly", "note", {}, when, zone))
        assert wrong.value.field == field
