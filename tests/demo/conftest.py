"""One house for all tests of the demo: generating its films takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.demo.house import DemoHouse, make_house_media


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `media` holds the films of the house."""
    folder = tmp_path_factory.mktemp("house")
    make_house_media(folder / "media")
    return folder


@pytest.fixture
def house(media: Path, tmp_path: Path) -> Iterator[DemoHouse]:
    """A house that nobody has changed yet, over the same films."""
    (tmp_path / "media").symlink_to(media / "media")
    with DemoHouse(tmp_path) as opened:
        yield opened
