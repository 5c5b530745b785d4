"""The decode runs in a process of its own: cancelled, killed or crashed, it takes nothing else with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from projectionist.errors import AlreadyAtWork, DecoderCrashed, JobCancelled
from projectionist.features.previews import queries
from projectionist.features.previews.jobs import kinds
from projectionist.features.previews.running import LEASE, make_film
from projectionist.media.vocabulary import ServerKind
from tests.features.previews.household import Household, Run
from tests.films import Film

WITHIN_S = 10.0
"""A cancel reaches a decode within 2 s; a busy machine gets five times that."""

NAME = "projectionist-previews"


@pytest.fixture
def slow(house: Household, film: Callable[..., Film]) -> tuple[Household, int]:
    """A household with a film that takes minutes to read, and the id of its only part."""
    long = film("long.mkv", seconds=60, size=(640, 360), gop=12)
    house.film("Long.mkv", copy=long.path)
    house.place = replace(house.place, rate=20_000)
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Long.mkv")
    house.check(library)
    return house, part


def decoders() -> list[int]:
    """The processes that decode for this one."""
    return [one.pid for one in multiprocessing.active_children() if one.name == NAME and one.pid is not None]


def within(what: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + WITHIN_S
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)


def film_id(house: Household, part: int) -> int:
    found = house.row(part).film_id
    assert found is not None
    return found


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith(".projectionist")]


def test_a_cancel_ends_a_running_decode(slow: tuple[Household, int]) -> None:
    house, part = slow
    run = Run()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(make_film, house.place, run, film_id(house, part))
        within(decoders)
        within(lambda: house.row(part).state == "making")
        run.cancelled.set()
        asked = time.monotonic()
        with pytest.raises(JobCancelled):
            working.result(WITHIN_S)
        assert time.monotonic() - asked < WITHIN_S

    assert not decoders()
    assert house.row(part).state == "missing"
    assert not [path for path in house.place.folder.rglob("*") if path.is_file()]


def test_a_decoder_that_is_killed_fails_its_film_and_nothing_else(slow: tuple[Household, int]) -> None:
    house, part = slow
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(make_film, house.place, Run(), film_id(house, part))
        within(decoders)
        within(lambda: house.row(part).state == "making")
        os.kill(decoders()[0], signal.SIGKILL)
        with pytest.raises(DecoderCrashed, match="was killed"):
            working.result(WITHIN_S)

    row = house.row(part)
    assert (row.state, row.error_code, row.attempts) == ("failed", "crashed", 1)
    assert not hidden(house.place.folder)


def test_a_second_job_for_the_same_file_stands_back(slow: tuple[Household, int]) -> None:
    house, part = slow
    first = Run("first")
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(make_film, house.place, first, film_id(house, part))
        within(decoders)
        with pytest.raises(AlreadyAtWork):
            make_film(house.place, Run("second"), film_id(house, part))
        first.cancelled.set()
        with pytest.raises(JobCancelled):
            working.result(WITHIN_S)


def test_the_claim_of_the_dead_passes_to_the_living(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    now = house.place.now()
    with house.database.write() as session:
        queries.take_claim(
            session,
            film_id=film_id(house, part),
            token="dead",
            job_id="dead",
            node="gone",
            now=now,
            until=now + LEASE,
        )

    with pytest.raises(AlreadyAtWork):
        make_film(house.place, Run("living"), film_id(house, part))
    house.moment = now + LEASE + timedelta(seconds=1)

    assert make_film(house.place, Run("living"), film_id(house, part))["outcome"] == "made"


def test_the_same_job_takes_its_own_claim_up_again_at_once(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    now = house.place.now()
    with house.database.write() as session:
        queries.take_claim(
            session,
            film_id=film_id(house, part),
            token="killed",
            job_id="job",
            node="den",
            now=now,
            until=now + LEASE,
        )

    assert make_film(house.place, Run("job"), film_id(house, part))["outcome"] == "made"


def test_a_job_that_lost_its_claim_stops(
    slow: tuple[Household, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, part = slow
    monkeypatch.setattr("projectionist.features.previews.running._RENEW_S", 0.05)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(make_film, house.place, Run("paused"), film_id(house, part))
        within(decoders)
        later = house.place.now() + 2 * LEASE
        with house.database.write() as session:
            assert queries.take_claim(
                session,
                film_id=film_id(house, part),
                token="other",
                job_id="other",
                node="attic",
                now=later,
                until=later + LEASE,
            )
        with pytest.raises(AlreadyAtWork):
            working.result(WITHIN_S)
    assert not decoders()


def test_what_a_killed_worker_left_as_making_is_put_right_by_the_next_look(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    with house.database.write() as session:
        queries.change(session, part, {"state": "making"})
    house.jobs.orders.clear()

    assert house.check(library)["ordered"] == 1
    assert house.row(part).state == "queued"


def test_a_node_that_cannot_open_the_file_leaves_the_job_to_others(house: Household) -> None:
    path = house.film("Alien.mkv")
    server = house.server(ServerKind.FOLDER)
    library = house.library(server)
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    make = kinds(house.place, house.jobs)[0]  # type: ignore[arg-type]
    arguments = {"film": film_id(house, part)}
    assert make.accepts(arguments)

    path.rename(house.media / "moved.mkv")
    assert not make.accepts(arguments)

    del house.reached.mappings[server]
    assert not make.accepts(arguments)


def test_many_threads_make_films_at_once(house: Household) -> None:
    library = house.library(house.server(ServerKind.FOLDER))
    parts = []
    for number in range(4):
        house.film(f"Film {number}.mkv")
        parts += house.item(library, f"/data/Film {number}.mkv")
    house.check(library)
    before = threading.active_count()

    with ThreadPoolExecutor(4) as pool:
        ids = [film_id(house, part) for part in parts]
        results = list(pool.map(lambda one: make_film(house.place, Run(str(one)), one), ids))

    assert [result["outcome"] for result in results] == ["made"] * 4
    assert threading.active_count() <= before


def test_a_decoder_does_not_outlive_a_service_that_is_killed(
    tmp_path: Path, film: Callable[..., Film]
) -> None:
    long = film("long.mkv", seconds=60, size=(640, 360), gop=12)
    service = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.features.previews.dying",
            str(long.path),
            str(tmp_path / "a.bif"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with service:
        assert service.stdout is not None
        decoding = [int(pid) for pid in service.stdout.readline().split()]
        service.kill()
    assert decoding

    within(lambda: not any(psutil.pid_exists(pid) for pid in decoding))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
