"""`projectionist settings export | import`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.saved_settings import save_settings, saved_settings
from tests.features.command import projectionist
from tests.features.operations.commands import Command


@pytest.fixture
def saved(data: Path) -> dict[str, str]:
    values = {"page_rate": "77", "cache_quiet_hours": "22:00-06:30"}
    with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database:
        save_settings(database, {**values, "plex_token": "canary-of-the-token"})
    return values


def kept(data: Path) -> dict[str, str]:
    with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database:
        return dict(saved_settings(database))


def test_what_was_saved_is_exported_without_secrets(command: Command, saved: dict[str, str]) -> None:
    ran = command("settings", "export")
    assert (ran.status, ran.err, json.loads(ran.out)) == (0, "", {"settings": saved})


def test_an_export_is_imported_elsewhere(
    command: Command, data: Path, saved: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(command("settings", "export").out)
    with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database:
        save_settings(database, {"page_rate": "1"})
    ran = command("settings", "import", file)
    assert (ran.status, "page_rate" in ran.out) == (0, True)
    assert kept(data)["page_rate"] == "77"
    assert "Nothing is different" in command("settings", "import", file).out


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        '{"settings": {"page_rate": 7}}',
        '{"settings": {"page_rate": "many", "api_rate": "5"}}',
        '{"settings": {"no_such": "1", "api_rate": "5"}}',
        '{"settings": {"host": "0.0.0.0", "api_rate": "5"}}',
    ],
)
def test_what_cannot_be_taken_changes_nothing(
    command: Command, data: Path, content: str, tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(content)
    ran = command("settings", "import", file)
    assert (ran.status in (1, 2), ran.err.startswith("projectionist: ")) == (True, True)
    assert kept(data) == {}


def test_without_a_database_there_is_nothing_to_export(tmp_path: Path) -> None:
    assert projectionist("settings", "export", "--data", tmp_path / "none").status == 1
    assert not (tmp_path / "none").exists()
