"""The simulated plex.tv, in JSON, as an application of today asks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from projectionist.demo.house import DemoHouse


@pytest.fixture
def client(house: DemoHouse) -> Iterator[httpx2.Client]:
    headers = {"X-Plex-Client-Identifier": "test", "Accept": "application/json"}
    with httpx2.Client(base_url=house.plex_tv_url, headers=headers, timeout=5) as opened:
        yield opened


def as_(house: DemoHouse, name: str) -> dict[str, str]:
    return {"X-Plex-Token": house.state.person(name).token}


def test_signing_in_goes_by_a_pin_that_somebody_claims_on_a_page(
    house: DemoHouse, client: httpx2.Client
) -> None:
    made = client.post("/api/v2/pins", params={"strong": "true"})
    pin = made.json()
    assert (made.status_code, len(pin["code"]), pin["authToken"]) == (201, 25, None)
    assert pin["expiresIn"] > 1_700
    assert client.get(f"/api/v2/pins/{pin['id']}").json()["authToken"] is None
    page = client.get("/auth")
    assert page.headers["content-type"].startswith("text/html")
    farouk = house.state.person("Farouk")
    assert f'value="{farouk.id}">Farouk<' in page.text
    assert client.post("/auth/claim", data={"code": pin["code"], "person": str(farouk.id)}).status_code == 204
    assert client.get(f"/api/v2/pins/{pin['id']}").json()["authToken"] == farouk.token


def test_a_code_that_nobody_was_given_is_claimed_by_nobody(house: DemoHouse, client: httpx2.Client) -> None:
    pin = client.post("/api/v2/pins").json()
    owner = str(house.state.owner.id)
    for form in ({"code": "none", "person": owner}, {"code": pin["code"], "person": "7"}, {}):
        assert client.post("/auth/claim", data=form).status_code == 404
    assert client.get(f"/api/v2/pins/{pin['id']}").json()["authToken"] is None
    assert client.get("/api/v2/pins/7").status_code == 404


def test_a_pin_needs_an_application(house: DemoHouse) -> None:
    refused = httpx2.post(f"{house.plex_tv_url}/api/v2/pins")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["message"] == "X-Plex-Client-Identifier is missing"


def test_nobody_is_known_without_a_token(client: httpx2.Client) -> None:
    for path in ("/api/v2/user", "/api/v2/resources", "/api/users", "/library/sections/watchlist/all"):
        refused = client.get(path)
        assert refused.status_code == 401
        assert refused.json() == {
            "errors": [{"code": 1001, "message": "User could not be authenticated", "status": 401}]
        }


def test_everybody_learns_who_they_are_and_which_server_they_may_use(
    house: DemoHouse, client: httpx2.Client
) -> None:
    told: dict[str, Any] = client.get("/api/v2/user", headers=as_(house, "Lina")).json()
    assert (told["username"], told["restricted"], told["homeAdmin"]) == ("Lina", True, False)
    (resource,) = client.get("/api/v2/resources", headers=as_(house, "Farouk")).json()
    assert (resource["owned"], resource["sourceTitle"], resource["ownerId"]) == (False, "Marlene", 20_240_301)
    assert resource["accessToken"] == house.state.person("Farouk").token
    assert resource["connections"][0]["uri"] == house.plex_url


def test_only_the_owner_learns_who_else_there_is(house: DemoHouse, client: httpx2.Client) -> None:
    told = client.get("/api/users", headers=as_(house, "Marlene")).json()["MediaContainer"]
    assert [user["title"] for user in told["User"]] == ["Otto", "Lina", "Farouk"]
    assert told["User"][2]["Server"][0]["numLibraries"] == 1
    assert client.get("/api/users", headers=as_(house, "Otto")).json()["MediaContainer"]["size"] == 0
    home = client.get("/api/v2/home/users", headers=as_(house, "Otto")).json()
    assert [user["title"] for user in home["users"]] == ["Marlene", "Otto", "Lina"]


def test_a_watchlist_is_ones_own_and_newest_first(house: DemoHouse, client: httpx2.Client) -> None:
    def wanted(name: str) -> list[str]:
        told = client.get("/library/sections/watchlist/all", headers=as_(house, name)).json()[
            "MediaContainer"
        ]
        return [item["title"] for item in told.get("Metadata", [])]

    assert [wanted(name) for name in ("Marlene", "Otto", "Lina")] == [
        ["Reel Change", "Night Shift"],
        ["Café Minuit"],
        [],
    ]
