"""Several processes serve pages from one socket: at once, with one count and one stream of events, and end as one."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from projectionist.app import House
from projectionist.db.engine import Database, sqlite_url
from projectionist.jobs.queries import nodes
from projectionist.kit.secrets import Vault, load_key
from projectionist.settings import load_settings
from tests.demo.houses import house_media
from tests.integrations.test_error_reports import Service
from tests.kit.loopback import Loopback
from tests.recovery.houses_under_fire import UnderFire, under_fire, until

__all__ = ["house_media"]

PROCESSES = 3
AT_ONCE = 8
BEGIN_S = 180.0
END_S = 10.0
SEARCHES = 5

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def house(house_media: Path, tmp_path: Path) -> Iterator[UnderFire]:
    (tmp_path / "films").mkdir()
    os.link(next(house_media.rglob("*.mkv")), tmp_path / "films/Film (2020).mkv")
    settings = {"PROJECTIONIST_PAGE_RATE": str(SEARCHES), "PROJECTIONIST_EVENT_STREAMS_PER_PERSON": "900"}
    with under_fire(tmp_path, setup={"media": str(tmp_path / "films")}, settings=settings) as opened:
        yield opened


def begun(house: UnderFire) -> list[psutil.Process]:
    """The processes that serve pages, once all take part: the service's own, and those beside it."""
    until(house.answers, BEGIN_S, "The start")
    until(lambda: len(alive(house)) == len(listeners(house)) == PROCESSES, BEGIN_S, "The start of all")
    return listeners(house)


def alive(house: UnderFire) -> list[dict[str, Any]]:
    return [one for one in house.listed("/nodes") if one["alive"]]


def listeners(house: UnderFire) -> list[psutil.Process]:
    """The processes below the test's that hold the service's socket, the service's own first."""
    children = psutil.Process().children(recursive=True)
    return [one for one in children if any(is_listening(c, house.port) for c in connections(one))]


def is_listening(connection: Any, port: int) -> bool:
    return bool(connection.status == psutil.CONN_LISTEN and connection.laddr.port == port)


def has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def connections(process: psutil.Process) -> list[Any]:
    try:
        return list(process.net_connections("inet"))
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # it ended meanwhile
        return []


def stream(house: UnderFire) -> socket.socket:
    """An open stream of events."""
    opened = socket.create_connection(("127.0.0.1", house.port), timeout=60)
    opened.sendall(f"GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: {house.cookie()}\r\n\r\n".encode())
    heard = b""
    while b"event: ready" not in heard:
        part = opened.recv(65536)
        assert part, heard
        heard += part
    return opened


def shared_by(house: UnderFire, opened: list[socket.socket]) -> int:
    """By how many processes these connections were taken."""
    ours = {one.getsockname()[1] for one in opened}
    return sum(any(c.raddr and c.raddr.port in ours for c in connections(one)) for one in listeners(house))


def hears(opened: socket.socket, topic: str) -> bool:
    heard = b""
    while f'"topic":"{topic}"'.encode() not in heard:
        part = opened.recv(65536)
        if not part:
            return False
        heard += part
    return True


def publish(house: UnderFire, topic: str) -> None:
    """Tell everybody, from a process that serves nothing."""
    settings = load_settings({}, {"data": house.data})
    database = Database(sqlite_url(house.data / "projectionist.sqlite"))
    try:
        told = House(settings, database, Vault(load_key(house.data, "")))
        told.events.publish(topic)
        told.close()
    finally:
        database.close()


def test_eight_requests_are_under_way_at_once_and_none_waits_for_another(house: UnderFire) -> None:
    house.serve("--workers", str(PROCESSES)).start()
    begun(house)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent, ExitStack() as ends:
        silent.settimeout(60)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        asking = ThreadPoolExecutor(AT_ONCE)
        ends.callback(asking.shutdown)
        client, proof = house._signed_in(), {"x-csrf-token": house._csrf}
        asked = {"kind": "plex", "address": address, "token": "none"}
        for _ in range(AT_ONCE):
            asking.submit(client.post, "/api/v1/servers/test", json=asked, headers=proof)
        held = [ends.enter_context(silent.accept()[0]) for _ in range(AT_ONCE)]  # while none has an answer
        assert len(held) == AT_ONCE
        assert house.answers()


def test_all_processes_take_requests_hear_of_events_and_do_no_job_twice(house: UnderFire) -> None:
    house.serve("--workers", str(PROCESSES)).start()
    begun(house)
    with ExitStack() as ends:
        streams: list[socket.socket] = []

        def another_is_taken_elsewhere() -> bool:
            streams.append(ends.enter_context(stream(house)))
            return shared_by(house, streams) >= 2

        until(another_is_taken_elsewhere, BEGIN_S, "A stream in another process")
        publish(house, "told-by-a-stranger")
        assert all(hears(one, "told-by-a-stranger") for one in streams)
    assert [bool(one["queues"]) for one in alive(house)].count(True) == 1
    previews = [job["title"] for job in house.listed("/jobs", kind="previews.make")]
    assert len(set(previews)) == len(previews)


def test_each_process_sends_its_own_traces(house: UnderFire) -> None:
    service = Service()
    with Loopback(service) as collector, ThreadPoolExecutor(AT_ONCE) as asking:
        house.environment |= {"PROJECTIONIST_OTLP_URL": collector.url, "PROJECTIONIST_OTLP_TRACES": "1"}
        house.serve("--workers", str(PROCESSES)).start()
        begun(house)

        def several_have_told() -> bool:
            list(asking.map(lambda _: house.answers(), range(4 * AT_ONCE)))
            return len(tracing_processes(service)) >= 2

        until(several_have_told, BEGIN_S, "Traces of another process")
        assert tracing_processes(service) <= {one["name"] for one in alive(house)}


def tracing_processes(service: Service) -> set[str]:
    """Who says in the collector that a trace is theirs."""
    told = [json.loads(body) for body in tuple(service.bodies) if b"resourceSpans" in body]
    said = [one for each in told for one in each["resourceSpans"][0]["resource"]["attributes"]]
    return {one["value"]["stringValue"] for one in said if one["key"] == "service.instance.id"}


def test_a_limit_counts_over_all_processes(house: UnderFire) -> None:
    house.serve("--workers", str(PROCESSES)).start()
    begun(house)
    cookie, gate = house.cookie(), threading.Barrier(4 * SEARCHES)

    def search(_: int) -> int:
        gate.wait()  # a connection each, so that whichever process is free takes it
        address = f"http://127.0.0.1:{house.port}/api/v1/search?q=film"
        return httpx2.get(address, headers={"cookie": cookie}, trust_env=False, timeout=60).status_code

    with ThreadPoolExecutor(4 * SEARCHES) as asking:
        answers = list(asking.map(search, range(4 * SEARCHES)))
    assert answers.count(200) == SEARCHES, answers
    assert answers.count(429) == 3 * SEARCHES


def test_one_that_dies_is_begun_again_and_all_end_with_the_service(house: UnderFire) -> None:
    program = house.serve("--workers", str(PROCESSES)).start()
    before = begun(house)
    starts = {one["started_at"] for one in house.listed("/nodes")}
    before[-1].kill()
    until(lambda: not before[-1].is_running(), 60, "Its end")
    until(lambda: len(listeners(house)) == PROCESSES, BEGIN_S, "Another one")
    # It holds the socket before it takes part, and until then the name is still that of the one that was killed.
    until(
        lambda: any(one["started_at"] not in starts for one in alive(house)), BEGIN_S, "Its part in the house"
    )
    assert "ended by themselves (-9)" in program.said
    with stream(house), stream(house):
        assert program.ask_to_end(END_S) == 0
    until(lambda: not listeners(house), END_S, "The end of all")
    assert "Traceback" not in program.said
    database = Database(sqlite_url(house.data / "projectionist.sqlite"))
    try:
        with database.read() as session:
            left = {row.name: row.left for row in nodes(session)}
        assert len(left) >= PROCESSES  # more, where the name of the dead was just being taken from it
        assert all(left.values()), program.said  # nobody is waited for
    finally:
        database.close()


def test_a_killed_service_takes_them_along_and_its_address_is_free(house: UnderFire) -> None:
    program = house.serve("--workers", str(PROCESSES)).start()
    before = begun(house)
    program.kill()
    try:
        until(lambda: all(has_ended(one) for one in before), 60, "The end of all")
    finally:
        for one in before:
            if not has_ended(one):
                one.kill()
    program.start()
    begun(house)


def test_one_process_serves_where_nobody_asks_for_more(house: UnderFire) -> None:
    house.serve().start()
    until(house.answers, BEGIN_S, "The start")
    assert len(listeners(house)) == len(alive(house)) == 1
