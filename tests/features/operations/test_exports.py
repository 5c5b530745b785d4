"""The list of jobs as a download: all of it, filtered as on the page, in as little memory as a part of it."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
from html import unescape
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.features.operations import service
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobFilter, JobState, Order
from tests.features.accounts.house import Browser, House
from tests.features.accounts.opened import house, owner
from tests.jobs import crew

__all__ = ["house", "owner"]

MANY = 3000


def test_the_page_links_to_what_it_shows_as_files(house: House, owner: Browser) -> None:
    house.jobs.put("Previews of Alien", JobState.FAILED, queue="previews", error="The disk is full.")
    house.jobs.put("Previews of Heat", JobState.DONE, queue="previews")
    house.jobs.put("Sync Plex", JobState.FAILED)
    page = owner.get("/jobs?state=failed&queue=previews&text=alien&sort=title&offset=0").text
    links = [unescape(one) for one in re.findall(r'href="([^"]+)" download', page)]
    assert links == [
        f"/api/v1/jobs.{form}?state=failed&queue=previews&text=alien" for form in ("csv", "json")
    ]
    table, listed = owner.get(links[0]), owner.get(links[1])
    assert [row["title"] for row in csv.DictReader(io.StringIO(table.text))] == ["Previews of Alien"]
    assert [row["error"] for row in listed.json()] == ["The disk is full."]
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert listed.headers["content-disposition"] == 'attachment; filename="jobs.json"'


def test_without_a_filter_all_jobs_are_in_the_file_the_oldest_first(house: House, owner: Browser) -> None:
    for title in ("First", "Second", "Third"):
        house.jobs.put(title, done=1.5, total=3)
    page = owner.get("/jobs").text
    assert re.findall(r'href="([^"]+)" download', page) == ["/api/v1/jobs.csv", "/api/v1/jobs.json"]
    rows = list(csv.DictReader(io.StringIO(owner.api("GET", "/jobs.csv").text)))
    assert [row["title"] for row in rows] == ["First", "Second", "Third"]
    assert (rows[0]["state"], rows[0]["done"], rows[0]["created_at"]) == (
        "queued",
        "1.5",
        "2026-03-01T20:01:00Z",
    )
    assert owner.api("GET", "/jobs.json").json() == owner.api("GET", "/jobs?sort=created_at").json()["items"]


def test_an_empty_list_is_a_file_without_rows(owner: Browser) -> None:
    assert owner.api("GET", "/jobs.csv").text.startswith("id,title,kind,queue,state,")
    assert owner.api("GET", "/jobs.json").json() == []


@pytest.mark.parametrize("title", ["=cmd()", "+1", "-1", "@sum", "\tx", "\rx"])
def test_no_title_is_taken_for_a_formula(house: House, owner: Browser, title: str) -> None:
    house.jobs.put(title, JobState.FAILED, error=title)
    (row,) = csv.DictReader(io.StringIO(owner.api("GET", "/jobs.csv").text, newline=""))
    assert (row["title"], row["error"]) == (f"'{title}", f"'{title}")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_filter_that_cannot_be_is_a_problem_and_no_file(owner: Browser, form: str) -> None:
    assert owner.api("GET", f"/jobs.{form}?state=sleeping").status_code == 400
    refused = owner.api("GET", f"/jobs.{form}?text={'x' * 201}")
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")


def many(database: Database, folder: Path) -> Engine:
    jobs = crew.engine(database, folder, "here")
    jobs.order_many([Order("note", {"name": f"number {number}"}) for number in range(MANY)])
    return jobs


def test_thousands_of_jobs_are_read_whole_in_little_memory(database: Database, tmp_path: Path) -> None:
    jobs = many(database, tmp_path)
    assert jobs.find(JobFilter(), size=1).total == MANY  # what reading needs once is there
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        read = sum(1 for _ in service.all_jobs(jobs, JobFilter(states=(JobState.QUEUED,))))
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert read == MANY
    assert peak < 5 << 20


def test_jobs_forgotten_and_added_meanwhile_make_none_of_the_others_missing(
    database: Database, tmp_path: Path
) -> None:
    jobs = many(database, tmp_path)
    read = service.all_jobs(jobs, JobFilter())
    first = [next(read) for _ in range(500)]
    for job in first[:100]:
        jobs.cancel(job.id)
    jobs.forget([job.id for job in first[:100]])
    added = jobs.order(Order("note", {"name": "late"})).job_id
    ids = [job.id for job in first] + [job.id for job in read]
    assert len(ids) == len(set(ids)) == MANY + 1
    assert ids[-1] == added
