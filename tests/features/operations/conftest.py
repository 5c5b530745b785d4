"""A data folder in which a service has run, and the command line on it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.features.command import projectionist
from tests.features.operations.commands import Command, engine


@pytest.fixture
def own_log() -> Iterator[None]:
    """What a command sets up for its log is taken back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="package")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which a service has run."""
    folder = tmp_path_factory.mktemp("founded") / "data"
    with engine(folder) as jobs:
        jobs.start(work=False)
        jobs.close()
    return folder


@pytest.fixture
def data(founded: Path, tmp_path: Path, own_log: None) -> Path:
    """A data folder of the test's own in which a service has run."""
    return Path(shutil.copytree(founded, tmp_path / "data"))


@pytest.fixture
def command(data: Path) -> Command:
    """The command line, on this data folder."""
    return lambda *words: projectionist(*words, "--data", data)
