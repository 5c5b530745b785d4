"""The whole house, killed again and again while it reads a library and makes previews."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database, sqlite_url
from projectionist.demo.catalogue import Catalogue
from projectionist.demo.house import DemoHouse
from projectionist.frames import bif
from tests.databases import ENGINES, drop_postgres, new_postgres
from tests.demo.houses import house, house_media
from tests.recovery.houses_under_fire import Program, UnderFire, Watcher, under_fire, until
from tests.running import temporaries_below

__all__ = ["house", "house_media"]

QUALITY = 50
"""Of JPEG, in the first round; each round wants another, and none the one that previews have to begin with."""
VIDEOS = 16
"""Files with pictures in the demo house."""
ROUNDS = pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.slow)])


@pytest.fixture(params=ENGINES)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the house keeps its tables; empty is SQLite in its data folder."""
    if request.param == "sqlite":
        yield ""
        return
    server = request.getfixturevalue("postgres")
    url = new_postgres(server)
    yield url
    drop_postgres(server, url)


@ROUNDS
@pytest.mark.timeout(600)
def test_killed_at_any_moment_work_goes_on_nothing_half_nothing_twice_no_job_lost(
    house: DemoHouse, tmp_path: Path, address: str, rounds: int
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    house.faults.slow(0.1, path="/library/sections/*/all")
    with under_fire(tmp_path / "fire", house, address) as fire, Watcher(house.plex_data) as watcher:
        programs = [fire.serve("--no-worker"), fire.worker(), fire.worker()]
        for program in programs:
            program.start()
        until(fire.answers, 60, "The first start")
        for number in range(rounds):
            give_work(fire, house, number)
            kill_some(programs, chance)
            until(fire.answers, 60, f"Start {number}")
        settle(fire)
        indexed = what_is_indexed(fire)
        jobs = fire.listed("/jobs")
        until(lambda: all(program.hears for program in programs), 60, "The start of the last that was killed")
        for program in programs:
            assert program.ask_to_end() == 0
    watcher.look()
    assert not watcher.faults
    assert not watcher.made_twice()
    assert watcher.looks > 100
    assert len(watcher.made) == VIDEOS
    assert {records[-1].quality for records in watcher.made.values()} == {QUALITY + rounds - 1}
    assert [fault for path in watcher.made for fault in bif.problems(path, deep=True)] == []
    assert temporaries_below(house.plex_data) == []
    assert [job for job in jobs if job["state"] != "done"] == []
    assert indexed == what_is_held(house.catalogue)


def give_work(fire: UnderFire, house: DemoHouse, number: int) -> None:
    """Change the server, ask for a sync, and want all previews in another quality."""
    entry = house.catalogue.listed(1)[number % 3]
    house.catalogue.change(
        entry.key, title=f"Round {number} of {entry.title}", updated_at=entry.updated_at + 60
    )
    for library in fire.listed("/libraries"):
        fire.call("POST", f"/libraries/{library['id']}/sync", full=True)
    fire.call("PATCH", "/previews/choices", quality=QUALITY + number)


def kill_some(programs: list[Program], chance: random.Random) -> None:
    """Let them work for a moment, kill one or several, and start those again."""
    time.sleep(chance.uniform(0.1, 4.0))
    victims = chance.sample(programs, chance.randint(1, len(programs)))
    for victim in victims:
        victim.kill()
        time.sleep(chance.choice([0.0, 0.0, 0.3]))
    time.sleep(chance.choice([0.0, 0.5]))
    for victim in victims:
        victim.start()


def settle(fire: UnderFire) -> None:
    """Everything that was asked for comes to its end by itself; then nothing is left to be done."""

    def over() -> bool:
        return not fire.live_jobs() and fire.states().get("fresh") == VIDEOS

    def left() -> str:
        jobs = [(job["title"], job["state"], job["error"], job["node"]) for job in fire.live_jobs()]
        return f"The end of the work ({fire.states()}, {jobs})"

    until(over, 120, left)


def what_is_indexed(fire: UnderFire) -> set[tuple[str, str]]:
    """The keys and titles of all that the index holds."""
    database = Database(fire.database_url or sqlite_url(fire.data / "projectionist.sqlite"))
    try:
        with database.read() as session:
            rows = session.execute(text("SELECT key, title FROM item"))
            return {(str(key), str(title)) for key, title in rows}
    finally:
        database.close()


def what_is_held(catalogue: Catalogue) -> set[tuple[str, str]]:
    """The same of the server."""
    return {(str(entry.key), entry.title) for entry in catalogue.all()}
