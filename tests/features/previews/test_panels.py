"""What the previews show on pages of others."""

from __future__ import annotations

import pytest
from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from projectionist.errors import NotAFilm
from projectionist.media.vocabulary import ServerKind
from projectionist.web.ports import Permission, WebFeature
from tests.features.previews.household import Household
from tests.features.previews.serving import browser

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the pages ask of the database is tried on both by test_keeping and test_upkeep."""


@get("/shared/{page:str}/{about:int}", include_in_schema=False, sync_to_thread=False)
def shared(page: FromPath[str], about: FromPath[int]) -> Template:
    """A page of nobody's that shows the panels of a shared one."""
    return Template(
        template_str="{{ panels(page, about or None) }}",
        context={"page": page, "about": about},
        media_type="text/html",
    )


def shown(
    house: Household, page: str, about: int = 0, may: tuple[Permission, ...] = tuple(Permission)
) -> str:
    extra = WebFeature(name="shared", handlers=(shared,))
    with browser(house, may=may, more=[extra]) as client:
        answer = client.get(f"/shared/{page}/{about}")
    assert answer.status_code == 200
    return str(answer.text)


@pytest.fixture
def films(house: Household) -> tuple[Household, list[int]]:
    house.film("Alien.mkv")
    house.film("Broken.mkv").write_bytes(b"no film at all" * 100)
    library = house.library(house.server(ServerKind.FOLDER))
    parts = [part for name in ("Alien", "Broken") for part in house.item(library, f"/data/{name}.mkv")]
    house.check(library)
    with pytest.raises(NotAFilm):
        house.work()
    return house, parts


def test_failed_previews_need_somebody_who_may_act(films: tuple[Household, list[int]]) -> None:
    house, _ = films

    assert "1 preview failed" in shown(house, "needs")
    assert shown(house, "needs", may=(Permission.VIEW,)).strip() == ""


def test_nothing_is_needed_where_nothing_failed(house: Household) -> None:
    assert shown(house, "needs").strip() == ""
    assert shown(house, "home").strip() == ""


def test_coverage_stands_on_home(films: tuple[Household, list[int]]) -> None:
    assert "50%" in shown(films[0], "home")


def test_an_item_shows_its_filmstrip(films: tuple[Household, list[int]]) -> None:
    house, parts = films
    item = house.row(parts[0]).item_id

    page = shown(house, "item", item)

    assert f'data-filmstrip="/previews/parts/{parts[0]}/frames.json"' in page
    assert "Make again" in page


def test_an_item_whose_preview_failed_says_why(films: tuple[Household, list[int]]) -> None:
    house, parts = films

    page = shown(house, "item", house.row(parts[1]).item_id)

    assert "data-filmstrip=" not in page
    assert "is no film that can be opened" in page
    assert "Try again" in page


def test_an_item_without_files_has_no_panel(house: Household) -> None:
    assert shown(house, "item", 7).strip() == ""
