"""One house for the suite: generating its films takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.demo.house import DemoHouse, make_house_media
from tests.contract.servers import Served, fake, folder, plex


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `media` holds the films of the house."""
    made = tmp_path_factory.mktemp("house")
    make_house_media(made / "media")
    return made


@pytest.fixture
def house(media: Path, tmp_path: Path) -> Iterator[DemoHouse]:
    """A house that nobody has changed yet."""
    (tmp_path / "media").symlink_to(media / "media")
    with DemoHouse(tmp_path) as opened:
        yield opened


@pytest.fixture(params=["plex", "folder", "fake"])
def served(request: pytest.FixtureRequest, media: Path, tmp_path: Path) -> Iterator[Served]:
    """Each kind of server in turn."""
    if request.param == "folder":
        made = folder(media / "media", tmp_path)
    else:
        house = request.getfixturevalue("house")
        made = plex(house) if request.param == "plex" else fake(house)
    yield made
    made.server.close()
