from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from projectionist.cli.main import app
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare
from projectionist.features.servers.models import ServerRow
from projectionist.integrations.folder.server import FolderServer
from tests.features.library.shelves import NOW
from tests.films import Film


@pytest.fixture
def own_log() -> Iterator[None]:
    """What a command sets up for its log is taken back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def house(tmp_path: Path, film: Callable[..., Film], monkeypatch: pytest.MonkeyPatch, own_log: None) -> Path:
    """A data folder that knows a folder with one film."""
    media = tmp_path / "media" / "Films"
    media.mkdir(parents=True)
    shutil.copy(film(seconds=2).path, media / "Heat (1995).mkv")
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    database = Database(sqlite_url(data / "projectionist.sqlite"))
    prepare(database)
    with database.write() as session:
        session.add(
            ServerRow(
                kind="folder",
                name="Media",
                address=str(media.parent),
                identity=FolderServer(str(media.parent)).info().identity,
                created_at=NOW,
                last_ok_at=None,
                checked_at=None,
                failing_since=None,
            )
        )
    database.close()
    monkeypatch.setenv("PROJECTIONIST_DATA", str(data))
    return data


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["sync", *arguments])
    return done.exit_code, done.stdout


def test_a_sync_says_what_it_did(house: Path) -> None:
    code, said = run("--json")
    assert code == 0
    libraries = json.loads(said)["libraries"]
    assert sum(one["added"] for one in libraries) == 1
    assert run()[0] == 0
    code, said = run("--full", "--json", "--library", libraries[0]["title"])
    again = json.loads(said)["libraries"]
    assert (code, again[0]["added"], again[0]["removed"], again[0]["complete"]) == (0, 0, 0, True)


def test_a_folder_that_is_gone_fails_and_keeps_what_is_known(house: Path) -> None:
    run()
    media = house.parent / "media"
    media.rename(house.parent / "away")
    code, said = run("--json")
    assert code == 1
    assert json.loads(said)["troubles"][0].startswith("Media: ")
    (house.parent / "away").rename(media)
    code, said = run("--full", "--json")
    assert (code, sum(one["added"] for one in json.loads(said)["libraries"])) == (0, 0)
