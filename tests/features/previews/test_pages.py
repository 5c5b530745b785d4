"""The pages of previews: coverage, lists with reasons and actions, choices, pictures, a look into any preview."""

from __future__ import annotations

import csv
import io

import pytest

from projectionist.errors import NotAFilm
from projectionist.features.previews import upkeep
from projectionist.frames import jpeg
from projectionist.media.vocabulary import ServerKind
from projectionist.web.ports import Permission
from tests.features.previews.household import Household
from tests.features.previews.serving import browser

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the pages ask of the database is tried on both by test_keeping and test_upkeep."""


@pytest.fixture
def films(house: Household) -> tuple[Household, int, list[int]]:
    """A library with a preview, a film that cannot be read, and one that is not there."""
    house.film("Alien.mkv")
    house.film("Broken.mkv").write_bytes(b"no film at all" * 100)
    library = house.library(house.server(ServerKind.FOLDER))
    names = ("Alien", "Broken", "Gone")
    parts = [part for name in names for part in house.item(library, f"/data/{name}.mkv")]
    house.check(library)
    with pytest.raises(NotAFilm):
        house.work()
    house.work()
    return house, library, parts


def test_the_page_shows_coverage_states_and_reasons(films: tuple[Household, int, list[int]]) -> None:
    with browser(films[0]) as client:
        page = client.get("/previews")

    assert page.status_code == 200
    assert "33%" in page.text
    assert "Alien.mkv" in page.text
    assert "is no film that can be opened" in page.text
    assert "mount its disk" in page.text
    assert "Choices" in page.text


def test_filters_narrow_the_list(films: tuple[Household, int, list[int]]) -> None:
    with browser(films[0]) as client:
        page = client.get("/previews?state=failed&q=broken")

    assert f'id="preview-{films[2][1]}"' in page.text
    assert f'id="preview-{films[2][0]}"' not in page.text
    assert "Make this 1 now" in page.text


def test_a_page_without_libraries_says_what_to_do(house: Household) -> None:
    with browser(house) as client:
        page = client.get("/previews")

    assert "Connect a server or a folder" in page.text


def test_a_viewer_sees_no_action_and_may_take_none(films: tuple[Household, int, list[int]]) -> None:
    with browser(films[0], may=[Permission.VIEW]) as client:
        page = client.get("/previews")
        refused = [client.get(path).status_code for path in ("/previews/settings", "/previews/view")]
        refused.append(client.post("/previews/make", data={"ids": films[2][0]}).status_code)

    assert page.status_code == 200
    assert "Make now" not in page.text
    assert refused == [403, 403, 403]


def test_ticked_previews_are_asked_for(films: tuple[Household, int, list[int]]) -> None:
    house, _, parts = films
    with browser(house) as client:
        answer = client.post("/previews/make", data={"ids": parts[1]}, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/previews")
    [order] = house.jobs.orders.values()
    assert (order.kind, order.asked_by) == ("previews.make", "ada")


def test_what_the_filters_show_can_be_asked_for_as_a_whole(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films
    with browser(house) as client:
        answer = client.post(
            "/previews/make", data={"state": "failed", "library": library}, follow_redirects=False
        )

    assert answer.headers["location"] == f"/previews?state=failed&library={library}"
    assert len(house.jobs.orders) == 1


def test_choices_are_saved_after_their_cost_was_told(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films
    form = {"enabled": "", "interval_s": "4", "width": "", "quality": "", "mode": "", "folder": ""}
    with browser(house) as client:
        shown = client.get(f"/previews/libraries/{library}")
        told = client.post(f"/previews/libraries/{library}/estimate", data=form)
        saved = client.post(f"/previews/libraries/{library}", data=form, follow_redirects=False)

    assert shown.status_code == 200
    assert "Saving makes 1 preview anew" in told.text
    assert saved.status_code == 303
    assert upkeep.choices(house.place, library).own["interval_ms"] == 4_000


def test_a_wrong_choice_is_told_beside_its_field(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films
    with browser(house) as client:
        page = client.post(f"/previews/libraries/{library}", data={"width": "321"})

    assert page.status_code == 422
    assert 'id="width-error"' in page.text
    assert 'value="321"' in page.text
    assert upkeep.choices(house.place, library).own["width"] is None


def test_the_default_is_saved_for_all(films: tuple[Household, int, list[int]]) -> None:
    house, _, _ = films
    form = {
        "enabled": "yes",
        "interval_s": "2.5",
        "width": "240",
        "quality": "70",
        "mode": "keyframe",
        "places": ["folder", "jellyfin"],
    }
    with browser(house) as client:
        assert client.get("/previews/settings").status_code == 200
        client.post("/previews/settings", data=form)

    found = upkeep.default(house.place)
    assert (found.interval_ms, found.width, found.places) == (2_500, 240, ("folder", "jellyfin"))


def test_a_library_is_looked_through_on_demand(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films
    with browser(house) as client:
        client.post(f"/previews/libraries/{library}/check", data={"x": "1"})

    assert [order.kind for order in house.jobs.orders.values()] == ["previews.check"]


def test_the_list_is_exported_without_formulas(films: tuple[Household, int, list[int]]) -> None:
    house, library, _ = films
    house.film("=cmd.mkv")
    house.item(library, "=/data/=cmd.mkv")
    house.check(library)
    with browser(house) as client:
        table = list(csv.DictReader(io.StringIO(client.get("/previews/export").text)))
        listed = client.get("/previews/export?form=json&state=failed").json()

    assert [row["state"] for row in table] == ["fresh", "failed", "waiting", "waiting"]
    assert table[3]["path"] == "'=/data/=cmd.mkv"
    assert [row["state"] for row in listed] == ["failed"]


def test_pictures_come_as_jpegs_that_browsers_keep(films: tuple[Household, int, list[int]]) -> None:
    house, _, parts = films
    with browser(house, base_path="/house") as client:
        strip = client.get(f"/previews/parts/{parts[0]}/frames.json").json()
        address = strip["url_template"].replace("{n}", "1")
        picture = client.get(address.removeprefix("/house"))
        tag = picture.headers["etag"]
        again = client.get(address.removeprefix("/house"), headers={"if-none-match": f"W/{tag}"})

    assert (strip["count"], strip["interval_ms"], strip["width"]) == (2, 10_000, 320)
    assert address.startswith(f"/house/previews/parts/{parts[0]}/frames/1.jpg?v=")
    assert jpeg.dimensions(picture.content) == (320, 180)
    assert "immutable" in picture.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["2.jpg", "99999999999.jpg", "-1.jpg", "x.jpg", "1.png", "1"])
def test_a_picture_that_is_not_there_is_not_found(films: tuple[Household, int, list[int]], name: str) -> None:
    with browser(films[0]) as client:
        assert client.get(f"/previews/parts/{films[2][0]}/frames/{name}").status_code == 404


def test_a_part_without_a_preview_has_no_pictures(films: tuple[Household, int, list[int]]) -> None:
    with browser(films[0]) as client:
        strips = [client.get(f"/previews/parts/{part}/frames.json").json() for part in (films[2][1], 999)]
        assert client.get("/previews/parts/999/frames/0.jpg").status_code == 404

    assert [strip["count"] for strip in strips] == [0, 0]


def test_any_preview_below_a_root_can_be_looked_into(films: tuple[Household, int, list[int]]) -> None:
    house, _, parts = films
    path = house.row(parts[0]).targets[0]["path"]
    with browser(house) as client:
        page = client.get("/previews/view", params={"path": path})
        strip = client.get("/previews/view/frames.json", params={"path": path}).json()
        picture = client.get(strip["url_template"].replace("{n}", "0"))

    assert "It is whole" in page.text
    assert "Alien.mkv" in page.text
    assert picture.headers["content-type"] == "image/jpeg"


def test_a_path_outside_the_roots_is_told_and_not_opened(films: tuple[Household, int, list[int]]) -> None:
    with browser(films[0]) as client:
        page = client.get("/previews/view", params={"path": "/etc/hostname"})
        picture = client.get("/previews/view/frames/0.jpg", params={"path": "/etc/hostname"})

    assert page.status_code == 404
    assert "below none of them" in page.text
    assert picture.status_code == 404


def test_a_wall_of_posters_asks_by_the_share_of_the_film(films: tuple[Household, int, list[int]]) -> None:
    house, _, parts = films
    item = house.row(parts[0]).item_id
    with browser(house) as client:
        first, last = (client.get(f"/previews/items/{item}/at.jpg?at={at}") for at in ("0", "1"))
        same = client.get(f"/previews/parts/{parts[0]}/at.jpg?at=0.2")
        beyond = client.get(f"/previews/items/{item}/at.jpg?at=2")
        none = client.get(f"/previews/items/{house.row(parts[1]).item_id}/at.jpg?at=0")

    assert first.content == same.content != last.content
    assert (beyond.status_code, none.status_code) == (400, 404)
