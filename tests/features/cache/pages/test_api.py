"""The API of the cache's daily work, as programs use it."""

from __future__ import annotations

import pytest

from projectionist.features.cache import service
from projectionist.features.cache.models import Kind
from projectionist.features.cache.planning.plan import Refused
from projectionist.features.cache.running.noting import note
from projectionist.web.ports import Permission
from tests.features.cache.pages.serving import GB, Premises

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
AT = "/api/v1/cache"


def test_how_the_cache_stands_is_told_in_numbers(premises: Premises) -> None:
    premises.cached("Heat", size=2 * GB)
    premises.moving("Ronin")
    with premises.browser() as client:
        found = client.get(AT).json()

    [tier] = found["tiers"]
    assert (tier["films"], tier["held"], tier["rule"], tier["is_there"]) == (1, 2 * GB, "quota", True)
    [moving] = found["moving"]
    assert (moving["done"], moving["unit"], moving["rate_per_s"], moving["eta_s"]) == (
        0.25 * GB,
        "bytes",
        150 * 2**20,
        5.0,
    )
    assert (found["confirmed"], found["next_at"], found["waiting"]) == (False, None, 0)


def test_a_run_only_plans_until_somebody_says_yes(premises: Premises) -> None:
    with premises.browser() as client:
        first = client.post(f"{AT}/run", json={})
        confirmed = client.post(f"{AT}/run", json={"confirm": True})
        later = client.post(f"{AT}/run", json={})

    assert [answer.status_code for answer in (first, confirmed, later)] == [202, 202, 202]
    assert [answer.json()["dry"] for answer in (first, confirmed, later)] == [True, False, False]
    assert [job.arguments["dry"] for job in premises.jobs.held.values()] == [True, False]
    assert service.is_confirmed(premises.jobs)


def test_a_plan_comes_in_numbers_and_in_pages(premises: Premises) -> None:
    for number in range(3):
        premises.planned(f"Film {number}")
    premises.plans.refused.append(Refused(premises.path("Big"), 90 * GB, "It is excluded."))
    with premises.browser() as client:
        plan = client.get(f"{AT}/plan").json()
        page = client.get(f"{AT}/plan/copies?offset=1&limit=1").json()
        refused = client.get(f"{AT}/plan/refused").json()

    assert (plan["copies"], plan["bytes_in"], plan["refused"], plan["seconds"]) == (3, 3 * GB, 1, None)
    assert (page["total"], page["offset"], [one["title"] for one in page["items"]]) == (3, 1, ["Film 1"])
    assert [term["points"] for term in page["items"][0]["terms"]] == [60, 22]
    assert refused["items"][0]["why"] == "It is excluded."


def test_films_are_named_by_their_numbers(premises: Premises) -> None:
    known, stray = premises.cached("Heat"), premises.cached("Stray", listed=False)
    with premises.browser() as client:
        wrong = [
            client.post(f"{AT}/files/return", json={"ids": ids}).status_code for ids in ([], [0], [1] * 1001)
        ]
        pinned = client.post(f"{AT}/files/pin", json={"ids": [known, stray]}).json()
        found = client.get(f"{AT}/files?pinned=true").json()["items"]
        returned = client.post(f"{AT}/files/return", json={"ids": [known]})

    assert wrong == [422, 422, 422]
    assert (pinned["done"], [one["title"] for one in pinned["failed"]]) == (1, ["Stray"])
    assert [one["title"] for one in found] == ["Heat"]
    assert (returned.status_code, returned.json()["done"]) == (202, 1)


def test_a_film_that_went_back_before_it_was_pinned_is_named(premises: Premises) -> None:
    known = premises.cached("Heat")
    with premises.browser() as client:
        told = [
            client.post(f"{AT}/files/{verb}", json={"ids": [known, 999, 77, 999]}).json()
            for verb in ("pin", "unpin")
        ]
        page = client.post("/cache/files/pin", data={"ids": [known, 77]}).text

    for one in told:
        assert one["done"] == 1
        assert [film["title"] for film in one["failed"]] == ["Film 77", "Film 999"]
        assert all("not on a fast disk any more" in str(film) for film in one["failed"])
    assert "Film 77" in page


def test_a_pin_is_weighed_before_it_is_put(premises: Premises) -> None:
    item = premises.item_of(premises.cached("Heat"))
    with premises.browser() as client:
        dry = client.put(f"{AT}/pins/{item}", json={"dry": True})
        none = client.get(f"{AT}/pins").json()["items"]
        put = client.put(f"{AT}/pins/{item}", json={"version": "4k"})
        some = client.get(f"{AT}/pins").json()["items"]
        gone = client.delete(f"{AT}/pins/{item}").status_code
        twice = client.delete(f"{AT}/pins/{item}").status_code

    assert (dry.status_code, dry.json()["files"], none) == (200, 1, [])
    assert put.json()["title"] == "Heat"
    assert [(one["version"], one["asked_by"]) for one in some] == [("4k", "ada")]
    assert (gone, twice) == (204, 404)


def test_a_move_whose_file_went_on_since_cannot_be_undone(premises: Premises) -> None:
    errand = premises.crew.errand(premises.stage.film("Heat.mkv"), title="Heat")
    note(premises.place, Kind.CACHE_IN, errand, "SSD", "cached", 10)
    note(premises.place, Kind.MOVE_BACK, errand, "SSD", "home", 10)
    with premises.browser() as client:
        found = client.get(f"{AT}/moves").json()["items"]
        missing = client.post(f"{AT}/moves/99/undo").status_code

    assert [(one["kind"], one["can_undo"]) for one in found] == [("move_back", True), ("cache_in", False)]
    assert missing == 404


def test_no_part_of_it_is_for_who_may_only_look(premises: Premises) -> None:
    with premises.browser(may=[Permission.VIEW, Permission.MANAGE_PREVIEWS]) as client:
        answers = [
            client.get(f"{AT}{path}").status_code for path in ("", "/plan", "/files", "/moves", "/pins")
        ]

    assert answers == [403] * 5
