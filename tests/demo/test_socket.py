"""The notification socket tells what happens, as it happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from projectionist.demo.house import DemoHouse

PATH = "/:/websockets/notifications"


@pytest.fixture
def socket(house: DemoHouse) -> Iterator[ClientConnection]:
    address = house.plex_url.replace("http", "ws") + PATH
    with connect(address, additional_headers={"X-Plex-Token": house.plex_token}) as opened:
        yield opened


def told(socket: ClientConnection) -> dict[str, Any]:
    container: dict[str, Any] = json.loads(socket.recv(timeout=5))["NotificationContainer"]
    return container


def test_a_film_that_is_played_is_told_of(house: DemoHouse, socket: ClientConnection) -> None:
    session = house.state.play(house.state.owner, 4)
    first = told(socket)
    (entry,) = first["PlaySessionStateNotification"]
    assert (first["type"], first["size"]) == ("playing", 1)
    assert (entry["sessionKey"], entry["ratingKey"], entry["state"]) == (str(session.key), "4", "playing")
    house.state.advance(3)
    assert told(socket)["PlaySessionStateNotification"][0]["viewOffset"] == 3_000
    house.state.pause(session)
    assert told(socket)["PlaySessionStateNotification"][0]["state"] == "paused"
    house.state.stop(session)
    assert told(socket)["PlaySessionStateNotification"][0]["state"] == "stopped"


def test_what_comes_goes_and_changes_in_the_library_is_told_of(
    house: DemoHouse, socket: ClientConnection
) -> None:
    house.state.rename(8, "Café Midi")
    changed = told(socket)["TimelineEntry"][0]
    assert (changed["itemID"], changed["sectionID"], changed["title"], changed["state"]) == (
        "8",
        "1",
        "Café Midi",
        5,
    )
    house.state.remove(8)
    gone = told(socket)["TimelineEntry"][0]
    assert (gone["itemID"], gone["state"], gone["metadataState"]) == ("8", 9, "deleted")


def test_a_scan_is_an_activity(house: DemoHouse, socket: ClientConnection) -> None:
    httpx2.get(f"{house.plex_url}/library/sections/2/refresh", headers={"X-Plex-Token": house.plex_token})
    begun, ended = told(socket), told(socket)
    assert [each["ActivityNotification"][0]["event"] for each in (begun, ended)] == ["started", "ended"]
    assert begun["ActivityNotification"][0]["Activity"]["Context"] == {"librarySectionID": "2"}


def test_several_listen_and_one_may_leave(house: DemoHouse, socket: ClientConnection) -> None:
    address = house.plex_url.replace("http", "ws") + f"{PATH}?X-Plex-Token={house.plex_token}"
    with connect(address) as other:
        assert house.state.announcements.wait_for_listeners(2, 5)
        house.state.play(house.state.owner, 1)
        assert told(socket)["type"] == told(other)["type"] == "playing"
    assert house.state.announcements.wait_for_listeners(1, 5)
    house.state.advance(1)
    assert told(socket)["type"] == "playing"


def test_nobody_listens_without_a_token(house: DemoHouse) -> None:
    with pytest.raises(InvalidStatus, match="401"), connect(house.plex_url.replace("http", "ws") + PATH):
        pass


def test_a_closing_house_lets_its_listeners_go(house: DemoHouse, socket: ClientConnection) -> None:
    house.close()
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=5)


def test_the_script_plays_by_the_clock(house: DemoHouse, socket: ClientConnection) -> None:
    house.script.start()
    told_of = {told(socket)["PlaySessionStateNotification"][0]["sessionKey"] for _ in range(3)}
    assert told_of == {"1", "2", "3"}


def test_a_socket_that_is_made_to_fail_is_refused_and_works_again(house: DemoHouse) -> None:
    address = house.plex_url.replace("http", "ws") + f"{PATH}?X-Plex-Token={house.plex_token}"
    house.faults.fail(500, times=1)
    with pytest.raises(InvalidStatus), connect(address):
        pass
    house.faults.drop(times=1)
    with pytest.raises(InvalidMessage), connect(address):
        pass
    house.faults.truncate(10)
    with connect(address) as opened:
        house.state.play(house.state.owner, 1)
        assert told(opened)["type"] == "playing"
