from __future__ import annotations

from datetime import UTC, datetime

import pytest

from projectionist.features.operations.feature import activity_of
from projectionist.jobs.ports import JobState, LogLine, Priority
from tests.features.accounts.house import Browser, House, words
from tests.features.accounts.opened import house, owner

__all__ = ["house", "owner"]


def test_without_jobs_the_page_says_what_a_job_is(owner: Browser) -> None:
    page = words(owner.get("/jobs").text)
    assert "No jobs yet" in page
    assert "Library sync" in page


def test_a_running_job_shows_how_far_it_is(house: House, owner: Browser) -> None:
    house.jobs.put(
        "Sync Plex",
        JobState.RUNNING,
        done=250,
        total=1000,
        unit="items",
        rate_per_s=12.5,
        eta_s=60,
        now="Films <A to C>",
    )
    page = owner.get("/jobs").text
    assert "Films &lt;A to C&gt;" in page
    for shown in ("250 of 1", "12.5 items/s", "about 1 min left", "running"):
        assert shown in words(page)


def test_chips_and_text_let_through_what_is_asked_for(house: House, owner: Browser) -> None:
    house.jobs.put("Previews of Alien", JobState.FAILED, queue="previews", error="The disk is full.")
    house.jobs.put("Sync Plex", JobState.DONE)
    failed = words(owner.get("/jobs?state=failed").text)
    assert "Previews of Alien" in failed
    assert "The disk is full." in failed
    assert "Sync Plex" not in failed
    assert "Sync Plex" in words(owner.get("/jobs?queue=sync&state=failed&state=done").text)
    assert "No job is like this" in words(owner.get("/jobs?text=nothing").text)
    assert "A state is one of" in words(owner.get("/jobs?state=sleeping").text)


def test_a_long_list_comes_in_pages(house: House, owner: Browser) -> None:
    for number in range(60):
        house.jobs.put(f"Preview number {number:02}")
    first, second = words(owner.get("/jobs").text), words(owner.get("/jobs?offset=50").text)
    assert "1–50 of 60" in first
    assert "51–60 of 60" in second
    assert "Preview number 00" in second
    assert "Preview number 00" not in first


def test_a_job_has_a_page_with_its_log_and_what_came_of_it(house: House, owner: Browser) -> None:
    job = house.jobs.put("Sync Plex", JobState.DONE, result={"added": 12}, node="attic", asked_by="Vera")
    house.jobs.logs[job.id] = [
        LogLine(datetime.now(UTC), "warning", f"line <{number}>") for number in range(250)
    ]
    page = owner.get(f"/jobs/{job.id}").text
    for shown in ("added", "12", "attic", "Vera", "Page 2 of 2"):
        assert shown in words(page)
    assert "line &lt;249&gt;" in page
    assert "line &lt;0&gt;" in owner.get(f"/jobs/{job.id}?log_page=1").text
    assert owner.get("/jobs/none").status_code == 404


def test_a_job_is_cancelled_and_done_again(house: House, owner: Browser) -> None:
    job = house.jobs.put("Sync Plex", JobState.RUNNING)
    assert "cancelled" in words(owner.post(f"/jobs/{job.id}/cancel").text)
    assert owner.post(f"/jobs/{job.id}/cancel").status_code == 409
    again = owner.post(f"/jobs/{job.id}/retry")
    assert again.url.path == "/jobs/job-2"


def test_a_queued_job_is_moved(house: House, owner: Browser) -> None:
    job = house.jobs.put("Sync Plex")
    owner.post(f"/jobs/{job.id}/priority", priority="now")
    assert house.jobs.get(job.id).priority == Priority.NOW
    assert owner.post(f"/jobs/{job.id}/priority", priority="soon").status_code == 422


def test_ticked_jobs_take_one_action_and_the_rest_says_why_not(house: House, owner: Browser) -> None:
    ids = [house.jobs.put("One").id, house.jobs.put("Two").id, house.jobs.put("Three", JobState.DONE).id]
    answer = owner.post("/jobs/bulk/cancel", ids=ids)
    assert answer.status_code == 409
    assert "2 jobs took it" in words(answer.text)
    assert "Three is over already" in words(answer.text)
    assert [house.jobs.get(one).state for one in ids[:2]] == [JobState.CANCELLED] * 2
    owner.post("/jobs/bulk/forget", ids=ids)
    assert not house.jobs.held


def test_a_queue_is_paused_resumed_and_widened(house: House, owner: Browser) -> None:
    owner.post("/jobs/queues/sync", action="pause")
    assert "paused" in words(owner.get("/jobs").text)
    owner.post("/jobs/queues/sync", action="resume")
    owner.post("/jobs/queues/sync", action="concurrency", concurrency="5")
    queue = house.jobs.lanes["sync"]
    assert (queue.paused, queue.concurrency) == (False, 5)
    assert owner.post("/jobs/queues/sync", action="concurrency", concurrency="many").status_code == 422
    assert owner.post("/jobs/queues/sync", action="concurrency", concurrency="65").status_code == 422
    assert owner.post("/jobs/queues/none", action="pause").status_code == 404


def test_after_an_action_one_is_where_one_was(house: House, owner: Browser) -> None:
    job = house.jobs.put("Sync Plex")
    owner.headers["referer"] = "http://127.0.0.1:8480/jobs?state=queued"
    answer = owner.post(f"/jobs/{job.id}/cancel", follow=False)
    assert answer.headers["location"] == "/jobs?state=queued"


def test_the_ring_counts_what_runs_and_how_far_it_is(house: House) -> None:
    house.jobs.put("One", JobState.RUNNING, done=50, total=100)
    house.jobs.put("Two", JobState.RUNNING, done=100, total=100)
    house.jobs.put("Three", JobState.RUNNING)
    house.jobs.lanes["sync"] = house.jobs.lanes["sync"].__class__("sync", "Library sync", False, 2, 4, 3)
    found = activity_of(house.jobs)
    assert (found.running, found.waiting, found.fraction) == (3, 4, 0.75)


def test_the_drawer_shows_what_runs(house: House, owner: Browser) -> None:
    assert "Nothing runs" in words(owner.get("/frame/activity").text)
    house.jobs.put("Sync Plex", JobState.RUNNING, done=1, total=4, unit="libraries")
    assert "Sync Plex" in words(owner.get("/frame/activity").text)


def test_the_api_does_all_that_the_pages_do(house: House, owner: Browser) -> None:
    job = house.jobs.put("Sync Plex", done=3, total=None)
    house.jobs.logs[job.id] = [LogLine(datetime.now(UTC), "info", "begun")]
    listed = owner.api("GET", "/jobs?state=queued&queue=sync&limit=1").json()
    assert (listed["total"], listed["items"][0]["title"]) == (1, "Sync Plex")
    assert owner.api("GET", f"/jobs/{job.id}").json()["arguments"] == {"server_id": 1}
    assert owner.api("GET", f"/jobs/{job.id}/log").json()["items"][0]["message"] == "begun"
    assert owner.api("PUT", f"/jobs/{job.id}/priority", {"priority": "high"}).json()["priority"] == 10
    assert owner.api("POST", f"/jobs/{job.id}/cancel").json()["state"] == "cancelled"
    assert owner.api("POST", f"/jobs/{job.id}/cancel").status_code == 409
    assert owner.api("POST", f"/jobs/{job.id}/retry").json() == {"job_id": "job-2", "created": True}
    bulk = owner.api("POST", "/jobs/bulk", {"action": "cancel", "job_ids": ["job-2", "none"]}).json()
    assert (bulk["done"], [one["job_id"] for one in bulk["failed"]]) == (1, ["none"])
    assert owner.api("GET", "/queues").json()["total"] == 2
    changed = owner.api("PATCH", "/queues/previews", {"paused": True, "concurrency": 3}).json()
    assert (changed["paused"], changed["concurrency"]) == (True, 3)
    assert owner.api("GET", "/nodes").json()["items"][0]["name"] == "here"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/jobs?limit=0", None, 400),
        ("GET", "/jobs?limit=101", None, 400),
        ("GET", "/jobs?state=sleeping", None, 400),
        ("GET", "/jobs?sort=secret", None, 422),
        ("GET", "/jobs/none", None, 404),
        ("PATCH", "/queues/none", {"paused": True}, 404),
        ("PATCH", "/queues/sync", {"concurrency": 0}, 400),
        ("POST", "/jobs/bulk", {"action": "burn", "job_ids": ["a"]}, 400),
        ("POST", "/jobs/bulk", {"action": "cancel", "job_ids": []}, 400),
    ],
)
def test_what_the_api_cannot_take_is_a_problem(
    owner: Browser, method: str, path: str, body: object, status: int
) -> None:
    answer = owner.api(method, path, body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_content_type_is_refused(owner: Browser) -> None:
    headers = {"x-csrf-token": owner.csrf(), "content-type": "text/plain"}
    assert owner.ask("PATCH", "/api/v1/queues/sync", content=b"{}", headers=headers).status_code == 415
