"""Asking for a sync while one of the same server is on its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from projectionist.errors import JobPostponed
from projectionist.features.library.ordering import order_sync, take_turn
from projectionist.jobs.ports import Job, JobState
from tests.features.operations.fake_jobs import START, FakeJobs


def begin(jobs: FakeJobs, job_id: str, minutes: int = 0, **more: Any) -> Job:
    """Let a job run, since so many minutes."""
    begun = replace(
        jobs.get(job_id), state=JobState.RUNNING, started_at=START + timedelta(minutes=minutes), **more
    )
    jobs.held[job_id] = begun
    return begun


def test_a_sync_that_waits_is_the_one_that_is_asked_for() -> None:
    jobs = FakeJobs()
    first = order_sync(jobs, 1)
    again = order_sync(jobs, 1)
    assert (again.job_id, again.created) == (first.job_id, False)


def test_a_sync_that_runs_is_followed_by_one_more_however_often_it_is_asked_for() -> None:
    jobs = FakeJobs()
    first = order_sync(jobs, 1)
    begin(jobs, first.job_id)
    asked = [order_sync(jobs, 1) for _ in range(3)]
    assert [one.created for one in asked] == [True, False, False]
    assert {one.job_id for one in asked} == {"job-2"}
    assert jobs.get("job-2").state is JobState.QUEUED


def test_a_sync_asked_for_while_the_second_runs_is_the_third() -> None:
    jobs = FakeJobs()
    first = order_sync(jobs, 1)
    begin(jobs, first.job_id)
    second = order_sync(jobs, 1)
    jobs.cancel(first.job_id)
    begin(jobs, second.job_id)
    third = order_sync(jobs, 1)
    assert third.created
    assert order_sync(jobs, 1) == replace(third, created=False)


def test_a_complete_sync_is_not_taken_for_one_that_reads_changes_only() -> None:
    jobs = FakeJobs()
    first = order_sync(jobs, 1)
    complete = order_sync(jobs, 1, full=True)
    assert complete.created
    assert jobs.get(complete.job_id).arguments == {"server_id": 1, "full": True}
    assert order_sync(jobs, 1, full=True) == replace(complete, created=False)
    assert order_sync(jobs, 1).job_id == first.job_id


def test_a_complete_sync_is_not_lost_behind_one_that_runs_and_one_that_waits() -> None:
    jobs = FakeJobs()
    begin(jobs, order_sync(jobs, 1).job_id)
    waiting = order_sync(jobs, 1)
    complete = [order_sync(jobs, 1, full=True) for _ in range(2)]
    assert [one.created for one in complete] == [True, False]
    assert waiting.job_id not in {one.job_id for one in complete}


def test_a_sync_that_is_being_cancelled_does_not_count() -> None:
    jobs = FakeJobs()
    first = order_sync(jobs, 1)
    jobs.held[first.job_id] = replace(jobs.get(first.job_id), cancelling=True)
    assert order_sync(jobs, 1).created


def test_a_sync_waits_for_the_one_of_its_server_that_began_before_it() -> None:
    jobs = FakeJobs()
    first = begin(jobs, order_sync(jobs, 1).job_id)
    second = begin(jobs, order_sync(jobs, 1).job_id, minutes=1)
    elsewhere = begin(jobs, order_sync(jobs, 2).job_id, minutes=2)
    with pytest.raises(JobPostponed, match="this one follows it"):
        take_turn(jobs, second.id, 1)
    take_turn(jobs, first.id, 1)
    take_turn(jobs, elsewhere.id, 2)
    jobs.cancel(first.id)
    take_turn(jobs, second.id, 1)


def test_of_two_that_began_at_once_one_goes_first() -> None:
    jobs = FakeJobs()
    for library_id in (1, 2):
        begin(jobs, order_sync(jobs, 1, library_id=library_id).job_id)
    take_turn(jobs, "job-1", 1)
    with pytest.raises(JobPostponed):
        take_turn(jobs, "job-2", 1)
