"""Demo houses for tests: the films are generated once on a machine, each test has a house of its own over them."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.demo.house import DemoHouse, make_house_media
from projectionist.demo.programme import ALBUMS, house_films


@pytest.fixture(scope="session")
def house_media() -> Path:
    """The folder of the films, shared by the processes of a test run and kept for the next; not to be changed."""
    edition = hashlib.sha1(repr((house_films(), ALBUMS)).encode(), usedforsecurity=False).hexdigest()[:10]
    folder = Path(tempfile.gettempdir()) / "projectionist-test-house" / edition
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_house_media(folder)
    return folder


@pytest.fixture
def house(house_media: Path, tmp_path: Path) -> Iterator[DemoHouse]:
    """An open house that nobody has changed yet."""
    with house_over(house_media, tmp_path / "house") as opened:
        yield opened


def house_over(media: Path, folder: Path) -> DemoHouse:
    """A house in `folder` over films that are there already; not started yet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "media").symlink_to(media)
    return DemoHouse(folder)
