"""How processes for pages are asked to end; that they serve and come back, tests/recovery tells."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from projectionist.page_processes import PageProcesses
from projectionist.settings import Settings, load_settings
from tests.recovery.houses_under_fire import until

LONG_S = 120.0

pytestmark = pytest.mark.timeout(300)


def end_slowly(settings: Settings, listening: socket.socket) -> None:
    """Serve nothing, and take a second to end; who is asked twice meanwhile is killed."""
    try:
        (settings.data / "began").touch()
        time.sleep(LONG_S)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        (settings.data / "asked").touch()
        time.sleep(1)
        (settings.data / "ended").touch()


def test_who_is_asked_to_end_is_asked_once_and_has_the_time(tmp_path: Path) -> None:
    settings = load_settings({}, {"data": tmp_path, "workers": 2})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        others = PageProcesses(end_slowly, settings, listening, lambda: True)
        others.start()
        until((tmp_path / "began").exists, LONG_S, "The start")
        others.end()
        until((tmp_path / "asked").exists, LONG_S, "The end")
        others.end()
        others.close()
    assert (tmp_path / "ended").exists()


def test_none_begins_before_it_is_due(tmp_path: Path) -> None:
    asked: list[int] = []

    def is_due() -> bool:
        asked.append(1)
        return False

    settings = load_settings({}, {"data": tmp_path, "workers": 2})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        others = PageProcesses(end_slowly, settings, listening, is_due)
        others.start()
        until(lambda: len(asked) >= 2, LONG_S, "Two looks")
        others.close()
    assert list(tmp_path.iterdir()) == []
