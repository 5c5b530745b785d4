"""Guessing passwords at two processes at once, each with pages of its own over one database."""

from __future__ import annotations

import multiprocessing
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import httpx2
import pytest

from projectionist.db.engine import Database
from projectionist.features.accounts import service
from projectionist.kit.clock import SystemClock
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.serving import served

TRIES = 50
SKEW = timedelta(seconds=5)
"""By so much the clocks of the two differ."""


def _serve(url: str, data: str, moment: datetime, line: Connection) -> None:
    database = Database(url)
    house = House(database, Path(data))
    house.clock.moment = moment
    with served(house.app) as address:
        line.send(address)
        line.recv()
    database.close()


def _try(address: str, password: str) -> tuple[int, str]:
    with httpx2.Client(base_url=address, timeout=120) as browser:
        page = browser.get("/sign-in")
        token = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        form = {"_csrf_token": token[1], "name": NAME, "password": password}
        answer = browser.post("/sign-in", data=form)
        return answer.status_code, answer.headers.get("retry-after", "")


@pytest.mark.slow
@pytest.mark.parametrize(("password", "let_in"), [(PASSWORD, 303), ("wrong password", 401)])
def test_fifty_attempts_at_two_processes_let_exactly_three_through(
    database: Database, tmp_path: Path, password: str, let_in: int
) -> None:
    began = SystemClock().now()
    service.found(database, NAME, PASSWORD, now=lambda: began)
    spawned = multiprocessing.get_context("spawn")
    url = database.url.render_as_string(hide_password=False)
    lines, others = [], []
    for number in range(2):
        ours, theirs = spawned.Pipe()
        other = spawned.Process(
            target=_serve, args=(url, str(tmp_path / str(number)), began + number * SKEW, theirs)
        )
        other.start()
        lines.append(ours)
        others.append(other)
    try:
        addresses = [line.recv() for line in lines]
        with ThreadPoolExecutor(TRIES) as pool:
            answers = list(pool.map(_try, addresses * (TRIES // 2), [password] * TRIES))
    finally:
        for line in lines:
            line.send("over")
        for other in others:
            other.join(60)
    assert Counter(status for status, _ in answers) == {let_in: 3, 429: TRIES - 3}
    assert all(0 < int(wait) <= 60 + SKEW.seconds for status, wait in answers if status == 429)
