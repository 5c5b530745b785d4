"""plex.tv as one that says who somebody is: against the demo's own, and against one that answers wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from projectionist.demo.house import DemoHouse
from projectionist.errors import ServerAnswerWrong, ServerLacks, ServerRefused, ServerUnreachable
from projectionist.integrations.connecting import plex_sign_in
from projectionist.integrations.plex.signing_in import PlexSignIn
from projectionist.media.identity import SIMULATED, Household, Pin, Proven
from tests.demo.houses import house, house_media
from tests.kit.loopback import Loopback, Reply, says

__all__ = ["house", "house_media"]

PIN_LASTS = timedelta(minutes=30)
PIN = {"id": 5, "code": "abcde12345", "expiresIn": 1800, "authToken": None}


@pytest.fixture
def demo(house: DemoHouse) -> Iterator[PlexSignIn]:
    opened = plex_sign_in(client_id="test", url=house.plex_tv_url, issuer=SIMULATED)
    yield opened
    opened.close()


def machine_of(house: DemoHouse) -> str:
    told = httpx2.get(f"{house.plex_url}/identity", headers={"Accept": "application/json"}).json()
    return str(told["MediaContainer"]["machineIdentifier"])


def test_a_pin_that_is_claimed_tells_who_somebody_is(house: DemoHouse, demo: PlexSignIn) -> None:
    pin = demo.begin()
    assert len(pin.code) == 25
    assert demo.claimed(pin) is None
    link = demo.link(pin, "http://127.0.0.1:8480/sign-in/plex")
    assert link.startswith(f"{house.plex_tv_url}/auth#?clientID=test&code={pin.code}&")
    assert link.endswith("forwardUrl=http%3A%2F%2F127.0.0.1%3A8480%2Fsign-in%2Fplex")
    lina = house.state.person("Lina")
    httpx2.post(f"{house.plex_tv_url}/auth/claim", data={"code": pin.code, "person": str(lina.id)})
    token = demo.claimed(pin)
    assert token == lina.token
    assert demo.person(token) == Proven(SIMULATED, str(lina.id), "Lina")


def test_the_owners_token_tells_who_may_use_the_server_and_nobody_elses_does(
    house: DemoHouse, demo: PlexSignIn
) -> None:
    people = {name: house.state.person(name) for name in ("Marlene", "Otto", "Lina", "Farouk")}
    ids = {name: str(person.id) for name, person in people.items()}
    machine = machine_of(house)
    assert demo.household(people["Marlene"].token, machine) == Household(
        ids["Marlene"], {ids["Otto"]: False, ids["Lina"]: True, ids["Farouk"]: False}
    )
    for token, asked in ((people["Farouk"].token, machine), (people["Marlene"].token, "another-machine")):
        with pytest.raises(ServerRefused, match="owner"):
            demo.household(token, asked)
    with pytest.raises(ServerRefused):
        demo.person("no-token-of-anybody")


def test_the_real_plex_tv_leads_people_to_its_own_page() -> None:
    real = plex_sign_in(client_id="test")
    assert real.issuer == "https://plex.tv"
    pin = Pin(5, "abcde12345", PIN_LASTS)
    assert real.link(pin, "https://films.example.org/x?a=b&c").startswith(
        "https://app.plex.tv/auth#?clientID=test&code=abcde12345&context%5Bdevice%5D%5Bproduct%5D=Projectionist"
        "&forwardUrl=https%3A%2F%2Ffilms.example.org%2Fx%3Fa%3Db%26c"
    )
    real.close()


@pytest.fixture
def answering() -> Iterator[Callable[..., PlexSignIn]]:
    """Makes a client whose plex.tv gives these answers, the last one for ever."""
    opened: list[Any] = []

    def make(*replies: Reply) -> PlexSignIn:
        server = Loopback(*replies)
        server.__enter__()
        client = plex_sign_in(client_id="test", url=server.url)
        opened.append((server, client))
        return client

    yield make
    for server, client in opened:
        client.close()
        server.__exit__()


def json(told: object) -> Reply:
    return says(msgspec.json.encode(told))


@pytest.mark.parametrize(
    "told",
    [
        {},
        [],
        {**PIN, "id": 0},
        {**PIN, "id": 2**70},
        {**PIN, "code": "a&b=c"},
        {**PIN, "code": "x" * 5000},
        {**PIN, "code": None},
        {**PIN, "expiresIn": -1},
        {**PIN, "expiresIn": 10**9},
        {**PIN, "authToken": "two words\r\nX-Evil: 1"},
        {**PIN, "authToken": "x" * 5000},
        {**PIN, "authToken": {"a": 1}},
    ],
)
def test_a_pin_that_is_none_is_not_taken(answering: Callable[..., PlexSignIn], told: object) -> None:
    with pytest.raises(ServerAnswerWrong):
        answering(json(told)).begin()


def test_another_pin_than_the_one_asked_for_is_not_taken(answering: Callable[..., PlexSignIn]) -> None:
    for change in ({"id": 6}, {"code": "anotherone"}):
        told = {**PIN, **change, "authToken": "a-token-of-somebody-else"}
        with pytest.raises(ServerAnswerWrong, match="another pin"):
            answering(json(told)).claimed(Pin(5, "abcde12345", PIN_LASTS))


def test_a_pin_that_is_over_is_told_apart_from_one_that_cannot_be_asked_for(
    answering: Callable[..., PlexSignIn],
) -> None:
    pin = Pin(5, "abcde12345", PIN_LASTS)
    with pytest.raises(ServerLacks):
        answering(says(b"{}", "404 Not Found")).claimed(pin)
    with pytest.raises(ServerAnswerWrong):
        answering(says(b"<html>", kind="text/html")).claimed(pin)
    with pytest.raises(ServerUnreachable):
        plex_sign_in(client_id="test", url="http://127.0.0.1:1").claimed(pin)


@pytest.mark.parametrize("told", [{}, {"id": 0}, {"id": "x"}, {"username": "Eve"}, {"id": None}])
def test_nobody_is_known_without_a_number(answering: Callable[..., PlexSignIn], told: object) -> None:
    with pytest.raises(ServerAnswerWrong):
        answering(json(told)).person("a-token-of-somebody")


RESOURCES = [{"clientIdentifier": "m1", "owned": True}]
XML = b"""<?xml version="1.0"?><MediaContainer machineIdentifier="m1">
<User id="11" title="Farouk" restricted="0"><Server id="1" machineIdentifier="m1"/></User>
<User id="12" title="Lina" restricted="1"><Server id="2" machineIdentifier="m1"/></User>
<User id="13" title="Eve" restricted="0"><Server id="3" machineIdentifier="another"/></User>
<User id="14" title="Mallory" restricted="0"/></MediaContainer>"""


def test_the_friends_are_read_from_xml_too_and_only_those_of_this_server_count(
    answering: Callable[..., PlexSignIn],
) -> None:
    home = says(b"{}", "404 Not Found")
    client = answering(json(RESOURCES), json({"id": 1}), says(XML, kind="application/xml"), home)
    assert client.household("the-owners-token", "m1") == Household("1", {"11": False, "12": True})


@pytest.mark.parametrize(
    "friends",
    [
        says(b'<!DOCTYPE x [<!ENTITY a "b">]><MediaContainer/>', kind="text/xml"),
        says(XML[:-30], kind="text/xml"),
        says(b'<MediaContainer><User title="nobody"/></MediaContainer>', kind="text/xml"),
        json({"MediaContainer": {"User": [{"title": "nobody"}]}}),
        json([]),
    ],
)
def test_a_list_that_is_broken_lets_nobody_in(answering: Callable[..., PlexSignIn], friends: Reply) -> None:
    client = answering(json(RESOURCES), json({"id": 1}), friends, json({"users": []}))
    with pytest.raises(ServerAnswerWrong):
        client.household("the-owners-token", "m1")
