"""Jobs over several processes: one is killed, and what it had begun is done elsewhere, each job once."""

from __future__ import annotations

from pathlib import Path

from projectionist.db.engine import Database
from projectionist.jobs.ports import JobState, Order
from tests.jobs import crew


def order(folder: Path, name: str, seconds: float) -> Order:
    """A job that takes a while."""
    return Order("last", {"folder": str(folder), "name": name, "seconds": seconds})


def finished(folder: Path) -> list[str]:
    """The jobs that came to their end."""
    return sorted(name for name in crew.lines(folder) if not name.startswith("begun-"))


def test_jobs_of_a_killed_worker_are_done_by_the_other_each_once(database: Database, tmp_path: Path) -> None:
    names = [f"job-{number}" for number in range(6)]
    with (
        crew.started(database, tmp_path, work=False, node="web") as jobs,
        crew.worker(database, tmp_path, "first") as first,
    ):
        ordered = [jobs.order(order(tmp_path, name, 1.0)).job_id for name in names]
        crew.until(lambda: len(crew.lines(tmp_path)) >= 2, 20)
        with crew.worker(database, tmp_path, "second"):
            first.kill()
            crew.until(lambda: all(jobs.get(one).state is JobState.DONE for one in ordered), 40)
    assert finished(tmp_path) == names


def test_a_process_that_only_serves_runs_no_job_but_cancels_one_that_runs_elsewhere(
    database: Database, tmp_path: Path
) -> None:
    with crew.started(database, tmp_path, work=False, node="web") as jobs:
        job_id = jobs.order(order(tmp_path, "long", 60)).job_id
        with crew.worker(database, tmp_path, "elsewhere"):
            crew.until(lambda: crew.running(jobs, job_id) and jobs.get(job_id).done > 0, 20)
            assert jobs.get(job_id).node.startswith("elsewhere")
            jobs.cancel(job_id)
            assert crew.over(jobs, job_id, 10).state is JobState.CANCELLED
    assert finished(tmp_path) == []


def test_what_ran_while_a_process_ended_goes_on_after_its_next_start(
    database: Database, tmp_path: Path
) -> None:
    with crew.started(database, tmp_path) as jobs:
        job_id = jobs.order(order(tmp_path, "resumed", 1.0)).job_id
        crew.until(lambda: crew.lines(tmp_path))
    with crew.started(database, tmp_path) as jobs:
        assert crew.over(jobs, job_id, 20).state is JobState.DONE
    assert crew.lines(tmp_path).count("begun-resumed") == 2
    assert finished(tmp_path) == ["resumed"]
