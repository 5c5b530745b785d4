"""The page and the API of the simulator over the household's own history."""

from __future__ import annotations

import html
from typing import Any

import pytest

from projectionist.features.cache.simulating.jobs import SIMULATE, run_simulation
from projectionist.jobs.ports import JobState
from tests.features.cache.pages.serving import GB, Premises

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Watching:
    """A job's run that only counts."""

    def __init__(self) -> None:
        self.told: list[tuple[float, float | None]] = []

    def check(self) -> None:
        """Nobody cancels."""

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        self.told.append((done, total))


def policy(name: str, hits: int, plays: int = 400) -> dict[str, Any]:
    return {
        "policy": name,
        "plays": plays,
        "hits": hits,
        "hit_rate_plays": hits / plays,
        "hit_rate_bytes": 0.5,
        "bytes_moved": 40 * GB,
        "wakeups": 31,
    }


def result(plays: int = 400, days: float = 200) -> dict[str, Any]:
    sizes = [{"size": 500 << 30, "policies": [policy("ours", 300), policy("ondeck", 100)]}] if plays else []
    return {
        "plays": plays,
        "left_out": 0,
        "strangers": 3,
        "since": 1.7e9 if plays else 0.0,
        "until": 1.7e9 + days * 86400 if plays else 0.0,
        "sizes": sizes,
    }


def test_before_the_first_simulation_the_page_says_what_it_is_for(premises: Premises) -> None:
    with premises.browser() as client:
        page = client.get("/cache/simulator").text
        told = client.get("/api/v1/cache/simulation")

    assert "Nothing was simulated yet" in page
    assert told.status_code == 404


def test_a_simulation_is_a_job_with_the_sizes_and_policies_asked_for(premises: Premises) -> None:
    with premises.browser() as client:
        client.post("/cache/simulator", data={"sizes": "1TB, 500", "policies": ["lru", "ours"]})

    [job] = premises.jobs.held.values()
    assert job.kind == SIMULATE
    assert job.arguments["sizes"] == [500 << 30, 1 << 40]
    assert job.arguments["policies"] == ["ours", "lru"]


@pytest.mark.parametrize("typed", ["", "much", "1,2,3,4,5,6,7,8,9"])
def test_sizes_that_are_none_are_told_beside_their_field(premises: Premises, typed: str) -> None:
    with premises.browser() as client:
        answer = client.post("/cache/simulator", data={"sizes": typed})

    assert answer.status_code == 422
    assert 'id="sizes-error"' in answer.text
    assert premises.jobs.held == {}


def test_the_page_says_what_a_disk_would_have_come_to(premises: Premises) -> None:
    premises.jobs.put("Simulate", JobState.DONE, kind=SIMULATE, result=result())
    with premises.browser() as client:
        page = client.get("/cache/simulator").text
        told = client.get("/api/v1/cache/simulation").json()

    assert "With 500GB, 300 of 400 plays would have begun from the fast disk" in page
    assert "75.0 %" in page
    assert "This history is short" not in page
    assert [(one["policy"], one["hits"]) for one in told["lines"]] == [("ours", 300), ("ondeck", 100)]


def test_a_short_history_is_said_to_be_one(premises: Premises) -> None:
    premises.jobs.put("Simulate", JobState.DONE, kind=SIMULATE, result=result(days=12))
    with premises.browser() as client:
        page = client.get("/cache/simulator").text

    assert "This history is short" in page


def test_a_household_that_watched_nothing_is_told_so(premises: Premises) -> None:
    made = run_simulation(
        premises.place,
        Watching(),  # type: ignore[arg-type]
        {"sizes": [500 * GB], "policies": ["ours"], "sources": ["prediction"]},
    )
    premises.jobs.put("Simulate", JobState.DONE, kind=SIMULATE, result=made)
    with premises.browser() as client:
        page = client.get("/cache/simulator").text

    assert made["plays"] == 0
    assert "Nothing was watched yet" in page


def test_the_api_takes_the_rivals_settings_by_their_names_and_says_them(premises: Premises) -> None:
    wanted = {"sizes": [GB], "rival_settings": {"number_episodes": 2, "watchlist_toggle": False}}
    with premises.browser() as client:
        ordered = client.post("/api/v1/cache/simulation", json=wanted)
        wrong = client.post(
            "/api/v1/cache/simulation", json={"sizes": [GB], "rival_settings": {"episodes": 2}}
        )
        much = client.post(
            "/api/v1/cache/simulation", json={"sizes": [GB], "rival_settings": {"number_episodes": 101}}
        )
        [job] = premises.jobs.held.values()
        done = run_simulation(premises.place, Watching(), job.arguments)  # type: ignore[arg-type]
        premises.jobs.put("Simulate", JobState.DONE, kind=SIMULATE, result=done)
        told = client.get("/api/v1/cache/simulation").json()

    assert (ordered.status_code, wrong.status_code) == (202, 400)
    assert much.status_code == 400
    assert told["rival_settings"]["number_episodes"] == 2
    assert told["rival_settings"]["watchlist_toggle"] is False
    assert told["rival_settings"]["days_to_monitor"] == 183


def test_a_size_that_is_none_is_told_at_its_field(premises: Premises) -> None:
    with premises.browser() as client:
        page = client.post("/cache/simulator", data={"sizes": "500GB, lots"})

    assert page.status_code == 422
    assert 'aria-describedby="sizes-help sizes-error"' in page.text
    assert "'lots' is none" in html.unescape(page.text)
