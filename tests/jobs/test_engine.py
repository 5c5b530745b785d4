"""Jobs in one process: ordered, done, tried again, cancelled, paused, each on both databases."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobFilter, JobState, Order, Priority, Schedule
from projectionist.kit.logs import correlation
from tests.jobs import crew


@pytest.fixture(autouse=True)
def open_queues(jobs: Engine) -> Iterator[None]:
    """No test leaves a queue paused for the next."""
    yield
    for queue in jobs.queues():
        if queue.paused:
            jobs.resume(queue.name)


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
    done = crew.over(jobs, passing)
    assert (done.state, done.attempt, done.error) == (JobState.DONE, 3, "")
    assert crew.lines(tmp_path) == ["a", "a", "a"]


def test_what_waits_for_its_next_try_is_tried_at_once_where_somebody_asks(
    jobs: Engine, tmp_path: Path
) -> None:
    order = note(tmp_path, "a", "slow-to-pass", "a")
    waiting = jobs.order(order).job_id
    crew.until(lambda: jobs.get(waiting).state is JobState.WAITING)
    assert jobs.order(order).job_id == waiting
    assert jobs.get(waiting).state is JobState.WAITING
    assert jobs.order(replace(order, priority=Priority.NOW)).job_id == waiting
    done = crew.over(jobs, waiting)
    assert (done.state, done.attempt, done.priority) == (JobState.DONE, 2, Priority.NOW)
    assert crew.lines(tmp_path) == ["a", "a"]


def test_asking_more_urgently_for_what_is_queued_brings_it_forward(jobs: Engine, tmp_path: Path) -> None:
    jobs.pause(crew.NARROW)
    first, second = (note(tmp_path, name, "note-in-turn", name) for name in ("first", "second"))
    ids = [jobs.order(order).job_id for order in (first, second)]
    assert jobs.order(replace(second, priority=Priority.NOW)).created is False
    jobs.resume(crew.NARROW)
    for job_id in ids:
        assert crew.over(jobs, job_id).state is JobState.DONE
    assert crew.lines(tmp_path) == ["second", "first"]


def test_every_job_can_be_followed_also_where_no_request_asked_for_it(jobs: Engine, tmp_path: Path) -> None:
    with_thread = correlation.set("of-a-request")
    asked = jobs.order(note(tmp_path, "a", "thread")).job_id
    correlation.reset(with_thread)
    by_itself = jobs.order(note(tmp_path, "b", "thread")).job_id
    seen = [(crew.over(jobs, one).result or {})["thread"] for one in (asked, by_itself)]
    assert seen[0] == "of-a-request"
    assert len(seen[1]) == 32


def test_a_job_that_is_put_off_comes_back_without_using_up_a_try(jobs: Engine, tmp_path: Path) -> None:
    job = crew.over(jobs, jobs.order(note(tmp_path, "a", "put-off")).job_id)
    assert (job.state, job.attempt, job.error, job.now) == (JobState.DONE, 1, "", "")
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
    jobs.cancel(ordered[0].job_id)


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
    crew.over(jobs, ordered["low"])
    assert crew.lines(tmp_path) == ["late", "high", "normal", "low"]


def test_a_job_that_cannot_be_named_is_called_by_its_kind_and_done(jobs: Engine, tmp_path: Path) -> None:
    nameless = jobs.order(Order("note", {"folder": str(tmp_path)})).job_id
    job = crew.over(jobs, nameless)
    assert (job.title, job.state) == ("Note", JobState.FAILED)


def test_what_is_no_json_is_refused_and_nothing_is_asked_for(jobs: Engine, tmp_path: Path) -> None:
    before = jobs.find(JobFilter()).total
    for wrong in (tmp_path, float("nan"), {1, 2}):
        with pytest.raises(InputWrong) as refused:
            jobs.order_many([note(tmp_path, "a"), Order("note", {"name": wrong})])
        assert refused.value.field == "arguments"
    assert jobs.find(JobFilter()).total == before


def test_progress_is_told_from_many_threads_and_may_be_no_number(jobs: Engine) -> None:
    job = crew.over(jobs, jobs.order(Order("many", {"name": "a"})).job_id)
    assert (job.state, job.done, job.total, job.error) == (JobState.DONE, 200, 200, "")


def test_a_fault_in_asking_whether_a_node_can_is_a_fault_of_that_job(jobs: Engine, tmp_path: Path) -> None:
    job = crew.over(jobs, jobs.order(note(tmp_path, "a", "unsure")).job_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "failed")
    assert "ZeroDivisionError" in jobs.log_of(job.id).items[-1].message


def test_a_job_that_no_machine_can_do_says_who_was_asked(jobs: Engine, tmp_path: Path) -> None:
    job = crew.over(jobs, jobs.order(note(tmp_path, "a", "nowhere")).job_id)
    assert (job.state, job.error_code) == (JobState.FAILED, "nowhere")
    assert "here" in job.error
    assert "path mappings" in job.error
    assert crew.lines(tmp_path) == []


def test_a_long_key_keeps_what_is_the_same_apart_from_what_is_not(jobs: Engine, tmp_path: Path) -> None:
    jobs.pause(crew.QUEUE)
    long = "/a" * 400
    first = jobs.order(note(tmp_path, "a", key=f"{long}1"))
    assert jobs.order(note(tmp_path, "a", key=f"{long}1")).job_id == first.job_id
    other = jobs.order(note(tmp_path, "a", key=f"{long}2"))
    assert other.created
    for one in (first, other):
        jobs.cancel(one.job_id)


def test_only_a_job_that_waits_is_moved(jobs: Engine, tmp_path: Path) -> None:
    job_id = jobs.order(note(tmp_path, "a", "last")).job_id
    crew.until(lambda: crew.running(jobs, job_id))
    with pytest.raises(Conflict):
        jobs.set_priority(job_id, Priority.NOW)
    jobs.cancel(job_id)
    assert crew.over(jobs, job_id).state is JobState.CANCELLED
    assert crew.lines(tmp_path) == ["begun-a"]


def test_the_history_is_tidied_by_a_schedule_of_its_own(jobs: Engine, tmp_path: Path) -> None:
    old, young = (crew.over(jobs, jobs.order(note(tmp_path, name)).job_id) for name in ("old", "young"))
    crew.age(jobs, old.id, timedelta(days=8))
    crew.age_workflow(jobs, old.id, timedelta(days=8))
    tidied = crew.over(jobs, jobs.run_schedule("Tidy the history of jobs").job_id, 30)
    assert tidied.result == {"jobs": 1, "workflows": 1, "nodes": 0}
    assert jobs.get(young.id).state is JobState.DONE
    with pytest.raises(NotFound):
        jobs.get(old.id)


def test_a_schedule_that_cannot_be_read_names_the_field(jobs: Engine) -> None:
    for when, zone, field in (("61 * * * *", "UTC", "when"), ("* * * * *", "Nowhere/Else", "time_zone")):
        with pytest.raises(InputWrong) as wrong:
            jobs.save_schedule(Schedule("nightly", "note", {}, when, zone))
        assert wrong.value.field == field


def test_jobs_outlive_the_file_of_their_queues(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "projectionist.sqlite"
    shutil.copyfile(sqlite_template, file)
    database = Database(sqlite_url(file))
    with crew.started(database, tmp_path, work=False) as jobs:
        waiting = jobs.order(note(tmp_path, "a")).job_id
    for part in tmp_path.glob("jobs.sqlite*"):
        part.unlink()
    with crew.started(database, tmp_path) as jobs:
        assert crew.over(jobs, waiting).state is JobState.DONE
    database.close()
    assert crew.lines(tmp_path) == ["a"]
