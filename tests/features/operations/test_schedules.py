from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from projectionist.jobs.ports import Schedule
from tests.api.house import opened
from tests.features.accounts.house import Browser, House, words
from tests.features.accounts.opened import house, owner

__all__ = ["house", "owner"]


def form(**more: str) -> dict[str, Any]:
    return {
        "name": "Nightly",
        "kind": "library.sync",
        "when": "0 3 * * *",
        "time_zone": "Europe/Vienna",
        "arguments": '{"server_id": 1}',
    } | more


def test_without_schedules_the_page_says_what_one_is(owner: Browser) -> None:
    assert "No schedules" in words(owner.get("/jobs/schedules").text)
    assert "New schedule" in words(owner.get("/jobs/schedules/new").text)


def test_a_schedule_is_added_and_shows_when_it_runs_next(house: House, owner: Browser) -> None:
    page = owner.post("/jobs/schedules", **form())
    assert page.url.path == "/jobs/schedules"
    assert "Nightly" in page.text
    assert "A job of library.sync" in page.text
    assert "2026-03-01T21:00:00+00:00" in page.text
    assert house.jobs.plans["Nightly"].arguments == {"server_id": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "-"), ("kind", "none"), ("when", "now and then"), ("arguments", "[1]"), ("arguments", "{")],
)
def test_what_cannot_be_taken_is_told_beside_its_field(
    house: House, owner: Browser, field: str, value: str
) -> None:
    answer = owner.post("/jobs/schedules", **form(**{field: value}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert not house.jobs.plans


def test_a_schedule_is_renamed_and_none_is_overwritten(house: House, owner: Browser) -> None:
    owner.post("/jobs/schedules", **form())
    owner.post("/jobs/schedules", **form(former="Nightly", name="At night"))
    assert list(house.jobs.plans) == ["At night"]
    answer = owner.post("/jobs/schedules", **form(name="At night"))
    assert answer.status_code == 422
    assert "a schedule of this name already" in words(answer.text)
    assert "0 3 * * *" in owner.get("/jobs/schedules/At%20night/edit").text


def test_a_schedule_rests_goes_on_runs_now_and_is_removed(house: House, owner: Browser) -> None:
    house.jobs.plans["Nightly"] = Schedule("Nightly", "library.sync", {"server_id": 1}, "every 1d", "UTC")
    owner.post("/jobs/schedules/Nightly/pause")
    assert house.jobs.plans["Nightly"].paused
    owner.post("/jobs/schedules/Nightly/resume")
    assert not house.jobs.plans["Nightly"].paused
    assert owner.post("/jobs/schedules/Nightly/run").url.path == "/jobs/job-1"
    assert owner.post("/jobs/schedules/Nightly/burn").status_code == 422
    owner.post("/jobs/schedules/Nightly/remove")
    assert not house.jobs.plans
    assert owner.post("/jobs/schedules/Nightly/remove").status_code == 404


def test_the_api_does_all_that_the_pages_do(house: House, owner: Browser) -> None:
    wanted = {"kind": "library.sync", "when": "every 2h", "arguments": {"server_id": 1}}
    assert owner.api("PUT", "/schedules/Often", wanted).json()["next_at"] is not None
    assert owner.api("GET", "/schedules").json()["items"][0]["name"] == "Often"
    assert owner.api("GET", "/schedules/Often").json()["when"] == "every 2h"
    assert owner.api("POST", "/schedules/Often/run").json()["created"]
    assert owner.api("PUT", "/schedules/Often", wanted | {"when": "never"}).status_code == 422
    assert owner.api("DELETE", "/schedules/Often").status_code == 204
    assert owner.api("GET", "/schedules/Often").status_code == 404


def test_every_kind_of_job_can_be_chosen_by_its_name_and_is_still_chosen_when_a_schedule_is_changed(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "data") as whole:
        whole.house.follow_schedules()
        client = whole.visitor()
        listed = client.get("/jobs/schedules").text
        fresh = client.get("/jobs/schedules/new").text
        tidying = client.get("/jobs/schedules/Tidy%20the%20history%20of%20jobs/edit").text
    offered = dict(re.findall(r'<option value="([a-z_.]+)"[^>]*>([^<]*)</option>', fresh))
    assert {"jobs.tidy", "cache.scrub", "library.sync"} <= set(offered)
    assert not [kind for kind, name in offered.items() if "." in name or not name]
    assert not re.search(r">\s*[a-z]+\.[a-z_]+\s*<", listed)
    assert re.search(r'<option value="jobs.tidy" selected', tidying)
