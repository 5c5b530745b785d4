"""Jobs of a queue that there is no more are not lost from sight: they are listed, counted and can be cancelled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest

from projectionist.db.engine import Database
from projectionist.db.events import Events
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobKind, JobState, Order, QueueSpec
from tests.features.accounts.house import Browser, House, words
from tests.jobs import crew


@pytest.fixture
def left(database: Database, tmp_path: Path) -> list[str]:
    """Jobs that a version with a queue of its own for them has left there."""
    with crew.started(database, tmp_path, work=False) as before:
        orders = [Order("note-in-turn", {"name": name, "folder": str(tmp_path)}) for name in ("one", "two")]
        return [one.job_id for one in before.order_many(orders)]


@pytest.fixture
def jobs(database: Database, tmp_path: Path, left: list[str]) -> Iterator[Engine]:
    """The engine of a version that has neither that queue nor a kind of job for it."""
    assert left
    later = Engine(database, tmp_path, node="here", publish=Events(database).publish)
    later.bring(
        [JobKind("note", crew.QUEUE, lambda _: "Note", crew.note, label="Note")],
        [QueueSpec(crew.QUEUE, "Work", 4)],
    )
    later.start()
    yield later
    later.close()


@pytest.fixture
def owner(database: Database, tmp_path: Path, jobs: Engine) -> Iterator[Browser]:
    with House(database, tmp_path, jobs=cast(Any, jobs)).owner() as browser:
        yield browser


def test_the_page_shows_them_says_why_they_wait_and_cancels_them(
    owner: Browser, jobs: Engine, left: list[str]
) -> None:
    page = owner.get("/jobs").text
    assert "Nothing in this version works on this queue." in page
    assert "0 running, 2 queued" in words(page)
    assert f'action="/jobs/queues/{crew.NARROW}"' not in page
    (link,) = re.findall(r'href="([^"]+)">Show them', page)
    shown = owner.get(unescape(link)).text
    assert ("Note one" in shown, "Note two" in shown) == (True, True)
    assert owner.post("/jobs/bulk/cancel", ids=left).status_code == 200
    assert [jobs.get(one).state for one in left] == [JobState.CANCELLED] * 2
    assert "Nothing in this version works on this queue." not in owner.get("/jobs").text


def test_the_api_lists_them_and_cancels_them(owner: Browser, left: list[str]) -> None:
    queues = {one["name"]: one for one in owner.api("GET", "/queues").json()["items"]}
    assert (queues[crew.NARROW]["queued"], queues[crew.NARROW]["known"]) == (2, False)
    assert queues[crew.QUEUE]["known"]
    found = owner.api("GET", f"/jobs?queue={crew.NARROW}&state=queued").json()
    assert {one["id"] for one in found["items"]} == set(left)
    assert owner.api("POST", f"/jobs/{left[0]}/cancel").json()["state"] == "cancelled"
    assert owner.api("POST", "/jobs/bulk", {"action": "cancel", "job_ids": left}).json()["done"] == 1
    assert crew.NARROW not in {one["name"] for one in owner.api("GET", "/queues").json()["items"]}


def test_they_are_not_done_and_hold_no_other_queue_up(jobs: Engine, left: list[str], tmp_path: Path) -> None:
    job_id = jobs.order(Order("note", {"name": "three", "folder": str(tmp_path)})).job_id
    assert crew.over(jobs, job_id).state is JobState.DONE
    assert [jobs.get(one).state for one in left] == [JobState.QUEUED] * 2
    assert crew.lines(tmp_path) == ["three"]
