"""`projectionist demo` opens the house until it is told to end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.demo.houses import house_media

__all__ = ["house_media"]

DEADLINE_S = 60


def test_the_house_says_where_it_is_and_closes_when_told(house_media: Path, tmp_path: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "media").symlink_to(house_media)
    program = [str(Path(sys.executable).parent / "projectionist"), "demo", "--folder", str(house)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = {}
        for line in running.stdout:
            name, _, value = line.partition(":")
            said[name] = value.strip()
            if "Ctrl-C" in line:
                break
        token = (house / "owner-token").read_text().strip()
        answer = httpx2.get(said["Plex address"] + "/identity", headers={"X-Plex-Token": token})
        running.send_signal(signal.SIGINT)
        assert running.wait(DEADLINE_S) == 0
    assert answer.status_code == 200
    assert Path(said["Plex data folder"]).is_dir()
    assert token not in str(said)
