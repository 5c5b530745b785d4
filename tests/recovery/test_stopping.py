"""Being asked to stop: the service ends within ten seconds, whatever is open or under way."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.demo.houses import house_media
from tests.recovery.houses_under_fire import UnderFire, under_fire, until

__all__ = ["house_media"]

LONGEST_S = 10.0
STREAMS = 20
HELD = """
import threading
from projectionist.kit import ending

ending.LONGEST_S = 0.2

def held_by_a_dead_disk():
    threading.Event().wait()

threading.Thread(target=held_by_a_dead_disk).start()
ending.end_in_time()
"""


@pytest.fixture
def house(house_media: Path, tmp_path: Path) -> Iterator[UnderFire]:
    with under_fire(tmp_path, setup={"media": str(house_media)}) as opened:
        yield opened


def ask(house: UnderFire, path: str) -> socket.socket:
    """Ask for a page or stream, and never read what comes."""
    asked = socket.create_connection(("127.0.0.1", house.port))
    asked.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {house.cookie()}\r\n\r\n".encode())
    return asked


@pytest.mark.slow
def test_it_stops_in_time_with_streams_open_clients_that_never_read_and_jobs_under_way(
    house: UnderFire,
) -> None:
    service = house.serve().start()
    until(house.answers, 60, "The start")
    with ExitStack() as stack:
        for path in [*["/events"] * STREAMS, *["/jobs"] * 5, "/static/0/app.css"]:
            stack.enter_context(ask(house, path))
        until(lambda: house.listed("/jobs", state=["running"], kind="previews.make"), 60, "A preview")
        assert service.ask_to_end(LONGEST_S) == 0
    service.start()
    until(house.answers, 60, "The next start")
    until(lambda: not house.live_jobs(), 60, house.states)
    assert set(house.states()) == {"fresh"}


@pytest.mark.slow
def test_it_stops_in_time_while_it_still_starts(house: UnderFire) -> None:
    service = house.serve().start()
    until((house.data / "projectionist.sqlite").exists, 60, "The beginning of a start")
    service.ask_to_end(LONGEST_S)
    service.start()
    until(house.answers, 60, "The next start")
    assert service.ask_to_end(LONGEST_S) == 0


def test_a_thread_that_nothing_ends_does_not_keep_a_process(tmp_path: Path) -> None:
    program = tmp_path / "held.py"
    program.write_text(HELD)
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1
    assert "held_by_a_dead_disk" in ran.stderr
