"""The demo house fails as it is told, and works again afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from projectionist.demo.house import DemoHouse

ALL = "/library/sections/1/all"


@pytest.fixture
def client(house: DemoHouse) -> Iterator[httpx2.Client]:
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    with httpx2.Client(base_url=house.plex_url, headers=headers, timeout=5) as opened:
        yield opened


def works(client: httpx2.Client) -> bool:
    return len(client.get(ALL).json()["MediaContainer"]["Metadata"]) == 8


def test_an_error_lasts_as_often_as_it_was_asked_for(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.fail(503, times=2)
    assert [client.get(ALL).status_code for _ in range(3)] == [503, 503, 200]


def test_only_the_paths_that_are_meant_fail(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.fail(500, path="/library/sections/*/all")
    assert (client.get(ALL).status_code, client.get("/library/sections").status_code) == (500, 200)
    house.faults.clear()
    assert works(client)


def test_an_answer_is_cut_in_the_middle(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.truncate(100, times=1)
    with pytest.raises(httpx2.RemoteProtocolError, match="100 bytes"):
        client.get(ALL)
    assert works(client)


def test_a_connection_is_dropped(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.drop(times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get(ALL)
    assert works(client)


def test_an_answer_is_late(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.slow(0.3, path=ALL)
    before = time.monotonic()
    assert works(client)
    assert time.monotonic() - before >= 0.3
    with pytest.raises(httpx2.ReadTimeout):
        client.get(ALL, timeout=0.1)


def test_a_request_that_hangs_goes_on_when_all_is_cleared(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.hang()
    with pytest.raises(httpx2.ReadTimeout):
        client.get(ALL, timeout=0.1)
    house.faults.clear()
    assert works(client)


def test_a_house_closes_though_requests_hang(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.hang()
    with pytest.raises(httpx2.ReadTimeout):
        client.get(ALL, timeout=0.1)
    before = time.monotonic()
    house.close()
    assert time.monotonic() - before < 10
    with pytest.raises(httpx2.ConnectError):
        client.get(ALL)


def test_every_token_is_refused(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.refuse_token()
    refused = client.get(ALL)
    assert (refused.status_code, refused.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert client.get(ALL, params={"X-Plex-Token": house.plex_token}).status_code == 401
    house.faults.clear()
    assert works(client)


def test_an_answer_is_no_json(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.answer(b"<html>Welcome to the hotel's network</html>", "text/html", times=1)
    assert "hotel" in client.get(ALL).text
    assert works(client)


def test_an_answer_lacks_what_it_should_have(house: DemoHouse, client: httpx2.Client) -> None:
    def without_keys(answer: Any) -> Any:
        for item in answer["MediaContainer"]["Metadata"]:
            del item["ratingKey"]
        return answer

    house.faults.alter(without_keys, path=ALL, times=1)
    first = client.get(ALL).json()["MediaContainer"]["Metadata"][0]
    assert "ratingKey" not in first
    assert first["title"] == "Café Minuit"
    assert works(client)


def test_an_answer_may_lie_about_how_much_there_is(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.alter(lambda answer: {"MediaContainer": {**answer["MediaContainer"], "totalSize": 9_000}})
    assert client.get(ALL).json()["MediaContainer"]["totalSize"] == 9_000


def test_requests_are_remembered_without_their_tokens(house: DemoHouse, client: httpx2.Client) -> None:
    house.faults.forget()
    client.get(ALL, params={"X-Plex-Token": house.plex_token, "type": "1"})
    (seen,) = house.faults.seen
    assert (seen.method, seen.path, seen.query) == ("GET", ALL, "type=1")
    assert house.plex_token not in json.dumps(str(house.faults.seen))


def test_plex_tv_fails_by_itself(house: DemoHouse, client: httpx2.Client) -> None:
    house.plex_tv_faults.fail(502)
    headers = {"X-Plex-Token": house.plex_token}
    assert httpx2.get(f"{house.plex_tv_url}/api/v2/user", headers=headers).status_code == 502
    assert works(client)
