"""What a stranger tries at the door, and what comes of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from projectionist.db.engine import Database
from projectionist.errors import SignInNeeded
from projectionist.features.accounts import attempts, passwords, service
from projectionist.features.accounts.sessions import COOKIE, hash_of
from projectionist.features.audit_log import service as audit_log
from projectionist.features.audit_log.service import Act, note
from tests.features.accounts.clocks import Clock
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.serving import served

HERE = "192.0.2.7"
CROWD = 80
"""More than the threads that serve everybody."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


def failures(database: Database, clock: Clock, names: list[str], addresses: list[str]) -> None:
    for name, address in zip(names, addresses, strict=True):
        attempt = attempts.begin(database, name, address, "", clock(), attempts.unheard)
        attempts.fail(database, attempt, clock())


@pytest.mark.parametrize("of", ["one address", "one account"])
def test_a_crowd_of_failures_fills_no_disk_with_the_audit_log(
    database: Database, clock: Clock, of: str
) -> None:
    many = [f"{number}" for number in range(300)]
    names = many if of == "one address" else ["vera"] * 300
    addresses = (
        [HERE] * 300 if of == "one address" else [f"198.51.{one // 250}.{one % 250}" for one in range(300)]
    )
    failures(database, clock, names, addresses)
    told = audit_log.entries(database, "sign-in failed", size=100)
    assert told.total == attempts.WRITTEN_DOWN + 3
    assert [one.after["of_this_hour"] for one in told.items[:4]] == [256, 128, 64, 50]
    assert audit_log.verify(database).is_whole


@pytest.mark.parametrize("name", ["ve\0ra", "\ud800", "\u202evera", "x" * 100_000, ""])
def test_a_name_that_nobody_could_have_is_refused_as_any_other(
    database: Database, clock: Clock, name: str
) -> None:
    with pytest.raises(SignInNeeded):
        service.sign_in(database, name, "whatever", now=clock, remember=False, address=HERE)


@pytest.mark.parametrize("value", ["x" * 10_000, "a\0b", "\ud800", "\x1b[31m", "\u202e", "line\nline"])
def test_an_entry_is_short_and_legible_whatever_it_tells_of(database: Database, value: str) -> None:
    note(database, Act.SERVER_CHANGED, value, before={value: [value, {value: value}]}, after={"b": value})
    (entry,) = audit_log.entries(database).items
    kept = [entry.about, str(entry.before), str(entry.after)]
    assert all(one.isprintable() and len(one) < 2000 for one in kept)
    assert audit_log.verify(database).is_whole


def test_a_shorter_time_holds_for_those_who_are_signed_in_already(database: Database, clock: Clock) -> None:
    service.found(database, NAME, PASSWORD, now=clock)
    long, short = timedelta(days=30), timedelta(minutes=30)
    token = service.sign_in(
        database, NAME, PASSWORD, now=clock, remember=False, address=HERE, idle=long
    ).token
    clock.forward(minutes=31)
    assert service.known(database, hash_of(token), now=clock, idle=long, active=False) is not None
    assert service.known(database, hash_of(token), now=clock, idle=short) is None
    with pytest.raises(SignInNeeded):
        service.stay(database, token, now=clock, idle=short)


def test_a_sign_in_lives_as_long_as_the_setting_says_from_its_first_moment_on(
    database: Database, clock: Clock
) -> None:
    service.found(database, NAME, PASSWORD, now=clock)
    idle = timedelta(minutes=10)
    token = service.sign_in(
        database, NAME, PASSWORD, now=clock, remember=False, address=HERE, idle=idle
    ).token
    assert service.left(database, token, now=clock, idle=idle) == service.Left(600, 75)


@pytest.mark.slow
def test_a_crowd_at_the_door_holds_up_nobody_inside(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path)
    now = house.clock.now
    service.found(database, NAME, PASSWORD, now=now)
    token = service.sign_in(database, NAME, PASSWORD, now=now, remember=False, address=HERE).token

    def guess(address: str, number: int) -> Any:
        with httpx2.Client(base_url=address, timeout=120) as browser:
            browser.get("/sign-in")
            headers = {"x-csrf-token": browser.cookies["projectionist_csrf"]}
            return browser.post(
                "/api/v1/sign-in", json={"name": f"guess{number}", "password": "x"}, headers=headers
            )

    with served(house.app) as address, ThreadPoolExecutor(CROWD) as pool:
        for _ in range(2):
            passwords._at_once.acquire()
        try:
            waiting = [pool.submit(guess, address, number) for number in range(CROWD)]
            time.sleep(1)  # they stand at the door
            inside = httpx2.get(f"{address}/api/v1/me", cookies={COOKIE: token}, timeout=30)
            assert inside.status_code == 200
        finally:
            for _ in range(2):
                passwords._at_once.release()
        assert {one.result().status_code for one in waiting} == {401}
