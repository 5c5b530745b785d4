from __future__ import annotations

import multiprocessing
import multiprocessing.synchronize
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from projectionist.db import counting
from projectionist.db.counting import Rate, Taken
from projectionist.db.engine import Database

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RATES = (Rate(3, MINUTE), Rate(10, HOUR))


def take(database: Database, at: datetime = NOW, who: str = "ada", wanted: int = 1) -> Taken:
    return counting.take(database, "things", who, RATES, at, wanted)


def test_so_many_are_granted_and_no_more_until_the_minute_is_over(database: Database) -> None:
    assert [take(database).granted for _ in range(5)] == [1, 1, 1, 0, 0]
    assert take(database, NOW + timedelta(seconds=59)).granted == 0
    assert take(database, NOW + timedelta(seconds=60)).granted == 1


def test_what_remains_and_when_it_begins_anew_are_told(database: Database) -> None:
    first = take(database)
    assert (first.rate, first.left, first.wait_s(NOW)) == (RATES[0], 2, 60.0)
    last = [take(database, NOW + timedelta(seconds=20)) for _ in range(3)][-1]
    assert (last.granted, last.left, last.wait_s(NOW + timedelta(seconds=20))) == (0, 0, 40.0)


def test_what_was_refused_is_not_counted(database: Database) -> None:
    granted = sum(take(database, NOW + timedelta(seconds=n)).granted for n in range(0, 240, 2))
    assert granted == 10
    refused = take(database, NOW + timedelta(seconds=240))
    assert (refused.rate, refused.ends_at) == (RATES[1], NOW + HOUR)
    assert take(database, NOW + HOUR).granted == 1


def test_each_person_and_each_thing_is_counted_apart(database: Database) -> None:
    for _ in range(3):
        take(database)
    assert take(database, who="ben").granted == 1
    assert counting.take(database, "others", "ada", RATES, NOW).granted == 1


def test_of_several_as_many_are_granted_as_are_left(database: Database) -> None:
    assert [take(database, wanted=2).granted for _ in range(3)] == [2, 1, 0]
    assert counting.counted(database, "things", "ada", HOUR, NOW) == 3


def test_a_clock_set_back_locks_nobody_out(database: Database) -> None:
    for _ in range(4):
        take(database)
    assert take(database, NOW - timedelta(days=2)).granted == 1


def test_clocks_that_differ_a_little_let_nobody_in_twice(database: Database) -> None:
    granted = [
        take(database, NOW + timedelta(seconds=5 * ((number + 1) % 2))).granted for number in range(12)
    ]
    assert granted == [1, 1, 1] + [0] * 9


def test_what_nobody_counts_any_more_is_swept(database: Database) -> None:
    take(database, NOW - timedelta(days=2))
    take(database, who="ben")
    counting.sweep(database, NOW)
    with database.read() as session:
        assert set(session.execute(text("SELECT who FROM count")).scalars()) == {"ben"}


def _many(url: str, gate: multiprocessing.synchronize.Barrier, granted: Any) -> None:
    database = Database(url)
    gate.wait(60)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: take(database).granted, range(25)))
    granted.put(sum(answers))
    database.close()


def test_two_processes_at_once_grant_exactly_the_limit(database: Database) -> None:
    spawned = multiprocessing.get_context("spawn")
    gate, granted = spawned.Barrier(2), spawned.Queue()
    url = database.url.render_as_string(hide_password=False)
    others = [spawned.Process(target=_many, args=(url, gate, granted)) for _ in range(2)]
    for other in others:
        other.start()
    assert sum(granted.get(timeout=120) for _ in others) == 3
    for other in others:
        other.join(60)


@pytest.mark.parametrize("restarts", [1, 3])
def test_counts_are_kept_through_restarts(database: Database, restarts: int, tmp_path: Path) -> None:
    for _ in range(3):
        take(database)
    for _ in range(restarts):
        again = Database(database.url.render_as_string(hide_password=False))
        assert take(again).granted == 0
        again.close()
