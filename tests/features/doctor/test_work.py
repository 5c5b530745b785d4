"""The checks of jobs, workers, schedules and fast disks, each in every state it can be in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.features.doctor import service
from projectionist.features.doctor.checks import Status, failed, passed
from projectionist.features.doctor.ground import Ground, Running
from projectionist.features.doctor.neighbours import CacheFacts, TierFacts
from projectionist.features.doctor.subjects import cache, work
from projectionist.jobs.ports import Job, JobFilter, JobState, Node, Order, Queue, Schedule
from projectionist.kit.probing import Probed
from tests.api.house import Open, opened
from tests.features.doctor.grounds import ADDRESS, NOW, Service, bare, found

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN
ALL = [check.id for check in (*work.CHECKS, *cache.CHECKS)]
RESTS = "The service is not running."


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as house:
        yield house


def node(
    name: str = "booth", *, alive: bool = True, queues: tuple[str, ...] = ("sync",), busy: int = 0
) -> Node:
    return Node(name, "host", queues, alive, busy, "1.0", NOW, NOW)


def queue(*, paused: bool = False, queued: int = 0) -> Queue:
    return Queue("sync", "Syncs", paused, 2, queued, 0)


def schedule(
    name: str = "nightly", *, kind: str = "library.sync", paused: bool = False, late: int = 0
) -> Schedule:
    next_at = NOW - timedelta(minutes=late)
    return Schedule(name, kind, {}, "every 1h", "UTC", paused, None, next_at)


def facts(
    *tiers: TierFacts, open_findings: int = 0, error: str = "", audited: int | None = None
) -> CacheFacts:
    at = None if audited is None else NOW - timedelta(days=audited)
    return CacheFacts(tiers, open_findings, at, error, None)


def tier(left: int | None, root: Path = Path("/mnt/ssd")) -> TierFacts:
    return TierFacts("ssd", root, left)


def with_facts(house: Open, told: CacheFacts) -> Ground:
    ground = house.house.ground()
    assert ground.opened is not None
    return replace(ground, opened=replace(ground.opened, cache=lambda: told, now=lambda: NOW))


def test_without_a_house_nothing_is_known_of_its_work(tmp_path: Path) -> None:
    assert {found(bare(tmp_path), name).status for name in ALL} == {UNKNOWN}


def test_a_house_at_rest_is_well_or_unknown_and_never_wrong(house: Open) -> None:
    came = {name: found(house.house.ground(), name).status for name in ALL}
    assert {name for name, status in came.items() if status in (WARN, FAIL)} <= {"workers"}


def test_somebody_does_the_jobs() -> None:
    assert work.judge_workers([node()]).status is PASS
    assert work.judge_workers([node(alive=False), node("pages", queues=())]).status is FAIL
    assert work.judge_workers([node(alive=False)], RESTS).status is UNKNOWN


def test_a_service_that_runs_without_a_worker_is_not_ready(house: Open) -> None:
    running = Running(ADDRESS, Service(Probed(200, {}, "")))
    ground = replace(house.house.ground(), running=running)
    assert found(ground, "workers").status is FAIL  # this house takes jobs and does none
    assert found(replace(ground, running=None, stopped=RESTS), "workers").status is UNKNOWN


def test_who_fell_silent_at_work_is_told() -> None:
    assert work.judge_the_lost([node(alive=False, busy=2)]).status is WARN
    assert work.judge_the_lost([node(alive=False), node(busy=3)]).status is PASS


def test_jobs_that_nobody_listens_for_are_told() -> None:
    assert work.judge_queues([queue(queued=3)], [node()]).status is PASS
    assert work.judge_queues([queue(queued=3)], [node(queues=("previews",))]).status is FAIL
    assert work.judge_queues([queue(queued=3, paused=True)], [node(queues=("previews",))]).status is PASS
    assert work.judge_queues([queue(queued=3)], [node(alive=False)]).status is UNKNOWN


def test_a_pause_with_jobs_waiting_is_told_and_ended_on_demand(house: Open) -> None:
    ground, jobs = house.house.ground(), house.house.jobs
    jobs.order(Order("library.sync", {"server_id": 1}))
    assert found(ground, "paused-queues").status is PASS
    name = next(one.name for one in jobs.queues() if one.queued)
    jobs.pause(name)
    assert found(ground, "paused-queues").status is WARN
    assert service.mend(ground, "paused-queues").result.status is PASS
    assert not any(one.paused for one in jobs.queues())


def test_a_job_that_does_not_end_is_told(house: Open) -> None:
    jobs = house.house.jobs
    job = jobs.get(jobs.order(Order("library.sync", {"server_id": 1})).job_id)

    def begun(hours: int) -> list[Job]:
        return [replace(job, state=JobState.RUNNING, started_at=NOW - timedelta(hours=hours))]

    assert [work.judge_long_jobs(begun(hours), NOW).status for hours in (1, 25)] == [PASS, WARN]


@pytest.mark.parametrize(
    ("over", "lost", "status"),
    [(0, 0, UNKNOWN), (100, 5, PASS), (100, 6, WARN), (100, 51, FAIL), (1, 1, FAIL)],
)
def test_failures_are_counted(over: int, lost: int, status: Status) -> None:
    assert work.judge_failures(over, ["A film"] * lost).status is status


def test_schedules_keep_their_times() -> None:
    assert work.judge_late_schedules([schedule(late=10), schedule(late=99, paused=True)], NOW).status is PASS
    assert work.judge_late_schedules([schedule(late=16)], NOW).status is FAIL
    assert work.judge_late_schedules([schedule(late=16)], NOW, RESTS).status is UNKNOWN


def test_schedules_for_jobs_that_are_gone_are_told() -> None:
    assert work.judge_dead_schedules([schedule()], {"library.sync"}).status is PASS
    assert work.judge_dead_schedules([schedule(kind="gone")], {"library.sync"}).status is FAIL


def test_signs_of_life_from_the_future_are_told() -> None:
    ahead = {"booth": timedelta(seconds=-5), "attic": timedelta(seconds=20)}
    assert work.judge_clocks(ahead).status is PASS
    assert work.judge_clocks({**ahead, "attic": timedelta(minutes=2)}).status is FAIL


def test_a_fast_disk_that_is_away_is_told(house: Open) -> None:
    assert found(with_facts(house, facts(tier(10**10))), "fast-disks").status is PASS
    assert found(with_facts(house, facts(tier(None))), "fast-disks").status is FAIL
    assert found(with_facts(house, facts()), "fast-disks").status is PASS


def test_fast_disks_are_tried_by_writing(house: Open, tmp_path: Path) -> None:
    assert found(with_facts(house, facts(tier(1, tmp_path))), "fast-disks-writable").status is PASS
    away = facts(tier(1, Path("/proc/self")), tier(None, tmp_path / "none"))
    assert found(with_facts(house, away), "fast-disks-writable").status is FAIL
    assert cache.judge_writing([("ssd", passed("")), ("nvme", failed("It takes nothing."))]).status is FAIL


@pytest.mark.parametrize(("left", "status"), [(10**10, PASS), (10**8, WARN), (-5, WARN)])
def test_a_full_fast_disk_is_told(house: Open, left: int, status: Status) -> None:
    assert found(with_facts(house, facts(tier(left))), "fast-disks-room").status is status


def test_open_findings_are_told(house: Open) -> None:
    assert found(with_facts(house, facts()), "cache-findings").status is PASS
    assert found(with_facts(house, facts(open_findings=3)), "cache-findings").status is WARN


@pytest.mark.parametrize(("audited", "status"), [(3, PASS), (100, WARN), (None, WARN)])
def test_disks_are_looked_through_now_and_then(house: Open, audited: int | None, status: Status) -> None:
    assert found(with_facts(house, facts(tier(1), audited=audited)), "cache-audit").status is status
    assert found(with_facts(house, facts()), "cache-audit").status is PASS


def test_an_audit_that_failed_is_told_and_asked_for_again(house: Open) -> None:
    ground = with_facts(house, facts(tier(1), error="A disk was away.", audited=1))
    assert found(ground, "cache-audit").status is FAIL
    assert "asked for as job" in service.mend(ground, "cache-audit").sentence
    assert "cache.audit" in {one.kind for one in house.house.jobs.find(JobFilter()).items}


def test_the_movers_list_can_be_written(tmp_path: Path) -> None:
    assert cache.judge_exclude_file(None).status is PASS
    assert cache.judge_exclude_file(tmp_path / "list.txt").status is PASS
    assert cache.judge_exclude_file(tmp_path / "none" / "list.txt").status is FAIL
    assert cache.judge_exclude_file(Path("/proc/self/list.txt")).status is FAIL
