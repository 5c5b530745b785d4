"""Live streams: who hears what, from when, until when."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from projectionist.features.accounts import identify
from projectionist.web import live
from projectionist.web.config import ShellSettings
from projectionist.web.ports import ReadinessCheck
from tests.serving import served
from tests.web.house import House


class Listener:
    """An open stream, read line by line."""

    def __init__(self, address: str, who: str, after: str = "") -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        headers = {"cookie": f"who={who}", "accept-encoding": "gzip, br"}
        if after:
            headers["last-event-id"] = after
        self._connection.request("GET", "/events", headers=headers)
        self.answer = self._connection.getresponse()

    def message(self) -> dict[str, str]:
        """The next message, as its fields; empty where the stream ended."""
        fields: dict[str, str] = {}
        while line := self.answer.readline().decode().rstrip("\r\n"):
            if not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
        return fields

    def topics(self, count: int) -> list[Any]:
        """The topics of the next messages."""
        return [json.loads(self.message()["data"])["topic"] for _ in range(count)]

    def close(self) -> None:
        """Go away."""
        self.answer.close()
        self._connection.close()


Listen = Callable[..., Listener]
HEADROOM = 5


def until(happened: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    ends = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < ends, "It did not happen"
        time.sleep(0.01)


@pytest.fixture
def house(request: pytest.FixtureRequest) -> House:
    return House(settings=getattr(request, "param", ShellSettings(event_streams_per_person=300)))


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with served(house.app()) as where:
        yield where


@pytest.fixture
def listen(address: str) -> Iterator[Listen]:
    """Opens streams, `listen("ada")`, and closes them at the end."""
    with ExitStack() as stack:

        def opened(who: str, after: str = "") -> Listener:
            listener = Listener(address, who, after)
            stack.callback(listener.close)
            return listener

        yield opened


def test_each_hears_only_what_they_may(house: House, listen: Listen) -> None:
    ada, ben = listen("ada"), listen("ben")
    assert ada.message()["event"] == ben.message()["event"] == "ready"
    house.events.publish("settings", permission="manage_settings")
    house.events.publish("mine", person=1)
    house.events.publish("unheard-of", permission="not_a_permission")
    house.events.publish("jobs", {"id": "j1"})
    assert ada.topics(3) == ["settings", "mine", "jobs"]
    assert ben.topics(1) == ["jobs"]
    assert "content-encoding" not in ada.answer.headers
    assert ada.answer.headers["content-type"].startswith("text/event-stream")


def test_a_stream_goes_on_after_the_event_that_was_seen_last(house: House, listen: Listen) -> None:
    for topic in ("one", "two", "three"):
        house.events.publish(topic)
    house.events.publish("secret", permission="manage_settings")
    back = listen("ben", after="1")
    back.message()
    assert back.topics(2) == ["two", "three"]
    house.events.publish("four")
    assert back.topics(1) == ["four"]


def test_who_was_away_for_longer_than_events_are_kept_loads_the_page_anew(
    house: House, listen: Listen
) -> None:
    for topic in ("one", "two", "three", "four"):
        house.events.publish(topic)
    house.events.forget(2)
    late, in_time = listen("ada", after="1"), listen("ada", after="2")
    assert [late.message()["event"] for _ in range(2)] == ["ready", "stale"]
    in_time.message()
    assert in_time.topics(2) == ["three", "four"]
    house.events.publish("five")
    assert late.topics(1) == in_time.topics(1) == ["five"]


def test_a_stream_ends_within_five_seconds_of_signing_out(house: House, listen: Listen) -> None:
    ada = listen("ada")
    ada.message()
    signed_out = time.monotonic()
    del house.people.known["ada"]
    assert ada.message() == {}
    assert time.monotonic() - signed_out < 5 * HEADROOM


def test_one_is_asked_anew_often_enough_to_end_in_five_seconds() -> None:
    assert live.ASK_AGAIN_S + identify.FRESH_S < 5


@pytest.mark.parametrize("house", [ShellSettings(event_streams=3, event_streams_per_person=2)], indirect=True)
def test_a_person_has_so_many_streams_and_no_more(house: House, listen: Listen) -> None:
    first, second, refused = listen("ada"), listen("ada"), listen("ada")
    assert (refused.answer.status, refused.answer.headers["retry-after"]) == (429, "15")
    assert b"event_streams_per_person" in refused.answer.read()
    assert (second.message()["event"], listen("ben").answer.status) == ("ready", 200)
    assert listen("ben").answer.status == 429  # three in all
    first.close()
    until(lambda: house.shell().live.open_streams < 3)
    assert listen("ada").answer.status == 200


def test_nobody_gets_no_stream(listen: Listen) -> None:
    assert listen("nobody").answer.status == 401


def test_a_browser_that_does_not_read_is_told_to_load_its_page_anew(house: House, listen: Listen) -> None:
    ada = listen("ada")
    ada.message()
    streams = house.shell().live
    assert streams.open_streams == 1
    blob = "x" * 20_000
    for _ in range(2500):
        house.events.publish("jobs", {"blob": blob})
    house.events.publish("end")
    events = []
    while (message := ada.message()).get("data", "").find('"end"') < 0:
        events.append(message.get("event", ""))
        if events[-1] == "stale":
            house.events.publish("end")  # what waited gave way to this word, the first end perhaps too
    assert "stale" in events
    assert len(events) < 2500


def test_two_hundred_streams_all_hear_and_health_stays_quick(
    house: House, address: str, listen: Listen
) -> None:
    with ThreadPoolExecutor(16) as pool:
        listeners = list(pool.map(lambda _: listen("ada"), range(200)))
    for listener in listeners:
        listener.message()
    house.events.publish("jobs")
    assert all(listener.topics(1) == ["jobs"] for listener in listeners)
    began = time.monotonic()
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
    connection.request("GET", "/health/live")
    with connection.getresponse() as answer:
        assert answer.status == 200
    assert time.monotonic() - began < 5
    connection.close()


def test_stopping_ends_open_streams_within_two_seconds() -> None:
    house = House()
    with served(house.app()) as address:
        ada = Listener(address, "ada")
        ada.message()
        reading = threading.Thread(target=ada.message)
        reading.start()
        began = time.monotonic()
    assert time.monotonic() - began < 2 * HEADROOM
    reading.join(60)
    assert not reading.is_alive()
    ada.close()


def test_stopping_does_not_wait_for_a_thread_that_a_dead_server_holds() -> None:
    asked, answered = threading.Event(), threading.Event()

    def probe() -> None:
        asked.set()
        answered.wait(30)

    house = House(readiness=[ReadinessCheck("server", probe)])
    with served(house.app()) as address:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        connection.request("GET", "/health/ready")
        assert asked.wait(60)
        began = time.monotonic()
    assert time.monotonic() - began < 2 * HEADROOM
    answered.set()
    connection.close()
