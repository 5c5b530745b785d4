"""Jobs over several processes: one is killed, and what it had begun is done elsewhere, each job once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.jobs import queries
from projectionist.jobs.locks import claim
from projectionist.jobs.ports import JobFilter, JobState, Order, Priority
from tests.jobs import crew


def order(folder: Path, name: str, seconds: float) -> Order:
    """A job that takes a while."""
    return Order("last", {"folder": str(folder), "name": name, "seconds": seconds})


def finished(folder: Path) -> list[str]:
    """The jobs that came to their end."""
    return sorted(name for name in crew.lines(folder) if not name.startswith("begun-"))


@pytest.mark.slow
def test_jobs_of_a_killed_worker_are_done_by_the_other_each_once(database: Database, tmp_path: Path) -> None:
    names = [f"job-{number}" for number in range(6)]
    with (
        crew.started(database, tmp_path, work=False, node="web") as jobs,
        crew.worker(database, tmp_path, "first") as first,
    ):
        with crew.held(tmp_path):
            ordered = [jobs.order(order(tmp_path, name, 0)).job_id for name in names]
            crew.until(lambda: len(crew.lines(tmp_path)) >= 2)
            first.kill()
        with crew.worker(database, tmp_path, "second"):
            crew.until(lambda: all(jobs.get(one).state is JobState.DONE for one in ordered))
    assert finished(tmp_path) == names


def test_what_ran_while_a_process_ended_goes_on_after_its_next_start(
    database: Database, tmp_path: Path
) -> None:
    with crew.held(tmp_path), crew.started(database, tmp_path) as jobs:
        job_id = jobs.order(order(tmp_path, "resumed", 0)).job_id
        crew.until(lambda: crew.lines(tmp_path))
    with crew.started(database, tmp_path) as jobs:
        assert crew.over(jobs, job_id).state is JobState.DONE
    assert crew.lines(tmp_path).count("begun-resumed") == 2
    assert finished(tmp_path) == ["resumed"]


@pytest.mark.slow
def test_a_worker_killed_and_started_again_does_what_it_had_begun_once(
    database: Database, tmp_path: Path
) -> None:
    names = [f"job-{number}" for number in range(6)]
    with crew.started(database, tmp_path, work=False, node="web") as jobs:
        ordered = [jobs.order(order(tmp_path, name, 0)).job_id for name in names]
        with crew.held(tmp_path), crew.worker(database, tmp_path, "only") as first:
            crew.until(lambda: len(crew.lines(tmp_path)) >= 2)
            first.kill()
        with crew.worker(database, tmp_path, "only"):
            crew.until(lambda: all(jobs.get(one).state is JobState.DONE for one in ordered))
            assert {jobs.get(one).node for one in ordered} == {"only-1"}
    assert finished(tmp_path) == names


def test_a_pause_is_kept_through_a_start_and_honoured_by_another_process(
    database: Database, tmp_path: Path
) -> None:
    with crew.started(database, tmp_path, work=False, node="web") as jobs:
        jobs.pause(crew.QUEUE)
        waiting = jobs.order(order(tmp_path, "waits", 0)).job_id
    with (
        crew.started(database, tmp_path, work=False, node="web") as jobs,
        crew.worker(database, tmp_path, "a"),
    ):
        passing = jobs.order(Order("note-in-turn", {"folder": str(tmp_path), "name": "passes"})).job_id
        assert crew.over(jobs, passing).state is JobState.DONE
        assert jobs.get(waiting).state is JobState.QUEUED
        jobs.resume(crew.QUEUE)
        assert crew.over(jobs, waiting).state is JobState.DONE


def test_a_job_is_done_by_the_machine_that_can(database: Database, tmp_path: Path) -> None:
    arguments = {"folder": str(tmp_path), "name": "there", "node": "there"}
    with (
        crew.started(database, tmp_path, node="here") as jobs,
        crew.worker(database, tmp_path, "there"),
    ):
        job = crew.over(jobs, jobs.order(Order("only-there", arguments)).job_id)
    assert (job.state, job.node) == (JobState.DONE, "there-1")


def test_an_engine_ends_within_two_seconds_and_puts_back_what_runs(
    database: Database, tmp_path: Path
) -> None:
    with crew.started(database, tmp_path) as jobs:
        job_id = jobs.order(order(tmp_path, "long", 60)).job_id
        crew.until(lambda: jobs.get(job_id).done > 0)
        began = time.monotonic()
        jobs.close()
        assert time.monotonic() - began < 10
        job = jobs.get(job_id)
        assert (job.state, job.node, job.attempt) == (JobState.QUEUED, "", 0)
        jobs.cancel(job_id)


@pytest.mark.slow
def test_five_thousand_orders_are_taken_cancelled_and_hold_nothing_up(
    database: Database, tmp_path: Path
) -> None:
    with crew.started(database, tmp_path) as jobs:
        jobs.pause(crew.QUEUE)
        began = time.thread_time()  # other work on this machine is not counted
        ordered = jobs.order_many(
            [Order("note", {"folder": str(tmp_path), "name": "a"}, str(number)) for number in range(5000)]
        )
        assert time.thread_time() - began < 5 * 5
        assert all(one.created for one in ordered)
        assert jobs.find(JobFilter(states=(JobState.QUEUED,)), size=1).total == 5000
        for one in ordered[:100]:
            jobs.cancel(one.job_id)
        urgent = jobs.order(
            Order("note", {"folder": str(tmp_path), "name": "urgent"}, priority=Priority.NOW)
        ).job_id
        jobs.resume(crew.QUEUE)
        assert crew.over(jobs, urgent).state is JobState.DONE
        jobs.pause(crew.QUEUE)


def test_a_process_that_only_serves_sees_and_cancels_what_runs_elsewhere(
    database: Database, tmp_path: Path
) -> None:
    with crew.started(database, tmp_path, work=False, node="web") as jobs:
        job_id = jobs.order(order(tmp_path, "long", 60)).job_id
        with crew.worker(database, tmp_path, "elsewhere"):
            crew.until(lambda: jobs.get(job_id).done > 0)
            seen = jobs.get(job_id)
            assert (seen.node, seen.now[:5]) == ("elsewhere-1", "step ")
            crew.until(lambda: jobs.get(job_id).done > seen.done)
            jobs.cancel(job_id)
            assert crew.over(jobs, job_id).state is JobState.CANCELLED
    assert finished(tmp_path) == []


def test_what_died_on_its_way_to_the_queue_or_to_its_end_is_done(database: Database, tmp_path: Path) -> None:
    alone = crew.engine(database, tmp_path, "gone")
    written, orphan = (alone.order(order(tmp_path, name, 0)).job_id for name in ("written", "orphan"))
    with database.write() as session:
        queries.change(session, orphan, {"state": JobState.RUNNING.value, "node": "here-1"})
    with crew.started(database, tmp_path) as jobs:
        for one in (written, orphan):
            assert crew.over(jobs, one).state is JobState.DONE
    assert finished(tmp_path) == ["orphan", "written"]


def test_a_name_that_another_process_has_is_not_taken(database: Database, tmp_path: Path) -> None:
    other = claim(database, tmp_path, "executor web-1")
    assert other is not None
    with crew.started(database, tmp_path, work=False, node="web") as jobs:
        assert jobs.process == "web-2"
        assert [node.name for node in jobs.nodes() if node.alive] == ["web-2"]
    other.close()
