"""A job that runs, in a browser: its bar moves by itself, and it ends where somebody says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from projectionist.app import House
from projectionist.features.library.service import order_sync
from projectionist.features.previews import jobs as preview_jobs
from projectionist.features.servers.service import NewServer, add_server
from projectionist.jobs.ports import Job, JobFilter, JobState
from projectionist.media.vocabulary import ServerKind
from projectionist.opening import open_house
from projectionist.settings import Settings
from projectionist.web.ports import Permission, Principal
from tests.e2e.browser import Pages, wait_until
from tests.films import Film
from tests.serving import served

pytestmark = pytest.mark.slow

SLOW = 20_000
"""Bytes a second that the film is read with, so that its preview takes minutes."""

WITHIN_S = 10.0
"""What is done to a job elsewhere shows within 2 s, and reaches it within 2 s; a busy machine gets five times that."""

ADA = Principal(1, "ada", "administrator", frozenset(Permission))
MOVED = "before => Number(document.querySelector('main progress[value]')?.value ?? 0) > before"


@pytest.fixture
def house(tmp_path: Path, film: Callable[..., Film]) -> Iterator[House]:
    """A house at work on the preview of a long film, which it reads slowly."""
    media = tmp_path / "films"
    media.mkdir()
    long = film("long.mkv", seconds=60, size=(640, 360), gop=12).path
    (media / "The Long Watch (2020).mkv").write_bytes(long.read_bytes())
    settings = Settings(data=tmp_path / "data", node="booth", preview_interval_s=1)
    with open_house(settings, exclusive=True) as here, ExitStack() as stack:
        slowly = replace(here.place, rate=SLOW)
        here.jobs.bring(preview_jobs.kinds(slowly, here.jobs), preview_jobs.QUEUES)
        here.jobs.start()
        stack.callback(here.jobs.close, 0)
        server = add_server(here.reach, NewServer(ServerKind.FOLDER, str(media)))
        order_sync(here.jobs, server.id)
        yield here


def running(house: House) -> Job:
    """The making of the preview, once it has come some way."""
    deadline = time.monotonic() + 60
    while True:
        found = house.jobs.find(JobFilter(states=(JobState.RUNNING,), queues=("previews",))).items
        if found and found[0].done:
            return found[0]
        assert time.monotonic() < deadline, house.jobs.find(JobFilter()).items
        time.sleep(0.05)


def cancel_on_home(page: Page, job: Job) -> None:
    page.locator("main li", has_text=job.title).get_by_role("button", name="Cancel").click()


def cancel_in_the_list(page: Page, job: Job) -> None:
    row = page.locator("#jobs tbody tr", has_text=job.title).first
    row.locator("summary").click()
    row.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Do it").click()


@pytest.mark.parametrize(("path", "cancel"), [("/", cancel_on_home), ("/jobs", cancel_in_the_list)])
def test_a_running_job_moves_its_bar_and_ends_by_a_click(
    house: House, pages: Pages, path: str, cancel: Callable[[Page, Job], None]
) -> None:
    job = running(house)
    with served(house.web(identify=lambda request: ADA)) as address, closing(pages):
        page = pages.open(address).go(path)
        bar = page.locator("main progress[value]").first
        expect(bar).to_be_visible()
        before = bar.evaluate("one => one.value")
        page.evaluate("window.stayed = true")
        wait_until(page, MOVED, before, int(WITHIN_S * 1000))
        assert page.evaluate("window.stayed") is True
        cancel(page, job)
        clicked = time.monotonic()
        expect(page.locator("main progress[value]")).to_have_count(0, timeout=WITHIN_S * 1000)
        while not (state := house.jobs.get(job.id).state).is_over:
            assert time.monotonic() - clicked < WITHIN_S, state
            time.sleep(0.02)
        assert state is JobState.CANCELLED
