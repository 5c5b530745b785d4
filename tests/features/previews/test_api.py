"""Every action on previews can be had as JSON."""

from __future__ import annotations

import pytest

from projectionist.errors import NotAFilm
from projectionist.features.previews import upkeep
from projectionist.features.previews.jobs import CHECK, SCHEDULES, check_all
from projectionist.media.vocabulary import LibraryKind, ServerKind
from projectionist.web.ports import Permission
from tests.features.previews.household import Household, Run
from tests.features.previews.serving import browser, items

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the pages ask of the database is tried on both by test_keeping and test_upkeep."""

API = "/api/v1/previews"


@pytest.fixture
def films(house: Household) -> tuple[Household, int, list[int]]:
    """A library with a preview, and a film that cannot be read."""
    house.film("Alien.mkv")
    house.film("Broken.mkv").write_bytes(b"no film at all" * 100)
    library = house.library(house.server(ServerKind.FOLDER))
    parts = [part for name in ("Alien", "Broken") for part in house.item(library, f"/data/{name}.mkv")]
    house.check(library)
    with pytest.raises(NotAFilm):
        house.work()
    return house, library, parts


def test_previews_are_listed_in_pages(films: tuple[Household, int, list[int]]) -> None:
    house, library, parts = films
    with browser(house) as client:
        first = client.get(API, params={"limit": 1, "library_id": library}).json()
        failed = items(client.get(API, params={"state": ["failed", "stale"]}))
        one = client.get(f"{API}/{parts[0]}").json()

    assert (first["total"], [one["part_id"] for one in first["items"]]) == (2, parts[:1])
    assert [one["error_code"] for one in failed] == ["not_a_film"]
    assert (one["state"], one["frames"], one["targets"][0]["place"]) == ("fresh", 2, "folder")


def test_coverage_reasons_and_rate_are_told(films: tuple[Household, int, list[int]]) -> None:
    with browser(films[0]) as client:
        [coverage] = items(client.get(f"{API}/coverage"))
        [reason] = items(client.get(f"{API}/reasons"))
        rate = client.get(f"{API}/rate").json()

    assert (coverage["fresh"], coverage["wanted"], coverage["share"]) == (1, 2, 0.5)
    assert (reason["code"], reason["count"]) == ("not_a_film", 1)
    assert (rate["made"], rate["failed"]) == (1, 1)


def test_pictures_are_told_with_their_address(films: tuple[Household, int, list[int]]) -> None:
    with browser(films[0]) as client:
        strip = client.get(f"{API}/{films[2][0]}/frames").json()
        picture = client.get(strip["url_template"].replace("{n}", "0"))

    assert (strip["count"], strip["interval_ms"]) == (2, 10_000)
    assert picture.headers["content-type"] == "image/jpeg"


def test_previews_are_asked_for(films: tuple[Household, int, list[int]]) -> None:
    house, _, parts = films
    with browser(house) as client:
        failed = client.post(f"{API}/make", json={"states": ["failed"]}).json()
        again = client.post(f"{API}/make", json={"part_ids": [parts[0]], "again": True}).json()

    assert (failed, again) == ({"files": 1}, {"files": 1})
    assert len(house.jobs.orders) == 2


@pytest.mark.parametrize(
    ("sent", "status"),
    [({}, 422), ({"part_ids": list(range(1, 1002))}, 422), ({"colour": 1}, 400), ({"states": ["odd"]}, 400)],
)
def test_an_order_that_says_nothing_is_refused(
    house: Household, sent: dict[str, object], status: int
) -> None:
    with browser(house) as client:
        assert client.post(f"{API}/make", json=sent).status_code == status


def test_a_library_is_looked_through(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films
    with browser(house) as client:
        answer = client.post(f"{API}/libraries/{library}/check").json()
        missing = client.post(f"{API}/libraries/999/check")

    assert answer == {"job_id": f"{CHECK}:{library}", "created": True}
    assert missing.status_code == 404


def test_choices_are_read_estimated_and_changed(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films
    at = f"{API}/libraries/{library}/choices"
    with browser(house) as client:
        before = client.get(at).json()
        estimate = client.post(f"{at}/estimate", json={"width": 480}).json()
        client.patch(at, json={"width": 480, "places": ["jellyfin"]})
        client.patch(at, json={"width": None})
        client.patch(f"{API}/choices", json={"quality": 60})
        after = client.get(at).json()
        default = client.get(f"{API}/choices").json()

    assert before["own"]["width"] is None
    assert estimate == {"previews": 1, "film_seconds": 12.0, "libraries": ["Films"]}
    assert (after["own"]["width"], after["effective"]["places"]) == (None, ["jellyfin"])
    assert after["effective"]["quality"] == default["quality"] == 60


def test_a_default_leaves_nothing_open(house: Household) -> None:
    with browser(house) as client:
        answer = client.patch(f"{API}/choices", json={"width": None})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "width"


def test_a_preview_is_looked_into(films: tuple[Household, int, list[int]]) -> None:
    house, _, parts = films
    path = house.row(parts[0]).targets[0]["path"]
    with browser(house) as client:
        seen = client.get(f"{API}/inspect", params={"path": path}).json()
        outside = client.get(f"{API}/inspect", params={"path": "/etc/hostname"})

    assert (seen["kind"], seen["count"], seen["problems"]) == ("bif", 2, [])
    assert seen["record"]["film"] == "Alien.mkv"
    assert outside.status_code == 404


def test_a_viewer_reads_and_changes_nothing(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films
    with browser(house, may=[Permission.VIEW]) as client:
        read = client.get(API).status_code
        refused = [
            client.post(f"{API}/make", json={"states": ["failed"]}).status_code,
            client.patch(f"{API}/choices", json={"width": 480}).status_code,
            client.post(f"{API}/libraries/{library}/check").status_code,
            client.get(f"{API}/inspect", params={"path": "/"}).status_code,
        ]

    assert read == 200
    assert refused == [403] * 4


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "offset=-1", "sort=colour", "state=odd", "library_id=0", "text=%00"]
)
def test_a_question_that_cannot_be_is_refused(house: Household, query: str) -> None:
    with browser(house) as client:
        assert client.get(f"{API}?{query}").status_code in (400, 422)


def test_the_schedule_looks_through_every_library_with_films(house: Household) -> None:
    server = house.server(ServerKind.FOLDER)
    films = house.library(server)
    house.library(server, "Songs", LibraryKind.MUSIC)

    told = check_all(house.place, house.jobs, Run())  # type: ignore[arg-type]

    assert told == {"libraries": ["Films"]}
    assert list(house.jobs.orders) == [(CHECK, str(films))]
    assert SCHEDULES[0].kind == CHECK


def test_a_sync_is_followed_by_a_look(house: Household) -> None:
    library = house.library(house.server(ServerKind.FOLDER))

    upkeep.on_synced(house.place, house.jobs, library)  # type: ignore[arg-type]

    assert list(house.jobs.orders) == [(CHECK, str(library))]
