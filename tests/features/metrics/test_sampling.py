from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from projectionist.db.engine import Database
from projectionist.errors import DatabaseUnusable
from projectionist.features.metrics import queries, service
from projectionist.features.metrics.host import HostNow
from projectionist.features.metrics.models import MetricReportRow
from projectionist.features.metrics.rolling import KEPT, RAW_S, Step, end_of, start_of
from projectionist.features.metrics.sampling import Place, Sampling
from projectionist.features.metrics.service import Period
from projectionist.kit.metrics import Registry
from tests.features.operations.fake_jobs import FakeJobs

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


class Process:
    """A process with counters of its own, over a database that others may use; its clock is moved by tests."""

    def __init__(self, database: Database, folder: Path, name: str, *, samples: bool = True) -> None:
        self.moment = NOON
        self.registry = Registry()
        self.requests = self.registry.counter(
            "projectionist_http_requests_total", "Requests.", "method", "route", "status"
        )
        self.moved = self.registry.counter("projectionist_cache_moved_bytes_total", "Bytes.")
        self.place = Place(
            database,
            FakeJobs(),
            folder,
            lambda: self.moment,
            lambda: name,
            self.registry.families,
            lambda _: HostNow(memory_used=1, memory_total=2),
            lambda: self.moment.timestamp(),  # noqa: PLW0108 - the moment moves
        )
        self.sampling = Sampling(self.place, samples=samples)

    def turn(self, seconds: float = RAW_S) -> None:
        self.moment += timedelta(seconds=seconds)
        self.sampling.turn()


@pytest.fixture
def made() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.sampling._let_go()


@pytest.fixture
def process(database: Database, tmp_path: Path, made: list[Process]) -> Process:
    made.append(Process(database, tmp_path, "service"))
    return made[0]


def kept(database: Database, step: Step) -> dict[datetime, dict[str, list[float]]]:
    with database.read() as session:
        rows = queries.samples(session, step, NOON - timedelta(days=4000), NOON + timedelta(days=4000))
        return {row.at: row.measures for row in rows}


def test_a_sample_tells_what_happened_since_the_one_before(database: Database, process: Process) -> None:
    process.requests.add("GET", "/", "200", by=100)  # before anybody looked: of which time it is nobody knows
    process.turn()
    process.requests.add("GET", "/", "200", by=7)
    process.requests.add("GET", "/", "500")
    process.turn()
    first, second = kept(database, Step.RAW).values()
    assert "requests" not in first
    assert (second["requests"], second["errors"]) == ([1, 8.0, 8.0], [1, 1.0, 1.0])
    assert (second["seconds"][1], second["memory"][1]) == (RAW_S, 0.5)


def test_samples_stand_at_the_half_minute_that_they_are_of_however_late_they_come(
    database: Database, process: Process
) -> None:
    for late in (0.4, 29.7, 30.2, 29.9):
        process.turn(late)
    process.turn()
    assert list(kept(database, Step.RAW)) == [NOON + timedelta(seconds=RAW_S * n) for n in range(-1, 4)]


def test_one_process_samples_and_what_others_report_counts_once(
    database: Database, tmp_path: Path, process: Process, made: list[Process]
) -> None:
    second = Process(database, tmp_path, "second")
    worker = Process(database, tmp_path, "worker", samples=False)
    made += [second, worker]
    for _ in range(3):
        worker.moved.add(by=1000)
        second.requests.add("GET", "/", "200")
        process.requests.add("GET", "/", "200")
        for one in (worker, process, second):
            one.turn()
    samples = list(kept(database, Step.RAW).values())
    assert len(samples) == 3
    assert sum(one["requests"][1] for one in samples[1:]) >= 3
    assert sum(one["bytes_moved"][1] for one in samples[1:]) == 2000
    with database.read() as session:
        reporting = set(session.scalars(select(MetricReportRow.process)))
    assert reporting == {"second", "worker"}


def test_who_ends_leaves_sampling_to_another_and_nothing_is_counted_twice(
    database: Database, tmp_path: Path, process: Process, made: list[Process]
) -> None:
    second = Process(database, tmp_path, "second")
    made.append(second)
    second.requests.add("GET", "/", "200", by=50)
    for one in (process, second):
        one.turn()
    process.sampling._let_go()
    second.turn()
    second.requests.add("GET", "/", "200", by=3)
    second.turn()
    samples = kept(database, Step.RAW)
    assert [one["requests"][1] for one in samples.values() if "requests" in one] == [3.0]
    with database.read() as session:
        assert list(session.scalars(select(MetricReportRow.process))) == []


def test_half_minutes_become_steps_of_five_minutes_hours_and_days(
    database: Database, process: Process
) -> None:
    for _ in range(2 * 60 * 2):
        process.requests.add("GET", "/", "200")
        process.turn()
    five, hours = kept(database, Step.FIVE_MINUTES), kept(database, Step.HOUR)
    assert five[NOON + timedelta(minutes=5)]["requests"] == [10, 10.0, 1.0]
    assert hours[NOON + timedelta(hours=1)]["requests"][1] == 120
    assert kept(database, Step.DAY) == {}
    process.turn(86400)
    (day,) = kept(database, Step.DAY).values()
    assert day["requests"][1] == 239, "the first look only finds where the counter stands"


def test_what_was_missed_while_nothing_ran_is_made_up_for_before_the_old_goes(
    database: Database, process: Process
) -> None:
    for _ in range(20):
        process.turn()
    before = len(kept(database, Step.RAW))
    process.turn(3 * 86400)
    assert before == 20
    assert len(kept(database, Step.RAW)) == 1
    assert len(kept(database, Step.HOUR)) >= 1
    assert list(kept(database, Step.DAY)) == [NOON.replace(hour=0)]


@pytest.mark.parametrize("step", list(KEPT))
def test_no_step_is_kept_longer_than_it_may_be(database: Database, process: Process, step: Step) -> None:
    old = start_of(step, NOON - KEPT[step] - timedelta(days=70))
    with database.write() as session:
        queries.put_sample(session, step, old, {})
    process.turn()
    assert old not in kept(database, step)


def test_samples_of_a_clock_that_was_ahead_go_once_it_was_set_back(
    database: Database, process: Process
) -> None:
    ahead = NOON + timedelta(days=365)
    with database.write() as session:
        for step in KEPT:
            queries.put_sample(session, step, start_of(step, ahead), {})
    for _ in range(25):
        process.turn()
    for step in KEPT:
        assert all(at <= process.moment for at in kept(database, step))
    assert len(kept(database, Step.FIVE_MINUTES)) >= 2


def test_a_view_and_its_table_tell_the_same_and_unknown_is_not_nothing(
    database: Database, process: Process
) -> None:
    for _ in range(41):
        process.turn()
        process.requests.add("GET", "/", "200", by=3)
    view = service.view(process.place, Period.LIVE)
    requests = next(one for one in view.charts if one.chart.id == "requests")
    table = next(one for one in view.row_charts if one.chart.id == "requests")
    assert len(view.at) == len(requests.lines[0]) == 41
    assert requests.lines[0][0] is None
    assert set(requests.lines[0][1:]) == {6.0}
    assert set(table.lines[0]) == {6.0}
    plays = next(one for one in view.charts if one.chart.id == "plays")
    assert plays.is_empty


def test_a_summary_tells_the_day_that_runs_as_far_as_it_is(database: Database, process: Process) -> None:
    for _ in range(2 * 60 * 3):
        process.turn()
        process.requests.add("GET", "/", "200")
    (today,) = service.summaries(process.place, Step.DAY, 5)
    assert (today.at, today.is_over) == (NOON.replace(hour=0), False)
    known = today.values[0]
    assert known is not None
    assert 340 <= known <= 359
    process.turn(86400)
    days = service.summaries(process.place, Step.DAY, 5)
    assert [one.is_over for one in days][-1]
    assert days[-1].values[0] == 359


def test_the_thread_goes_on_after_a_failure_and_ends_when_it_is_closed(
    database: Database, tmp_path: Path
) -> None:
    process = Process(database, tmp_path, "service")
    process.moment = NOON + timedelta(seconds=RAW_S - 0.01)  # where it stays, so that every wait is short
    turns: list[int] = []
    twice = threading.Event()

    def failing() -> None:
        turns.append(1)
        if len(turns) > 1:
            twice.set()
        raise DatabaseUnusable("It is away.")

    process.sampling.turn = failing  # type: ignore[method-assign]
    process.sampling.start()
    assert twice.wait(60)
    process.sampling.close()


def test_every_step_ends_where_the_next_begins() -> None:
    for step in Step:
        start = start_of(step, NOON)
        assert start_of(step, end_of(step, start)) == end_of(step, start)
