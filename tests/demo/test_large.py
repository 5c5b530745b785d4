"""The large library is a library to a client, page by page, and changes as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import plexapi.server
import pytest
import requests

from projectionist.demo.catalogue import Kind
from projectionist.demo.large import FIRST_DAY, LargeHouse
from tests.demo.test_contract import SERVER_CALLS, complaints

COUNT = 1_000
PlexServer: Any = plexapi.server.PlexServer


@pytest.fixture
def house() -> Iterator[LargeHouse]:
    with LargeHouse(COUNT) as opened:
        yield opened


@pytest.fixture
def client(house: LargeHouse) -> Iterator[httpx2.Client]:
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    with httpx2.Client(base_url=house.plex_url, headers=headers, timeout=10) as opened:
        yield opened


def told(client: httpx2.Client, path: str, **query: str) -> dict[str, Any]:
    container: dict[str, Any] = client.get(path, params=query).json()["MediaContainer"]
    return container


def pages(client: httpx2.Client, section: int, kind: Kind, size: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        place = {"X-Plex-Container-Start": str(len(found)), "X-Plex-Container-Size": str(size)}
        page = told(client, f"/library/sections/{section}/all", type=str(int(kind)), **place)
        found += page.get("Metadata", [])
        if len(found) >= page["totalSize"]:
            return found


def test_there_are_as_many_items_as_were_asked_for_each_once(client: httpx2.Client) -> None:
    listed = pages(client, 1, Kind.MOVIE, 64)
    assert len(listed) == 400
    for kind in (Kind.SHOW, Kind.SEASON, Kind.EPISODE):
        listed += pages(client, 2, kind, 64)
    assert sorted(int(item["ratingKey"]) for item in listed) == list(range(1, COUNT + 1))
    for name in ("guid", "title"):
        episodes = [item[name] for item in listed if item["type"] in ("movie", "show", "episode")]
        assert len(set(episodes)) == len(episodes)


def test_seasons_and_episodes_know_what_they_belong_to(client: httpx2.Client) -> None:
    by_key = {
        item["ratingKey"]: item
        for kind in (Kind.SHOW, Kind.SEASON, Kind.EPISODE)
        for item in pages(client, 2, kind, 500)
    }
    for item in by_key.values():
        if item["type"] == "season":
            assert by_key[item["parentRatingKey"]]["title"] == item["parentTitle"]
            assert item["title"] == f"Season {item['index']}"
        if item["type"] == "episode":
            season = by_key[item["parentRatingKey"]]
            assert (season["type"], season["index"]) == ("season", item["parentIndex"])
            assert season["parentRatingKey"] == item["grandparentRatingKey"]
            assert 1 <= item["index"] <= 20


def test_plexapi_reads_it(house: LargeHouse) -> None:
    with requests.Session() as session:
        server = PlexServer(house.plex_url, house.plex_token, session)
        movies, shows = server.library.sections()
        found = movies.search(container_size=150)
        assert len(found) == 400
        assert found[399].media[0].parts[0].file.endswith(f"{found[399].title}.mkv")
        assert len(shows.all()) == 14
        assert shows.searchEpisodes(maxresults=25)[24].seasonEpisode == "s02e05"


def test_pages_made_beforehand_are_the_pages_that_come(house: LargeHouse, client: httpx2.Client) -> None:
    before = pages(client, 1, Kind.MOVIE, 50)
    house.library.prepare(50, guids=False)
    assert pages(client, 1, Kind.MOVIE, 50) == before
    assert house.cpu_seconds() > 0


def test_what_was_changed_is_found_by_its_time_and_what_is_gone_is_not(
    house: LargeHouse, client: httpx2.Client
) -> None:
    assert len(pages(client, 1, Kind.MOVIE, 100)) == 400
    house.library.touch(7, FIRST_DAY + 100)
    house.library.touch(9, FIRST_DAY + 200)
    house.library.remove(9)
    house.library.remove(10)
    query = {"type": "1", "updatedAt>": str(FIRST_DAY + 50)}
    (changed,) = told(client, "/library/sections/1/all", **query)["Metadata"]
    assert (changed["ratingKey"], changed["updatedAt"]) == ("7", FIRST_DAY + 100)
    assert len(pages(client, 1, Kind.MOVIE, 100)) == 398


def test_hashes_come_in_batches(client: httpx2.Client) -> None:
    keys = ",".join(str(key) for key in range(1, 301))
    items = told(client, f"/library/metadata/{keys}/tree")["MetadataItem"]
    hashes = {item["MediaItem"][0]["MediaPart"][0]["hash"] for item in items}
    assert len(hashes) == 300
    assert {len(each) for each in hashes} == {40}


def test_a_wrong_token_and_an_unknown_address_are_refused(house: LargeHouse, client: httpx2.Client) -> None:
    assert httpx2.get(f"{house.plex_url}/library/sections").status_code == 401
    assert client.get("/library/nothing").status_code == 404
    house.faults.fail(500)
    assert client.get("/library/sections").status_code == 500


def test_its_answers_are_as_the_contract_says(client: httpx2.Client) -> None:
    for asked in ("/library/sections/1/all", "/library/sections/2/all?type=4"):
        path = SERVER_CALLS[asked if "?" in asked else "/library/sections/4/all"]
        assert path is not None
        assert set(complaints(path, client.get(asked).json())) == set()
